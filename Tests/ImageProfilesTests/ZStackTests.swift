import ImageModel
import ImageProfiles
import Testing

@Suite("The ZStack profile")
struct ZStackTests {
    let profile = ZStackProfile(
        in: ProfileContext(stores: [
            "default": "ae840e03a0044b759b0a8c09a141a46b", "eu-2": "be840e03a0044b759b0a8c09a141a46b",
        ]))

    /// The image behind the sample of document 004.
    func sampleImage(_ change: (inout Image) -> Void = { _ in }) throws -> Image {
        let details = ImageDetails(
            name: "vr-test-2", profile: "zstack", os: OperatingSystem(type: "linux"),
            properties: [
                "zstack.system": .bool(true), "zstack.exportMd5Sum": .string("9b38fe1fd43385b86a1c9b12ac1960fe"),
                "zstack.exportUrl": .string(
                    "http://10.0.146.122:8001/imagestore/download/image-b08ea6cad1f10217223192343a1d8fb72279ed47.qcow2"),
            ])
        let content = ImageContent(
            format: .qcow2, size: 293_641_216, virtualSize: 8_589_934_592,
            digests: [
                try digest(.sha1, "b08ea6cad1f10217223192343a1d8fb72279ed47"),
                try digest(.sha256, "42e98b8fc79cd8aeffe1b34a2a7021fed621eec0be926139d46e8afc26e78b7d"),
            ])
        let (created, updated) = (try moment("2017-10-30T16:32:11Z"), try moment("2017-10-30T19:35:38Z"))
        let store = try #require(StoreName("default"))
        return try image("fccc12fe-e6a4-11d6-8c42-763ded705630", details, content: content) { image in
            image.createdAt = created
            image.updatedAt = updated
            image.replicas = [
                Replica(store: store, state: .available, objectKey: "k", url: "file:///k")
            ]
            change(&image)
        }
    }

    func inventory(_ change: (inout Image) -> Void = { _ in }) throws -> DocumentValue {
        let document = profile.document(of: ProfiledImage(try sampleImage(change)))
        guard case .array(let inventories) = document["inventories"], let first = inventories.first else {
            throw MissingInventory()
        }
        return first
    }

    struct MissingInventory: Error {}

    @Test("reproduces the sample of document 004 field by field")
    func sampleOfDocument004() throws {
        let image = try sampleImage {
            $0.provenance = Provenance(
                sourceURL: "http://192.168.200.100/mirror/diskimages/cloud-vrouter-latest.qcow2")
        }
        try expect(
            profile.document(of: ProfiledImage(image)),
            equals: """
                {
                "inventories": [
                {
                "actualSize": 293641216,
                "backupStorageRefs": [
                {
                "backupStorageUuid": "ae840e03a0044b759b0a8c09a141a46b",
                "createDate": "Oct 30, 2017 4:32:11 PM",
                "imageUuid": "fccc12fee6a411d68c42763ded705630",
                "installPath": "zstore://fccc12fee6a411d68c42763ded705630/b08ea6cad1f10217223192343a1d8fb72279ed47",
                "lastOpDate": "Oct 30, 2017 4:32:11 PM",
                "status": "Ready"
                }
                ],
                "createDate": "Oct 30, 2017 4:32:11 PM",
                "description": "",
                "exportMd5Sum": "9b38fe1fd43385b86a1c9b12ac1960fe",
                "exportUrl": "http://10.0.146.122:8001/imagestore/download/image-b08ea6cad1f10217223192343a1d8fb72279ed47.qcow2",
                "format": "qcow2",
                "lastOpDate": "Oct 30, 2017 7:35:38 PM",
                "md5Sum": "42e98b8fc79cd8aeffe1b34a2a7021fed621eec0be926139d46e8afc26e78b7d",
                "mediaType": "RootVolumeTemplate",
                "name": "vr-test-2",
                "platform": "Linux",
                "size": 8589934592,
                "state": "Enabled",
                "status": "Ready",
                "system": true,
                "type": "zstack",
                "url": "http://192.168.200.100/mirror/diskimages/cloud-vrouter-latest.qcow2",
                "uuid": "fccc12fee6a411d68c42763ded705630"
                }
                ],
                "success": true
                }
                """)
    }

    @Test(
        "says each status in the vendor's word, or marks ours",
        arguments: [
            (ImageStatus.queued, "Downloading"), (.importing, "Downloading"), (.active, "Ready"),
            (.failed, "longshore:failed"), (.cancelled, "longshore:cancelled"),
            (.pendingDelete, "longshore:pending_delete"), (.deleting, "longshore:deleting"),
            (.deleted, "longshore:deleted"),
        ])
    func status(_ status: ImageStatus, word: String) throws {
        #expect(try inventory { $0.status = status }["status"]?.text == word)
    }

    @Test("creates what is made from another image")
    func creating() throws {
        let word = try inventory {
            $0.status = .importing
            $0.origin = ImageID("other")
        }["status"]
        #expect(word == "Creating")
    }

    @Test("prefers the MD5 where one was computed")
    func md5() throws {
        let md5 = try digest(.md5, "9b38fe1fd43385b86a1c9b12ac1960fe")
        #expect(try inventory { $0.content?.digests.append(md5) }["md5Sum"] == "9b38fe1fd43385b86a1c9b12ac1960fe")
    }

    @Test("has one row for each replica, whose path is the object's own where no SHA-1 was computed")
    func replicas() throws {
        let second = try #require(StoreName("eu-2"))
        let document = try inventory {
            $0.content?.digests.removeAll { $0.algorithm == .sha1 }
            $0.replicas.append(Replica(store: second, state: .copying))
        }
        guard case .array(let rows) = document["backupStorageRefs"] else { throw MissingInventory() }
        #expect(rows.map { $0["backupStorageUuid"]?.text?.first } == ["a", "b"])
        #expect(rows.map { $0["status"]?.text } == ["Ready", "Downloading"])
        #expect(rows[0]["installPath"] == "file:///k")
        #expect(rows[1]["installPath"] == nil)
    }

    @Test("dates each replica by its own creation and last change")
    func replicaDates() throws {
        let (created, changed) = (try moment("2017-11-02T01:02:03Z"), try moment("2017-11-02T01:09:03Z"))
        let document = try inventory {
            $0.replicas[0].createdAt = created
            $0.replicas[0].updatedAt = changed
        }
        guard case .array(let rows) = document["backupStorageRefs"] else { throw MissingInventory() }
        #expect(rows[0]["createDate"] == "Nov 2, 2017 1:02:03 AM")
        #expect(rows[0]["lastOpDate"] == "Nov 2, 2017 1:09:03 AM")
    }

    @Test("corrects the media type from the detected format")
    func mediaType() throws {
        #expect(try inventory { $0.content?.format = .iso }["mediaType"] == "ISO")
        let wrong = try inventory { $0.details.properties["zstack.mediaType"] = .string("ISO") }
        #expect(wrong["mediaType"] == "RootVolumeTemplate")
        let data = try inventory { $0.details.properties["zstack.mediaType"] = .string("DataVolumeTemplate") }
        #expect(data["mediaType"] == "DataVolumeTemplate")
    }

    @Test(
        "tells midnight and noon as Americans do",
        arguments: [
            ("2017-01-05T00:00:01Z", "Jan 5, 2017 12:00:01 AM"), ("2017-12-31T12:00:00Z", "Dec 31, 2017 12:00:00 PM"),
            ("2017-09-09T23:59:59Z", "Sep 9, 2017 11:59:59 PM"),
        ])
    func dates(moment text: String, date: String) throws {
        let time = try moment(text)
        #expect(try inventory { $0.createdAt = time }["createDate"]?.text == date)
    }

    @Test("takes the state that an update set")
    func state() throws {
        #expect(try inventory { $0.details.properties["state"] = .string("Disabled") }["state"] == "Disabled")
    }

    @Test("lets an update set the two states of the document", arguments: [("Enabled", true), ("Off", false)])
    func stateRule(state: String, isGood: Bool) throws {
        let request = UpdateRequest(imageID: try #require(ImageID("i")), changes: [.state(state)])
        var after = details(specification())
        after.properties["state"] = .string(state)
        let found = profile.violations(of: ImageDraft(request, after: after)).map(\.path)
        #expect(found == (isGood ? [] : ["/set/state"]))
    }

    func specification(_ change: (inout ImageSpecification) -> Void = { _ in }) -> ImageSpecification {
        var image = ImageSpecification(name: "vr", profile: "zstack")
        change(&image)
        return image
    }

    @Test("lets a plain import pass")
    func plain() {
        #expect(violations(profile, specification()) == [])
    }

    @Test(
        "wants an id that makes a UUID",
        arguments: [
            ("fccc12fee6a411d68c42763ded705630", true), ("fccc12fe-e6a4-11d6-8c42-763ded705630", true),
            ("fccc12fe-e6a411d68c42763ded705630", false), ("image-1", false),
        ])
    func ids(id: String, isGood: Bool) {
        let found = violations(profile, specification { $0.id = ImageID(id) }).map(\.path)
        #expect(found == (isGood ? [] : ["/image/id"]))
    }

    @Test("wants every store to be a backup storage")
    func stores() throws {
        let known = try #require(StoreName("eu-2"))
        let unknown = try #require(StoreName("eu-3"))
        #expect(violations(profile, specification(), stores: [known]) == [])
        #expect(violations(profile, specification(), stores: [known, unknown]).map(\.path) == ["/stores/1"])
        let bare = ZStackProfile(in: ProfileContext())
        #expect(violations(bare, specification()).map(\.path) == ["/stores"])
    }

    @Test(
        "judges the vendor's words",
        arguments: [
            ("mediaType", PropertyValue.string("ISO"), true), ("mediaType", .string("Tape"), false),
            ("platform", .string("WindowsVirtio"), true), ("platform", .string("linux"), false),
            ("system", .bool(true), true), ("system", .string("true"), false), ("guestOsType", .string("x"), true),
            ("guestOsType", .integer(1), false), ("colour", .string("red"), false),
        ])
    func words(field: String, value: PropertyValue, isGood: Bool) {
        let found = violations(profile, specification { $0.properties = ["zstack.\(field)": value] }).map(\.path)
        #expect(found == (isGood ? [] : ["/image/properties/zstack.\(field)"]))
    }

    @Test("knows that an ISO is an iso and no system image")
    func isoRules() throws {
        let iso = specification { $0.properties = ["zstack.mediaType": .string("ISO")] }
        #expect(violations(profile, iso, expect: Expectations(format: .iso)) == [])
        #expect(violations(profile, iso, expect: Expectations(format: .qcow2)).map(\.path) == ["/expect/format"])
        let system = specification {
            $0.properties = ["zstack.mediaType": .string("ISO"), "zstack.system": .bool(true)]
        }
        #expect(violations(profile, system).map(\.path) == ["/image/properties/zstack.system"])
    }

    @Test(
        "bounds lengths",
        arguments: [(255, 2_048, 1_024, 0), (256, 2_048, 1_024, 1), (255, 2_049, 1_024, 1), (255, 2_048, 1_025, 1)])
    func lengths(name: Int, description: Int, url: Int, count: Int) {
        let prefix = "https://o/"
        let found = violations(
            profile,
            specification {
                $0.name = String(repeating: "n", count: name)
                $0.description = String(repeating: "d", count: description)
            }, url: prefix + String(repeating: "u", count: url - prefix.count))
        #expect(found.count == count)
    }

    @Test(
        "knows the formats",
        arguments: [
            (ImageFormat.iso, true), (.qcow2, true), (.raw, true), (.vmdk, true), (.vhd, false), (.vhdx, false),
            (.vdi, false),
        ])
    func formats(format: ImageFormat, isGood: Bool) {
        let found = violations(profile, specification(), expect: Expectations(format: format)).map(\.path)
        #expect(found == (isGood ? [] : ["/expect/format"]))
    }

    @Test("copies to another backup storage, and not to a new image")
    func copies() throws {
        let image = try sampleImage()
        func code(_ store: String, _ new: CopyRequest.NewImage? = nil) -> FailureCode? {
            let request = CopyRequest(imageID: image.id, store: StoreName(store), newImage: new)
            return profile.refusal(of: .copy(request), on: image, members: [])?.code
        }
        #expect(code("eu-2") == nil)
        #expect(code("eu-3") == .ruleViolated)
        #expect(code("eu-2", CopyRequest.NewImage(name: "n")) == .policyDenied)
    }

    @Test(
        "takes no source from within the vendor's hosts",
        arguments: ["volume://a", "volumeSnapshot://a", "upload://a", "zstore://a", "file:///a"])
    func sources(url: String) {
        #expect(profile.refusal(ofSource: url)?.code == .sourceDenied)
        #expect(profile.refusal(ofSource: "https://objects.example/a") == nil)
    }

    @Test("shares at once")
    func sharing() {
        #expect(!ZStackProfile.sharing.needsAcceptance)
    }
}
