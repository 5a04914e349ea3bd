import ImageModel
import ImageProfiles
import Testing

@Suite("The Samsung Cloud Platform profile")
struct SCPTests {
    let profile = SCPProfile(in: ProfileContext(fields: ["srn": "srn:s::acct::virtualserver:image/{id}"]))

    func view(
        _ members: [Member] = [], provenance: Provenance = Provenance(), _ change: (inout Image) -> Void = { _ in }
    ) throws -> DocumentValue {
        let details = ImageDetails(
            name: "web 1", profile: "scp", visibility: .shared, isProtected: true, tags: ["team=web", "plain"],
            minimumDiskGiB: 16, minimumRAMMiB: 2_048, os: OperatingSystem(type: "linux", distro: "rocky"))
        let content = ImageContent(
            format: .qcow2, size: 1, virtualSize: 1,
            digests: [try digest(.sha256, String(repeating: "a", count: 64))])
        return profile.document(
            of: ProfiledImage(
                try ImageProfilesTests.image("i-1", details, content: content) {
                    $0.provenance = provenance
                    change(&$0)
                }, members: members))
    }

    @Test(
        "shows every row of the detail page",
        arguments: [
            ("service", "Virtual Server"), ("resource_type", "Image"),
            ("srn", "srn:s::acct::virtualserver:image/i-1"), ("resource_name", "web 1"), ("resource_id", "i-1"),
            ("creator", "kim"), ("creation_time", "2024-06-02T07:49:48.000Z"), ("editor", "lee"),
            ("modification_date", "2024-06-02T19:49:49.000Z"), ("image_name", "web 1"), ("os_type", "Rocky Linux"),
            ("os_hash_algorithm", "sha256"), ("visibility", "Shared"), ("image_size", "1GB"),
            ("image_type", "Image-Based"), ("image_file_url", "https://o/a.qcow2"), ("image_status", "Active"),
        ])
    func rows(field: String, text: String) throws {
        let provenance = Provenance(sourceURL: "https://o/a.qcow2", creator: "kim", editor: "lee")
        #expect(try view(provenance: provenance)[field]?.text == text)
    }

    @Test("shows minimum disk, minimum RAM in GB, protection and tags")
    func otherRows() throws {
        let document = try view()
        #expect(document["minimum_disk"] == 16)
        #expect(document["minimum_ram"] == 2)
        #expect(document["protected"] == true)
        #expect(
            document["tag"] == [["key": "team", "value": "web"], ["key": "plain", "value": ""]])
    }

    @Test(
        "shows sizes in whole GB, at least one",
        arguments: [(1, "1GB"), (1 << 30, "1GB"), ((1 << 30) + 1, "2GB"), (10 << 30, "10GB")] as [(Int64, String)])
    func sizes(bytes: Int64, text: String) throws {
        #expect(try view { $0.content?.size = bytes }["image_size"]?.text == text)
    }

    @Test("shows no file of an image that a snapshot made")
    func snapshot() throws {
        let document = try view(provenance: Provenance(sourceURL: "https://o/a")) {
            $0.details.properties["scp.image_type"] = .string("Snapshot-Based")
        }
        #expect(document["image_type"] == "Snapshot-Based")
        #expect(document["image_file_url"] == nil)
    }

    @Test(
        "says each status in the vendor's word, or marks ours",
        arguments: [
            (ImageStatus.queued, "Queued"), (.importing, "Importing"), (.active, "Active"),
            (.failed, "longshore:failed"), (.cancelled, "longshore:cancelled"),
            (.pendingDelete, "longshore:pending_delete"), (.deleting, "longshore:deleting"),
            (.deleted, "longshore:deleted"),
        ])
    func status(_ status: ImageStatus, word: String) throws {
        #expect(try view { $0.status = status }["image_status"]?.text == word)
    }

    @Test(
        "says each sharing status in the vendor's words",
        arguments: [
            (MemberStatus.pending, "Pending"), (.accepted, "Accepted"), (.rejected, "Rejected"),
            (.stopped, "Sharing stopped"),
        ])
    func sharingStatus(_ status: MemberStatus, word: String) throws {
        #expect(
            try view([try member("acct-2", status)])["sharing_status"] == [
                [
                    "approved_account_id": "acct-2", "modification_date_time": "2024-06-03T00:00:00.000Z",
                    "status": .string(word),
                ]
            ])
    }

    @Test("reads SLES, which nobody may import")
    func readOnlySystem() throws {
        #expect(try view { $0.details.os.distro = "sles" }["os_type"] == "SLES")
        #expect(paths { $0.os = OperatingSystem(distro: "sles") } == ["/image/os"])
    }

    func specification(_ change: (inout ImageSpecification) -> Void = { _ in }) -> ImageSpecification {
        var image = ImageSpecification(
            name: "web", profile: "scp", visibility: .private, minimumDiskGiB: 16, minimumRAMMiB: 1_024,
            os: OperatingSystem(distro: "ubuntu"))
        change(&image)
        return image
    }

    func paths(_ change: (inout ImageSpecification) -> Void) -> [String] {
        violations(profile, specification(change)).map(\.path)
    }

    @Test("lets a plain import pass")
    func plain() {
        #expect(violations(profile, specification()) == [])
    }

    @Test(
        "knows the operating systems of the page",
        arguments: ["alma", "Alma Linux", "centos", "ol", "Oracle Linux", "rhel", "rocky", "Rocky Linux", "ubuntu"])
    func systems(distro: String) {
        #expect(paths { $0.os = OperatingSystem(distro: distro) } == [])
    }

    @Test(
        "judges names",
        arguments: [
            (String(repeating: "n", count: 255), true), (String(repeating: "n", count: 256), false), ("a b-c_D9", true),
            ("a.b", false), ("é", false),
        ])
    func names(name: String, isGood: Bool) {
        #expect(paths { $0.name = name } == (isGood ? [] : ["/image/name"]))
    }

    @Test(
        "bounds disk and memory",
        arguments: [(12_288, 2_097_151, 0), (12_289, 1, 1), (0, 2_097_152, 1), (0, 0, 0)] as [(Int64, Int64, Int)])
    func bounds(disk: Int64, ram: Int64, count: Int) {
        let found = paths {
            $0.minimumDiskGiB = disk
            $0.minimumRAMMiB = ram * 1_024
        }
        #expect(found.count == count)
    }

    @Test("wants memory in whole GB")
    func wholeGB() {
        #expect(paths { $0.minimumRAMMiB = 1_025 } == ["/image/min_ram_mib"])
    }

    @Test("wants disk, memory and visibility to be said")
    func required() {
        let found = paths {
            $0.minimumDiskGiB = nil
            $0.minimumRAMMiB = nil
            $0.visibility = nil
        }
        #expect(found == ["/image/min_disk_gib", "/image/min_ram_mib", "/image/visibility"])
    }

    @Test("knows no public images")
    func publicImages() {
        #expect(paths { $0.visibility = .public } == ["/image/visibility"])
    }

    @Test("takes 50 tags and no more")
    func tags() {
        #expect(paths { $0.tags = Array(repeating: "a=b", count: 50) } == [])
        #expect(paths { $0.tags = Array(repeating: "a=b", count: 51) } == ["/image/tags"])
    }

    @Test("takes qcow2 files only")
    func files() throws {
        #expect(violations(profile, specification(), url: "https://o/a.raw").map(\.path) == ["/source/url"])
        let snapshot = specification { $0.properties = ["scp.image_type": .string("Snapshot-Based")] }
        #expect(violations(profile, snapshot, url: "https://o/snapshots/1") == [])
        #expect(
            violations(profile, specification(), expect: Expectations(format: .raw)).map(\.path) == ["/expect/format"])
        let request = ImportRequest(image: specification(), source: SourceLocation(url: "https://o/a.qcow2"))
        let draft = ImageDraft(request, details: details(specification()))
        let raw = ImageContent(format: .raw, size: 1, virtualSize: 1, digests: [])
        #expect(profile.violations(of: raw, with: draft).map(\.path) == ["/expect/format"])
    }

    @Test("wants a resource name, from the configuration or the image")
    func resourceName() {
        let bare = SCPProfile(in: ProfileContext())
        #expect(violations(bare, specification()).map(\.path) == ["/image/properties/scp.srn"])
        let named = specification { $0.properties = ["scp.srn": .string("srn:1")] }
        #expect(violations(bare, named) == [])
    }

    func image(_ visibility: ImageVisibility, snapshot: Bool) throws -> Image {
        var details = ImageDetails(name: "i", profile: "scp", visibility: visibility)
        if snapshot { details.properties["scp.image_type"] = .string("Snapshot-Based") }
        return try ImageProfilesTests.image("i-1", details)
    }

    @Test("shares only Shared, Image-Based images, with account ids of letters, digits and dashes")
    func sharing() throws {
        let offer = { (account: String) throws in
            JobWork.share(
                ShareRequest(
                    imageID: try #require(ImageID("i-1")), action: .offer,
                    member: try ImageProfilesTests.account(account)))
        }
        let refusal = { (visibility: ImageVisibility, snapshot: Bool, account: String) throws in
            profile.refusal(of: try offer(account), on: try image(visibility, snapshot: snapshot), members: [])?.code
        }
        #expect(try refusal(.shared, false, "acct-2") == nil)
        #expect(try refusal(.private, false, "acct-2") == .notShareable)
        #expect(try refusal(.shared, true, "acct-2") == .notShareable)
        #expect(try refusal(.shared, false, "kim@example.com") == .ruleViolated)
    }

    @Test("copies only to make a shared image from a private one with a snapshot")
    func copies() throws {
        let id = try #require(ImageID("i-1"))
        let shared = JobWork.copy(CopyRequest(imageID: id, newImage: .init(name: "shared")))
        let replica = JobWork.copy(CopyRequest(imageID: id, store: StoreName("eu-2")))
        let refusal = { (work: JobWork, visibility: ImageVisibility, snapshot: Bool) throws in
            profile.refusal(of: work, on: try image(visibility, snapshot: snapshot), members: [])?.code
        }
        #expect(try refusal(shared, .private, true) == nil)
        #expect(try refusal(shared, .private, false) == .policyDenied)
        #expect(try refusal(shared, .shared, true) == .policyDenied)
        #expect(try refusal(replica, .private, true) == .policyDenied)
        let copy = profile.details(ofCopy: try image(.private, snapshot: true).details)
        #expect(copy.visibility == .shared)
        #expect(copy.properties["scp.image_type"] == .string("Image-Based"))
    }
}
