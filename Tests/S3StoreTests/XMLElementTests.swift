import Testing

@testable import S3Store

@Suite("Answers in XML")
struct XMLElementTests {
    private func parse(_ text: String) -> XMLElement? { XMLElement(parsing: Array(text.utf8)) }

    @Test("Elements, text and references are read; prefixes, attributes and comments are passed over")
    func reads() throws {
        let root = try #require(
            parse(
                """
                <?xml version="1.0" encoding="UTF-8"?>
                <!-- a list --><s3:List xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/">
                  <Key a='>'>a&amp;b &lt;c&gt; &#x48;&#105; ü</Key><Empty/><Key><!-- x -->two</Key>
                </s3:List>
                """))
        #expect(root.name == "List" && root["Key"] == "a&b <c> Hi ü" && root["Empty"] == "" && root["None"] == nil)
        #expect(root.all("Key").map(\.text) == ["a&b <c> Hi ü", "two"])
        #expect("a&b <c>".escapedForXML == "a&amp;b &lt;c&gt;")
    }

    @Test(
        "What S3 does not send is refused",
        arguments: [
            "", "text", "<a>", "<a></b>", "<a/><b/>", "<a>&unknown;</a>", "<a>&#x110000;</a>", "<a>&#xD800;</a>",
            "<a>&</a>",
            "<!DOCTYPE a [<!ENTITY x \"xx\">]><a>&x;</a>", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
            "<a><![CDATA[x]]></a>", "<a <b></a>", "<a", "<a b='", "</a>", "<a>\u{0}", "< a/>", "<!-- <a/>",
        ])
    func refuses(_ text: String) {
        #expect(parse(text) == nil)
    }

    @Test("Depth and number of elements are bounded")
    func bounds() {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(parse(nested(16)) != nil && parse(nested(17)) == nil && parse(nested(100_000)) == nil)
        #expect(parse("<a>" + String(repeating: "<b/>", count: 49_999) + "</a>") != nil)
        #expect(parse("<a>" + String(repeating: "<b/>", count: 50_000) + "</a>") == nil)
        #expect(XMLElement(parsing: [0x3C, 0xFF, 0x3E]) == nil)
    }
}
