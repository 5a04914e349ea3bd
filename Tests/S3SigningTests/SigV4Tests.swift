import ImageModel
import S3Signing
import Testing

/// Requests whose signatures AWS has published.
@Suite("AWS Signature Version 4")
struct SigV4Tests {
    /// A published request and its signature.
    struct Example: Sendable, CustomTestStringConvertible {
        let name: String
        var method = "GET"
        var path = "/"
        var query: [(name: String, value: String)] = []
        var fields: [(name: String, value: String)] = []
        var payloadHash = SigV4Signer.emptyPayloadHash
        let signature: String

        var testDescription: String { name }
    }

    private static let hashOfWelcome = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
    private static let bucket = (name: "Host", value: "examplebucket.s3.amazonaws.com")

    /// Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk".
    static let s3Examples = [
        Example(
            name: "GET Object", path: "/test.txt", fields: [bucket, ("Range", "bytes=0-9")],
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        Example(
            name: "PUT Object", method: "PUT", path: "/test%24file.text",
            fields: [
                bucket, ("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ], payloadHash: hashOfWelcome,
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        Example(
            name: "GET Bucket Lifecycle", query: [("lifecycle", "")], fields: [bucket],
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        Example(
            name: "List Objects", query: [("max-keys", "2"), ("prefix", "J")], fields: [bucket],
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ]

    @Test("Requests to S3 get the signatures of AWS' documentation", arguments: s3Examples)
    func signsForS3(_ example: Example) throws {
        let keys = S3Keys(
            accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        let date = (name: "x-amz-date", value: "20130524T000000Z")
        let hash = (name: "x-amz-content-sha256", value: example.payloadHash)
        let request = SigV4Signer.Request(
            method: example.method, path: example.path, query: example.query, fields: example.fields + [date, hash],
            payloadHash: example.payloadHash)
        let moment = try #require(Timestamp(rfc3339: "2013-05-24T00:00:00Z"))
        let authorization = SigV4Signer(keys: keys, region: "us-east-1").authorization(for: request, at: moment)
        #expect(authorization.hasSuffix("Signature=\(example.signature)"))
        #expect(authorization.contains("Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "))
    }

    private static let host = (name: "Host", value: "example.amazonaws.com")

    /// AWS' Signature Version 4 test suite.
    static let suiteExamples = [
        Example(
            name: "get-vanilla", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Example(
            name: "get-vanilla-query-order-key-case", query: [("Param2", "value2"), ("Param1", "value1")],
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        Example(
            name: "get-vanilla-utf8-query", query: [("\u{1234}", "bar")],
            signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
        Example(
            name: "get-utf8", path: "/%E1%88%B4",
            signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        Example(
            name: "post-vanilla", method: "POST",
            signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        Example(
            name: "get-header-value-trim", fields: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
    ]

    @Test("Requests get the signatures of AWS' test suite", arguments: suiteExamples)
    func signsTheSuite(_ example: Example) throws {
        let keys = S3Keys(accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
        let request = SigV4Signer.Request(
            method: example.method, path: example.path, query: example.query,
            fields: [Self.host, ("X-Amz-Date", "20150830T123600Z")] + example.fields, payloadHash: example.payloadHash)
        let moment = try #require(Timestamp(rfc3339: "2015-08-30T12:36:00Z"))
        let signer = SigV4Signer(keys: keys, region: "us-east-1", service: "service")
        #expect(signer.authorization(for: request, at: moment).hasSuffix("Signature=\(example.signature)"))
    }

    @Test("A query is sent in the very form in which it is signed")
    func writesQueries() {
        let query = [(name: "uploads", value: ""), ("prefix", "a b/ü+*~"), ("prefix", "a")]
        #expect(SigV4Signer.canonicalQuery(query) == "prefix=a&prefix=a%20b%2F%C3%BC%2B%2A~&uploads=")
    }

    @Test("Keys show in no description, and not in a dump")
    func hidesKeys() {
        let keys = S3Keys(accessKey: "visible-id", secretKey: "secret-key", sessionToken: "secret-token")
        var dumped = ""
        dump(keys, to: &dumped)
        let service = S3Service(endpoint: nil, region: nil)
        dump(service.map { S3Signature(keys: keys, service: $0) }, to: &dumped)
        for text in ["\(keys)", String(reflecting: keys), dumped] {
            #expect(!text.contains("secret-") && !text.contains("visible-id"))
        }
    }
}
