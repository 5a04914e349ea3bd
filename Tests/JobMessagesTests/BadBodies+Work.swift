import ImageModel

extension BadBody {
    private static func properties(_ count: Int) -> String {
        (0..<count).map { #""k\#($0)":1"# }.joined(separator: ",")
    }

    static let image: [Self] = [
        .invalid(#"{"version":1,"id":"j","kind":"import","source":{"url":"https://h/i"}}"#, "/image", "required"),
        .invalid(
            #"{"version":1,"id":"j","kind":"import","image":{},"source":{"url":"https://h/i"}}"#, "/image/name",
            "required"),
        .invalid(
            #"{"version":1,"id":"j","kind":"import","image":{"name":""},"source":{"url":"https://h/i"}}"#,
            "/image/name",
            "1 to 255 characters"),
        .invalid(
            ContractMessage.import.replacing(#""n""#, with: #""\#(String(repeating: "é", count: 256))""#),
            "/image/name", "éé…"),
        .invalid(ContractMessage.image(#""id":"a/b""#), "/image/id", "image id"),
        .invalid(ContractMessage.image(#""owner":null"#), "/image/owner", "is null"),
        .invalid(ContractMessage.image(#""profile":"im s""#), "/image/profile", "name"),
        .invalid(
            ContractMessage.image(#""description":"\#(String(repeating: "d", count: 2_049))""#), "/image/description",
            "2048"),
        .invalid(ContractMessage.image(#""visibility":"secret""#), "/image/visibility", "private, shared, public"),
        .invalid(ContractMessage.image(#""protected":"yes""#), "/image/protected", "true or false"),
        .invalid(ContractMessage.image(#""protected":1"#), "/image/protected", "true or false"),
        .invalid(ContractMessage.image(#""tags":{}"#), "/image/tags", "array"),
        .invalid(ContractMessage.image(#""tags":["\#(String(repeating: "t", count: 256))"]"#), "/image/tags/0", "255"),
        .invalid(
            ContractMessage.image(#""tags":[\#(Array(repeating: "\"t\"", count: 129).joined(separator: ","))]"#),
            "/image/tags", "at most 128 tags"),
        .invalid(ContractMessage.image(#""min_disk_gib":-1"#), "/image/min_disk_gib", "is -1"),
        .invalid(ContractMessage.image(#""min_ram_mib":2147483648"#), "/image/min_ram_mib", "2147483647"),
        .invalid(ContractMessage.image(#""os":"linux""#), "/image/os", "object"),
        .invalid(ContractMessage.image(#""os":{"kernel":"6"}"#), "/image/os/kernel", "not a member of os"),
        .invalid(ContractMessage.image(#""os":{"type":1}"#), "/image/os/type", "string"),
        .invalid(ContractMessage.image(#""properties":[]"#), "/image/properties", "object"),
        .invalid(ContractMessage.image(#""properties":{"a":{"b":1}}"#), "/image/properties/a", "is an object"),
        .invalid(ContractMessage.image(#""properties":{"a":null}"#), "/image/properties/a", "is null"),
        .invalid(
            ContractMessage.image(#""properties":{"a":"s3cret\#(String(repeating: "v", count: 4_096))"}"#),
            "/image/properties/a", "4096 bytes"),
        .invalid(
            ContractMessage.image(#""properties":{"\#(String(repeating: "k", count: 256))":1}"#),
            "/image/properties/" + String(repeating: "k", count: 128) + "…", "name of 1 to 255"),
        .invalid(ContractMessage.image(#""properties":{\#(properties(129))}"#), "/image/properties", "at most 128"),
        .invalid(
            ContractMessage.image("\"properties\":{\"\u{e9}\":1,\"e\u{301}\":2}"), "/image/properties/e\u{301}",
            "equivalent"),
        .invalid(ContractMessage.image(#""status":"active""#), "/image/status", "not a member"),
    ]

    static let importing: [Self] = [
        .invalid(#"{"version":1,"id":"j","kind":"import","image":{"name":"n"}}"#, "/source", "required"),
        .invalid(
            #"{"version":1,"id":"j","kind":"import","image":{"name":"n"},"source":{}}"#, "/source/url", "required"),
        .invalid(
            #"{"version":1,"id":"j","kind":"import","image":{"name":"n"},"source":"https://h/i?sig=s3cret"}"#,
            "/source",
            "must be an object"),
        .invalid(
            #"{"version":1,"id":"j","kind":"import","image":{"name":"n"},"source":"https://u:s3cret@h/i"}"#, "/source",
            "https://…@h/i"),
        .invalid(
            #"{"version":1,"id":"j","kind":"import","image":{"name":"n"},"source":"https://u:s3cret?s3@h/i"}"#,
            "/source", "https://…"),
        .invalid(ContractMessage.source("https://kim:s3cret@h/i"), "/source/url", "without userinfo"),
        .invalid(ContractMessage.source("https://kim@h/i?s3cret"), "/source/url", "without userinfo"),
        .invalid(ContractMessage.source("ftp://kim:s3cret@h/i"), "/source/url", "without userinfo"),
        .invalid(ContractMessage.source("https://kim:s3?cret@h/i"), "/source/url", "host and port"),
        .invalid(ContractMessage.source("https:///i?s3cret"), "/source/url", "host"),
        .invalid(ContractMessage.source("https:h/i"), "/source/url", "with a host"),
        .invalid(ContractMessage.source("https://:80/"), "/source/url", "host"),
        .invalid(ContractMessage.source("https://h:65536/"), "/source/url", "port"),
        .invalid(ContractMessage.source("https://[::1/"), "/source/url", "host"),
        .invalid(ContractMessage.source("//h/i?s3cret"), "/source/url", "with a scheme"),
        .invalid(ContractMessage.source("ubuntu.qcow2"), "/source/url", "with a scheme"),
        .invalid(ContractMessage.source(""), "/source/url", "with a scheme"),
        .invalid(ContractMessage.source("1s://h"), "/source/url", "with a scheme"),
        .invalid(
            ContractMessage.source(String(repeating: "b", count: 64) + ":object"), "/source/url", "with a scheme"),
        .invalid(ContractMessage.source("https://h/i#s3cret"), "/source/url", "without a fragment"),
        .invalid(ContractMessage.source("https://h/a b?s3cret"), "/source/url", "spaces"),
        .invalid(ContractMessage.source(#"https://h/a\nb"#), "/source/url", "printable"),
        .invalid(ContractMessage.source(#"https:\\\\h\\a"#), "/source/url", "backslashes"),
        .invalid(ContractMessage.source("https://h/ü"), "/source/url", "ASCII"),
        .invalid(ContractMessage.source("https://h/%zz"), "/source/url", "% escapes"),
        .invalid(
            ContractMessage.source("https://h/" + String(repeating: "a", count: 8_192)), "/source/url", "8192 bytes"),
        .invalid(
            #"{"version":1,"id":"j","kind":"import","image":{"name":"n"},"source":{"url":7}}"#, "/source/url",
            "string"),
        .invalid(ContractMessage.with(#""expect":{"size":-1}"#), "/expect/size", "is -1"),
        .invalid(ContractMessage.with(#""expect":{"format":"ova"}"#), "/expect/format", #""ova""#),
        .invalid(ContractMessage.with(#""expect":{"digests":{"crc32":"00"}}"#), "/expect/digests/crc32", "blake2b-512"),
        .invalid(ContractMessage.with(#""expect":{"digests":{"md5":"00"}}"#), "/expect/digests/md5", "32 hexadecimal"),
        .invalid(ContractMessage.with(#""expect":{"digests":["sha256"]}"#), "/expect/digests", "object"),
        .invalid(
            ContractMessage.with(#""expect":{"digests_url":"https://h/S?sig=s3cret"}"#), "/expect/digests_url",
            "without a query"),
        .invalid(ContractMessage.with(#""expect":{"sha256":"00"}"#), "/expect/sha256", "not a member of expect"),
        .invalid(ContractMessage.with(#""digests":[]"#), "/digests", "1 to 6"),
        .invalid(ContractMessage.with(#""digests":["md5","md5"]"#), "/digests/1", "twice"),
        .invalid(ContractMessage.with(#""digests":["crc32"]"#), "/digests/0", "crc32"),
        .invalid(ContractMessage.with(#""transform":{"decompress":"yes"}"#), "/transform/decompress", "auto, none"),
        .invalid(ContractMessage.with(#""transform":{"convert_to":"iso"}"#), "/transform/convert_to", "vdi"),
        .invalid(ContractMessage.with(#""stores":[]"#), "/stores", "1 to 8"),
        .invalid(ContractMessage.with(#""stores":["a","a"]"#), "/stores/1", "twice"),
        .invalid(ContractMessage.with(#""stores":["a","../b"]"#), "/stores/1", "name"),
        .invalid(ContractMessage.with(#""stores_require":"most""#), "/stores_require", "all, any"),
    ]

    static let otherKinds: [Self] = [
        .invalid(ContractMessage.copy.replacing(#","to":{"store":"eu-2"}"#, with: ""), "/to", "required"),
        .invalid(ContractMessage.copy.replacing(#"{"store":"eu-2"}"#, with: "{}"), "/to", "store, an image, or both"),
        .invalid(
            ContractMessage.copy.replacing(#"{"store":"eu-2"}"#, with: #"{"image":{"id":"i2"}}"#), "/to/image/name",
            "required"),
        .invalid(ContractMessage.copy.replacing(#""id":"i1""#, with: ""), "/image/id", "required"),
        .invalid(
            ContractMessage.copy.replacing(#""id":"i1""#, with: #""id":"i1","name":"n""#), "/image/name", "not a member"
        ),
        .invalid(
            ContractMessage.share.replacing("offer", with: "lend"), "/share/action", "offer, accept, reject, revoke"),
        .invalid(ContractMessage.share.replacing(#","member":"acct-2""#, with: ""), "/share/member", "required"),
        .invalid(ContractMessage.share.replacing(#""action":"offer","#, with: ""), "/share/action", "required"),
        .invalid(ContractMessage.set(""), "/set", "at least one"),
        .invalid(ContractMessage.set(#""x-a":1"#), "/set", "at least one"),
        .invalid(ContractMessage.set(#""name":null"#), "/set/name", "is null"),
        .invalid(ContractMessage.set(#""deleted":true"#), "/set/deleted", "false"),
        .invalid(ContractMessage.set(#""deleted":null"#), "/set/deleted", "false"),
        .invalid(ContractMessage.set(#""owner":"acct-2""#), "/set/owner", "not a member of set"),
        .invalid(ContractMessage.set(#""os":{"type":null}"#), "/set/os/type", "is null"),
        .invalid(ContractMessage.set(#""properties":{"a":[]}"#), "/set/properties/a", "an array"),
        .invalid(ContractMessage.with(#""if_revision":0"#, in: ContractMessage.update), "/if_revision", "from 1"),
        .invalid(ContractMessage.with(#""delete":{}"#, in: ContractMessage.delete), "/delete/store", "required"),
        .invalid(
            ContractMessage.with(#""delete":{"all":true}"#, in: ContractMessage.delete), "/delete/all", "not a member"),
        .invalid(ContractMessage.cancel.replacing(#"{"id":"job-7f3c"}"#, with: "{}"), "/job/id", "required"),
        .invalid(ContractMessage.cancel.replacing(#"{"id":"job-7f3c"}"#, with: #""job-7f3c""#), "/job", "object"),
        .invalid(ContractMessage.with(#""image":{"id":"i"}"#, in: ContractMessage.cancel), "/image", "a cancel job"),
    ]
}
