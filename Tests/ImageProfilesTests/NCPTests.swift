import ImageModel
import ImageProfiles
import Testing

@Suite("The NAVER Cloud profile")
struct NCPTests {
    static let fields = [
        "hypervisorType": "KVM", "serverImageProductCode": "SW.VSVR.OS.LNX64.UBNTU.SVR24.G003",
        "platformCategoryCode": "LNX64",
    ]
    let profile = NCPProfile(in: ProfileContext(fields: Self.fields))

    func view(_ members: [Member] = [], _ change: (inout Image) -> Void = { _ in }) throws -> DocumentValue {
        let details = ImageDetails(
            name: "web-1", profile: "ncp", os: OperatingSystem(type: "linux", distro: "ubuntu", arch: "x86_64"))
        let content = ImageContent(format: .qcow2, size: 1, virtualSize: 10 << 30, digests: [])
        return profile.document(
            of: ProfiledImage(try image("25494200", details, content: content) { change(&$0) }, members: members))
    }

    @Test(
        "shows the texts of the table",
        arguments: [
            ("serverImageNo", "25494200"), ("serverImageName", "web-1"),
            ("serverImageProductCode", "SW.VSVR.OS.LNX64.UBNTU.SVR24.G003"), ("createDate", "2024-06-02T07:49:48+0000"),
            ("platformCategoryCode", "LNX64"),
        ])
    func texts(field: String, text: String) throws {
        #expect(try view()[field]?.text == text)
    }

    @Test(
        "shows the codes of the table",
        arguments: [
            ("serverImageType", "SELF"), ("serverImageLifeCyclePhase", "IN_SERVICE"), ("hypervisorType", "KVM"),
            ("cpuArchitectureType", "X86_64"), ("osCategoryType", "LINUX"), ("osType", "UBUNTU"),
            ("serverImageStatus", "CREAT"), ("serverImageOperation", "NULL"), ("shareStatus", "longshore:not_shared"),
        ])
    func codes(field: String, code: String) throws {
        let document = try view()
        #expect(document[field]?["code"]?.text == code)
        #expect(document[field]?["codeName"]?.text?.isEmpty == false)
    }

    @Test("leaves out an empty description")
    func description() throws {
        #expect(try view()["serverImageDescription"] == nil)
        #expect(try view { $0.details.description = "d" }["serverImageDescription"] == "d")
    }

    @Test(
        "combines status and operation to the status name",
        arguments: [
            (ImageStatus.queued, nil, "initialized", "INIT", "NULL"), (.importing, nil, "creating", "INIT", "CREAT"),
            (.active, nil, "created", "CREAT", "NULL"), (.active, ImageOperation.copying, "copying", "CREAT", "COPY"),
            (.active, .sharing, "created", "CREAT", "NULL"), (.active, .updating, "created", "CREAT", "NULL"),
            (.failed, nil, "createFailed", "CREFL", "NULL"),
            (.cancelled, nil, "longshore:cancelled", "CREFL", "NULL"),
            (.pendingDelete, nil, "longshore:pending_delete", "CREAT", "TERMT"),
            (.deleting, nil, "terminating", "CREAT", "TERMT"), (.deleted, nil, "terminated", "CREAT", "TERMT"),
        ] as [(ImageStatus, ImageOperation?, String, String, String)])
    func statusPairs(
        _ status: ImageStatus, _ operation: ImageOperation?, name: String, statusCode: String, operationCode: String
    ) throws {
        let document = try view {
            $0.status = status
            $0.operation = operation
        }
        #expect(document["serverImageStatusName"]?.text == name)
        #expect(document["serverImageStatus"]?["code"]?.text == statusCode)
        #expect(document["serverImageOperation"]?["code"]?.text == operationCode)
    }

    @Test("terminates an image that was never created as a failed one")
    func terminatingFailure() throws {
        let document = try view {
            $0.status = .deleting
            $0.content = nil
        }
        #expect(document["serverImageStatus"]?["code"] == "CREFL")
        #expect(document["serverImageOperation"]?["code"] == "TERMT")
    }

    @Test("maps block storage only once the image is created")
    func storage() throws {
        #expect(
            try view()["blockStorageMappingList"] == [["order": 0, "blockStorageSize": .integer(10 << 30)]])
        #expect(try view { $0.status = .importing }["blockStorageMappingList"] == nil)
    }

    @Test("lists who may use it")
    func sharing() throws {
        let document = try view([try member("kim@example.com", .accepted), try member("lee", .stopped)])
        #expect(document["sharedLoginIdList"] == ["kim@example.com"])
        #expect(document["shareStatus"]?["code"] == "longshore:shared")
        #expect(!NCPProfile.sharing.needsAcceptance)
    }

    func specification(_ change: (inout ImageSpecification) -> Void = { _ in }) -> ImageSpecification {
        var image = ImageSpecification(
            name: "web-1", profile: "ncp", os: OperatingSystem(type: "linux", distro: "centos", arch: "x86_64"))
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
        "judges names",
        arguments: [
            ("abc", true), ("ab", false), ("a" + String(repeating: "b", count: 29), true),
            ("a" + String(repeating: "b", count: 30), false), ("Abc", false), ("abC", false), ("ab9", true),
            ("ab-", false), ("a_B-9c", true), ("a.bc", false),
        ])
    func names(name: String, isGood: Bool) {
        #expect(paths { $0.name = name } == (isGood ? [] : ["/image/name"]))
    }

    @Test("counts the bytes of descriptions")
    func descriptions() {
        #expect(paths { $0.description = String(repeating: "d", count: 1_000) } == [])
        #expect(paths { $0.description = String(repeating: "d", count: 1_001) } == ["/image/description"])
        #expect(paths { $0.description = String(repeating: "이", count: 334) } == ["/image/description"])
    }

    @Test(
        "knows the systems and the architecture of the table",
        arguments: [
            (OperatingSystem(type: "linux", distro: "ubuntu", arch: "x86_64"), 0),
            (OperatingSystem(type: "windows", arch: "x86_64"), 0),
            (OperatingSystem(type: "linux", distro: "debian", arch: "x86_64"), 1),
            (OperatingSystem(type: "linux", distro: "ubuntu", arch: "aarch64"), 1), (OperatingSystem(), 2),
        ])
    func systems(os: OperatingSystem, count: Int) {
        let found = paths { $0.os = os }
        #expect(found == Array(repeating: "/image/os", count: count))
    }

    @Test("names every required field that neither the image nor the deployment sets", arguments: fields.keys.sorted())
    func requiredFields(field: String) {
        var fields = Self.fields
        fields[field] = nil
        let bare = NCPProfile(in: ProfileContext(fields: fields))
        #expect(violations(bare, specification()).map(\.path) == ["/image/properties/ncp.\(field)"])
        let said = specification { $0.properties = ["ncp.\(field)": .string("KVM")] }
        #expect(violations(bare, said) == [])
    }

    @Test(
        "judges the vendor's words",
        arguments: [
            ("serverImageType", "NCP", true), ("serverImageType", "OTHER", false),
            ("serverImageLifeCyclePhase", "FADE_OUT", true), ("serverImageLifeCyclePhase", "RETIRED", true),
            ("serverImageLifeCyclePhase", "GONE", false), ("hypervisorType", "XEN", true),
            ("hypervisorType", "kvm", false), ("serverImageProductCode", "", false), ("colour", "red", false),
        ])
    func words(field: String, value: String, isGood: Bool) {
        let found = paths { $0.properties = ["ncp.\(field)": .string(value)] }
        #expect(found == (isGood ? [] : ["/image/properties/ncp.\(field)"]))
    }

    @Test("copies one at a time")
    func copies() throws {
        let work = JobWork.copy(CopyRequest(imageID: try #require(ImageID("i"))))
        var busy = try image("i", ImageDetails(name: "i"))
        #expect(profile.refusal(of: work, on: busy, members: []) == nil)
        busy.operation = .copying
        #expect(profile.refusal(of: work, on: busy, members: [])?.code == .imageBusy)
    }
}

@Suite("The profiles")
struct RegistryTests {
    @Test("are four, and a fifth is refused by name")
    func registry() {
        #expect(ImageProfiles.ids == ["ims", "ncp", "scp", "zstack"])
        let profiles = ImageProfiles()
        #expect(profiles.refusal(ofUnknown: nil) == nil)
        #expect(profiles.refusal(ofUnknown: "ims") == nil)
        let refusal = profiles.refusal(ofUnknown: "aws")
        #expect(refusal?.code == .ruleViolated)
        #expect(refusal?.violations.first?.value == "aws")
        #expect(refusal?.violations.first?.path == "/image/profile")
    }
}
