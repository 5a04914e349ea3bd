// Conformance suites, fakes and misbehaving peers; never in a product.
