import JobMessages

/// The contract's example of a job message, and short ones of every kind.
enum ContractMessage {
    static let sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

    static let full = """
        {
          "version": 1, "id": "job-7f3c", "kind": "import", "priority": 4,
          "actor": { "account": "acct-1", "user": "kim@example.com" },
          "after": ["job-7f3b"],
          "image": {
            "id": "4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86", "name": "ubuntu-24.04", "owner": "acct-1", "profile": "ims",
            "description": "", "visibility": "private", "protected": false, "tags": ["team=web"],
            "min_disk_gib": 40, "min_ram_mib": 1024,
            "os": { "type": "linux", "distro": "ubuntu", "version": "24.04", "arch": "x86_64" },
            "properties": { "ims.hw_firmware_type": "uefi" }
          },
          "source": { "url": "https://objects.example/bucket/ubuntu.qcow2", "credential": "objects-eu" },
          "expect": { "size": 627048448, "format": "qcow2", "digests": { "sha256": "\(sha256)" },
                      "digests_url": "https://objects.example/bucket/SHA256SUMS" },
          "digests": ["sha256", "md5"],
          "transform": { "decompress": "auto", "convert_to": "raw" },
          "stores": ["default"], "stores_require": "all",
          "deadline": "2026-12-01T00:00:00Z", "max_attempts": 8
        }
        """

    static let `import` =
        #"{"version":1,"id":"j1","kind":"import","image":{"name":"n"},"source":{"url":"https://h.example/i"}}"#
    static let copy = #"{"version":1,"id":"j1","kind":"copy","image":{"id":"i1"},"to":{"store":"eu-2"}}"#
    static let share =
        #"{"version":1,"id":"j1","kind":"share","image":{"id":"i1"},"share":{"action":"offer","member":"acct-2"}}"#
    static let update = #"{"version":1,"id":"j1","kind":"update","image":{"id":"i1"},"set":{"name":"n"}}"#
    static let delete = #"{"version":1,"id":"j1","kind":"delete","image":{"id":"i1"}}"#
    static let cancel = #"{"version":1,"id":"j1","kind":"cancel","job":{"id":"job-7f3c"}}"#

    /// `base` with `members` put behind its last one; a name that is there already comes twice.
    static func with(_ members: String, in base: String = `import`) -> String {
        base.dropLast() + "," + members + "}"
    }

    /// An import whose `image` also has `members`.
    static func image(_ members: String) -> String {
        #"{"version":1,"id":"j1","kind":"import","image":{"name":"n",\#(members)},"#
            + #""source":{"url":"https://h.example/i"}}"#
    }

    /// An import from `url`.
    static func source(_ url: String) -> String {
        #"{"version":1,"id":"j1","kind":"import","image":{"name":"n"},"source":{"url":"\#(url)"}}"#
    }

    /// An update that sets `members`.
    static func set(_ members: String) -> String {
        #"{"version":1,"id":"j1","kind":"update","image":{"id":"i1"},"set":{\#(members)}}"#
    }

    /// The message with its own kind as routing key, if it says one.
    static func message(_ text: String, routingKey: String? = nil) -> IncomingMessage {
        let body = Array(text.utf8)
        let kind = (try? StrictJSONParser.parse(body, limits: .init(byteCount: 4 << 20, depth: 32)))?["kind"]?.string
        return IncomingMessage(body: body, routingKey: routingKey ?? kind ?? "import")
    }
}
