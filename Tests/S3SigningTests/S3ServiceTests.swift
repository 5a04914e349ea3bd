import S3Signing
import Testing

@Suite("Addresses of S3 services")
struct S3ServiceTests {
    @Test("AWS is addressed by virtual hosts in its region, other services by paths")
    func addresses() throws {
        let aws = try #require(S3Service(endpoint: nil, region: "eu-west-1"))
        #expect(
            aws.address(bucket: "images", key: "a b/c").url(query: "x=1")
                == "https://images.s3.eu-west-1.amazonaws.com/a%20b/c?x=1")
        #expect(aws.address(bucket: "images", key: nil).url(query: "") == "https://images.s3.eu-west-1.amazonaws.com/")
        let other = try #require(S3Service(endpoint: "http://127.0.0.1:9000/", region: nil))
        #expect(other.address(bucket: "images", key: "ü").url(query: "") == "http://127.0.0.1:9000/images/%C3%BC")
        #expect(other.address(bucket: "images", key: nil).url(query: "") == "http://127.0.0.1:9000/images")
        #expect(other.region == "us-east-1")
        let virtual = try #require(S3Service(endpoint: "https://s3.example", region: "x", style: .virtual))
        #expect(virtual.address(bucket: "images", key: "k").url(query: "") == "https://images.s3.example/k")
        #expect(S3Service(endpoint: nil, region: "cn-north-1")?.authority == "s3.cn-north-1.amazonaws.com.cn")
    }

    @Test("A bucket with dots in its name is addressed by path over TLS, where no certificate would cover it")
    func dottedBucket() throws {
        let aws = try #require(S3Service(endpoint: nil, region: nil))
        #expect(aws.address(bucket: "a.b.c", key: "k").url(query: "") == "https://s3.us-east-1.amazonaws.com/a.b.c/k")
    }

    @Test("The scheme's own port is left out, as clients leave it out of Host")
    func ports() {
        #expect(S3Service(endpoint: "https://s3.example:443", region: nil)?.authority == "s3.example")
        #expect(S3Service(endpoint: "http://s3.example:443", region: nil)?.authority == "s3.example:443")
    }

    @Test(
        "What is no endpoint is refused",
        arguments: [
            "", "s3.example", "ftp://s3.example", "https://", "https://a/b", "https://u:p@h", "https://h?q",
            "https://a b",
        ])
    func refusesEndpoints(_ endpoint: String) {
        #expect(S3Service(endpoint: endpoint, region: nil) == nil)
    }

    @Test("Names of buckets are judged")
    func buckets() {
        for name in ["abc", "a-b.c", String(repeating: "a", count: 63)] { #expect(S3Service.isBucket(name)) }
        for name in ["ab", "-abc", "abc.", "a..b", "Abc", "a/b", "a_b", String(repeating: "a", count: 64)] {
            #expect(!S3Service.isBucket(name), "\(name)")
        }
    }
}
