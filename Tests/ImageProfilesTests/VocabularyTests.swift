import ImageModel
import ImageProfiles
import Testing

@Suite("The vendors' words for every status and operation")
struct VocabularyTests {
    /// What a vendor shows: the words that tell whether an image can be used.
    struct Words: Equatable {
        let ims: String?
        let scp: String?
        let zstack: String?
        /// Name, status and operation.
        let ncp: [String?]
    }

    /// Every pair; without a row of its own an operation changes no word.
    private static func expected(_ status: ImageStatus, _ operation: ImageOperation?) -> Words {
        switch status {
        case .queued:
            Words(ims: "queued", scp: "Queued", zstack: "Downloading", ncp: ["initialized", "INIT", "NULL"])
        case .importing:
            Words(ims: "saving", scp: "Importing", zstack: "Downloading", ncp: ["creating", "INIT", "CREAT"])
        case .active where operation == .copying:
            Words(ims: "active", scp: "Active", zstack: "Ready", ncp: ["copying", "CREAT", "COPY"])
        case .active:
            Words(ims: "active", scp: "Active", zstack: "Ready", ncp: ["created", "CREAT", "NULL"])
        case .failed:
            Words(
                ims: "killed", scp: "longshore:failed", zstack: "longshore:failed",
                ncp: ["createFailed", "CREFL", "NULL"])
        case .cancelled:
            Words(
                ims: "killed", scp: "longshore:cancelled", zstack: "longshore:cancelled",
                ncp: ["longshore:cancelled", "CREFL", "NULL"])
        case .pendingDelete:
            Words(
                ims: "deleted", scp: "longshore:pending_delete", zstack: "longshore:pending_delete",
                ncp: ["longshore:pending_delete", "CREAT", "TERMT"])
        case .deleting:
            Words(
                ims: "deleted", scp: "longshore:deleting", zstack: "longshore:deleting",
                ncp: ["terminating", "CREAT", "TERMT"])
        case .deleted:
            Words(
                ims: "deleted", scp: "longshore:deleted", zstack: "longshore:deleted",
                ncp: ["terminated", "CREAT", "TERMT"])
        }
    }

    private func shown(_ status: ImageStatus, _ operation: ImageOperation?) throws -> Words {
        let content = ImageContent(format: .qcow2, size: 1, virtualSize: 1, digests: [])
        let subject = ProfiledImage(
            try image("i-1", ImageDetails(name: "i"), status: status, content: content) { $0.operation = operation })
        let profiles = ImageProfiles()
        let ncp = profiles["ncp"]?.document(of: subject)
        var inventory: DocumentValue?
        if case .array(let rows)? = profiles["zstack"]?.document(of: subject)["inventories"] { inventory = rows.first }
        return Words(
            ims: profiles["ims"]?.document(of: subject)["status"]?.text,
            scp: profiles["scp"]?.document(of: subject)["image_status"]?.text, zstack: inventory?["status"]?.text,
            ncp: [
                ncp?["serverImageStatusName"]?.text, ncp?["serverImageStatus"]?["code"]?.text,
                ncp?["serverImageOperation"]?["code"]?.text,
            ])
    }

    @Test(
        "Each pair has its words", arguments: ImageStatus.allCases, [nil] + ImageOperation.allCases.map(Optional.some))
    func words(status: ImageStatus, operation: ImageOperation?) throws {
        #expect(try shown(status, operation) == Self.expected(status, operation))
    }

    @Test(
        "What is not usable shows no usable word, and no pair of codes of a usable image",
        arguments: ImageStatus.allCases.filter { $0 != .active }, [nil] + ImageOperation.allCases.map(Optional.some))
    func usable(status: ImageStatus, operation: ImageOperation?) throws {
        let words = try shown(status, operation)
        #expect(words.ims != "active" && words.scp != "Active" && words.zstack != "Ready")
        #expect(!["created", "copying"].contains(words.ncp[0]))
        #expect(![["CREAT", "NULL"], ["CREAT", "COPY"]].contains(Array(words.ncp.dropFirst())))
    }

    @Test(
        "Each status of a member has its word, and only an accepted one is listed where there are no words",
        arguments: [
            (MemberStatus.pending, "Pending", false), (.accepted, "Accepted", true), (.rejected, "Rejected", false),
            (.stopped, "Sharing stopped", false),
        ])
    func members(status: MemberStatus, word: String, isListed: Bool) throws {
        let subject = ProfiledImage(
            try image("i-1", ImageDetails(name: "i")), members: [try member("acct-2", status)])
        let profiles = ImageProfiles()
        guard case .array(let rows)? = profiles["scp"]?.document(of: subject)["sharing_status"] else {
            Issue.record("no sharing_status")
            return
        }
        #expect(rows.map { $0["status"]?.text } == [word])
        let listed = profiles["ncp"]?.document(of: subject)["sharedLoginIdList"]
        #expect(listed == (isListed ? ["acct-2"] : []))
    }
}
