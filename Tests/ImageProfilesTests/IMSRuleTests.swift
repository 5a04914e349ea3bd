import ImageModel
import ImageProfiles
import Testing

@Suite("The IMS rules")
struct IMSRuleTests {
    let profile = IMSProfile(in: ProfileContext())

    /// An image that breaks no rule, changed.
    func specification(_ change: (inout ImageSpecification) -> Void = { _ in }) -> ImageSpecification {
        var image = ImageSpecification(
            name: "ubuntu-24.04", profile: "ims", minimumDiskGiB: 40,
            os: OperatingSystem(type: "linux", distro: "ubuntu", version: "24.04", arch: "x86_64"))
        change(&image)
        return image
    }

    func paths(_ change: (inout ImageSpecification) -> Void) -> [String] {
        violations(profile, specification(change)).map(\.path)
    }

    @Test("let a plain import pass")
    func plain() {
        #expect(violations(profile, specification()) == [])
    }

    @Test(
        "judge names",
        arguments: [
            ("a", true), (String(repeating: "n", count: 128), true), (String(repeating: "n", count: 129), false),
            ("a b-c.d_E9", true), (" a", false), ("a ", false), ("a/b", false), ("é", false),
        ])
    func names(name: String, isGood: Bool) {
        #expect(paths { $0.name = name } == (isGood ? [] : ["/image/name"]))
    }

    @Test(
        "judge descriptions",
        arguments: [
            (String(repeating: "d", count: 1_024), true), (String(repeating: "d", count: 1_025), false),
            ("镜像1", true), ("a<b", false), ("a>b", false), ("a\rb", false),
        ])
    func descriptions(text: String, isGood: Bool) {
        #expect(paths { $0.description = text } == (isGood ? [] : ["/image/description"]))
    }

    @Test(
        "bound the disk by the operating system",
        arguments: [
            ("linux", 10, true), ("linux", 9, false), ("linux", 1_024, true), ("linux", 1_025, false),
            ("windows", 20, true), ("windows", 19, false), ("windows", 1_024, true), ("windows", 1_025, false),
        ])
    func disks(type: String, size: Int64, isGood: Bool) {
        let found = paths {
            $0.os?.type = type
            $0.minimumDiskGiB = size
        }
        #expect(found == (isGood ? [] : ["/image/min_disk_gib"]))
    }

    @Test("want the disk to be said")
    func requiredDisk() {
        #expect(paths { $0.minimumDiskGiB = nil } == ["/image/min_disk_gib", "/image/min_disk_gib"])
    }

    @Test("judge tags", arguments: [("t", true), (String(repeating: "t", count: 255), true), ("", false)])
    func tags(tag: String, isGood: Bool) {
        #expect(paths { $0.tags = [tag] } == (isGood ? [] : ["/image/tags"]))
    }

    @Test("make images private and unprotected, and let updates change both")
    func creation() throws {
        #expect(paths { $0.visibility = .public } == ["/image/visibility"])
        #expect(paths { $0.isProtected = true } == ["/image/protected"])
        let request = UpdateRequest(
            imageID: try #require(ImageID("i")), changes: [.visibility(.public), .isProtected(true)])
        var after = details(specification())
        after.visibility = .public
        after.isProtected = true
        #expect(profile.violations(of: ImageDraft(request, after: after)) == [])
    }

    @Test(
        "judge the vendor's fields",
        arguments: [
            ("hw_firmware_type", "uefi", true), ("hw_firmware_type", "bios", true), ("hw_firmware_type", "efi", false),
            ("__support_kvm", "true", true), ("__support_kvm", "false", false), ("__support_xen", "no", false),
            ("__support_largememory", "false", false), ("__support_diskintensive", "false", false),
            ("__support_highperformance", "false", false), ("__is_config_init", "true", true),
            ("__is_config_init", "yes", false), ("virtual_env_type", "Ironic", true), ("virtual_env_type", "VM", false),
            ("disk_format", "zvhd", true), ("disk_format", "vmdk", false), ("enterprise_project_id", "0", true),
            ("enterprise_project_id", "4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86", true),
            ("enterprise_project_id", "web", false), ("enterprise_project_id", " ", true), ("__os_version", "", false),
            ("__os_version", String(repeating: "v", count: 255), true),
            ("__os_version", String(repeating: "v", count: 256), false), ("no_such_field", "1", false),
            ("__support_xen", "true", true), ("__support_largememory", "true", true),
            ("__support_diskintensive", "true", true), ("__support_highperformance", "true", true),
            ("virtual_env_type", "DataImage", true), ("disk_format", "zvhd2", true), ("__backup_id", "b-1", true),
            ("__backup_id", "", false), ("__productcode", "p-1", true), ("__productcode", "", false),
        ])
    func vendorFields(field: String, value: String, isGood: Bool) {
        let found = paths { $0.properties = ["ims.\(field)": .string(value)] }
        #expect(found == (isGood ? [] : ["/image/properties/ims.\(field)"]))
    }

    @Test(
        "take true and false for an image of a whole server",
        arguments: [
            (PropertyValue.bool(true), true), (.bool(false), true), (.string("true"), false), (.integer(1), false),
        ])
    func wholeImage(value: PropertyValue, isGood: Bool) {
        let found = paths { $0.properties = ["ims.__whole_image": value] }
        #expect(found == (isGood ? [] : ["/image/properties/ims.__whole_image"]))
    }

    @Test(
        "keep GPU types apart from plain Xen and KVM",
        arguments: ["__support_xen_gpu_type", "__support_kvm_gpu_type"])
    func exclusions(gpu: String) {
        #expect(paths { $0.properties = ["ims.\(gpu)": .string("M60")] } == [])
        for other in ["__support_xen", "__support_kvm"] {
            let found = paths { $0.properties = ["ims.\(gpu)": .string("M60"), "ims.\(other)": .string("true")] }
            #expect(found == ["/image/properties/ims.\(gpu)"])
        }
    }

    @Test("name every violation at once, with field, rule and value")
    func allAtOnce() throws {
        let found = violations(
            profile,
            specification {
                $0.name = "a/b"
                $0.minimumDiskGiB = 5
                $0.tags = [""]
            }, expect: Expectations(size: 129 << 30, format: .vmdk))
        #expect(
            found.map(\.path)
                == ["/image/name", "/image/min_disk_gib", "/image/tags", "/expect/format", "/expect/size"])
        #expect(found.first?.value == "a/b")
        #expect(found.allSatisfy { !$0.rule.isEmpty })
    }

    @Test(
        "know the formats",
        arguments: [
            (ImageFormat.vhd, true), (.raw, true), (.qcow2, true), (.iso, true), (.vmdk, false), (.vhdx, false),
            (.vdi, false),
        ])
    func formats(format: ImageFormat, isGood: Bool) throws {
        let expected = violations(profile, specification(), expect: Expectations(format: format)).map(\.path)
        #expect(expected == (isGood ? [] : ["/expect/format"]))
        let converted = violations(profile, specification(), transform: Transform(convertTo: format)).map(\.path)
        #expect(converted == (isGood ? [] : ["/transform/convert_to"]))
        let content = ImageContent(format: format, size: 1, virtualSize: 1, digests: [])
        #expect(profile.violations(of: content, with: try draft()).map(\.path) == (isGood ? [] : ["/expect/format"]))
    }

    func draft(_ change: (inout ImageSpecification) -> Void = { _ in }) throws -> ImageDraft {
        let image = specification(change)
        let request = ImportRequest(image: image, source: SourceLocation(url: "https://objects.example/a"))
        return ImageDraft(request, details: details(image))
    }

    @Test("want a disk that exceeds the one in the image")
    func systemDisk() throws {
        let whole = ImageContent(format: .raw, size: 1, virtualSize: 40 << 30, digests: [])
        #expect(profile.violations(of: whole, with: try draft()).map(\.path) == ["/image/min_disk_gib"])
        var smaller = whole
        smaller.virtualSize -= 1
        #expect(profile.violations(of: smaller, with: try draft()) == [])
    }

    @Test(
        "bound the file by its format",
        arguments: [(.qcow2, 128 << 30), (.iso, 128 << 30), (.raw, 1_024 << 30)] as [(ImageFormat, Int64)])
    func sizes(format: ImageFormat, limit: Int64) throws {
        var content = ImageContent(format: format, size: limit, virtualSize: 1, digests: [])
        #expect(profile.violations(of: content, with: try draft()) == [])
        content.size += 1
        #expect(profile.violations(of: content, with: try draft()).map(\.path) == ["/expect/size"])
    }

    @Test("want the version of what an ISO installs")
    func isoVersion() throws {
        let nameless = try draft { $0.os = OperatingSystem(type: "linux") }
        let iso = ImageContent(format: .iso, size: 1, virtualSize: 1, digests: [])
        #expect(profile.violations(of: iso, with: nameless).map(\.path) == ["/image/properties/ims.__os_version"])
        #expect(profile.violations(of: iso, with: try draft()) == [])
    }
}

@Suite("The IMS preconditions and jobs")
struct IMSJobTests {
    let profile = IMSProfile(in: ProfileContext())

    func image(_ status: ImageStatus = .active, _ change: (inout Image) -> Void = { _ in }) throws -> Image {
        try ImageProfilesTests.image("i-1", ImageDetails(name: "i", profile: "ims"), status: status) { change(&$0) }
    }

    func job(_ work: JobWork) throws -> Job {
        Job(
            request: JobRequest(id: try #require(JobID("job-1")), work: work), imageID: ImageID("i-1"),
            acceptedAt: try moment("2026-11-21T08:00:00Z"))
    }

    func importWork() -> JobWork {
        .import(ImportRequest(image: ImageSpecification(name: "i"), source: SourceLocation(url: "https://o/a")))
    }

    @Test("refuse to delete what is being created or public, and to copy an ISO")
    func preconditions() throws {
        let id = try #require(ImageID("i-1"))
        let delete = JobWork.delete(DeleteRequest(imageID: id))
        #expect(profile.refusal(of: delete, on: try image(.importing), members: [])?.code == .imageBusy)
        #expect(profile.refusal(of: delete, on: try image(.queued), members: [])?.code == .imageBusy)
        #expect(profile.refusal(of: delete, on: try image(), members: []) == nil)
        let gold = try image { $0.details.visibility = .public }
        #expect(profile.refusal(of: delete, on: gold, members: [])?.code == .policyDenied)
        let copy = JobWork.copy(CopyRequest(imageID: id))
        #expect(profile.refusal(of: copy, on: try image(), members: []) == nil)
        let iso = try image { $0.content = ImageContent(format: .iso, size: 1, virtualSize: 1, digests: []) }
        #expect(profile.refusal(of: copy, on: iso, members: [])?.code == .policyDenied)
        #expect(IMSProfile.sharing == SharingTerms(needsAcceptance: true, memberLimit: 256))
    }

    @Test("refuse to copy what is of a whole server or used as an ISO, and share the former with ten at most")
    func wholeServers() throws {
        let id = try #require(ImageID("i-1"))
        let copy = JobWork.copy(CopyRequest(imageID: id, newImage: .init(name: "n")))
        let whole = try image { $0.details.properties["ims.__whole_image"] = .bool(true) }
        #expect(profile.refusal(of: copy, on: whole, members: [])?.code == .policyDenied)
        let plain = try image { $0.details.properties["ims.__whole_image"] = .bool(false) }
        #expect(profile.refusal(of: copy, on: plain, members: []) == nil)
        let iso = try image { $0.details.properties["ims.virtual_env_type"] = .string("IsoImage") }
        #expect(profile.refusal(of: copy, on: iso, members: [])?.code == .policyDenied)

        let offer = JobWork.share(ShareRequest(imageID: id, action: .offer, member: try account("new")))
        var members = try (1...10).map { try member("m-\($0)", .accepted) }
        #expect(profile.refusal(of: offer, on: whole, members: members)?.code == .notShareable)
        #expect(profile.refusal(of: offer, on: plain, members: members) == nil)
        members[0].status = .stopped
        #expect(profile.refusal(of: offer, on: whole, members: members) == nil)
        let accept = JobWork.share(ShareRequest(imageID: id, action: .accept, member: try account("m-2")))
        #expect(profile.refusal(of: accept, on: whole, members: members) == nil)
    }

    @Test("understand bucket:object as an object of S3")
    func bucketAndObject() {
        #expect(profile.url(ofSource: "my-bucket:images/a.qcow2") == "s3://my-bucket/images/a.qcow2")
        for url in ["https://objects.example/a", "http://h/a:b", "s3://bucket/a"] {
            #expect(profile.url(ofSource: url) == url)
        }
    }

    @Test(
        "say the state of a job in the vendor's words",
        arguments: [
            (JobState.queued, "INIT"), (.deferred, "INIT"), (.running, "RUNNING"), (.retrying, "RUNNING"),
            (.succeeded, "SUCCESS"), (.failed, "FAIL"), (.cancelled, "FAIL"),
        ])
    func states(state: JobState, word: String) throws {
        var job = try job(importWork())
        job.state = state
        #expect(profile.document(of: job, image: try image())?["status"]?.text == word)
    }

    @Test("tell how far a running import is, and why one failed")
    func jobDocument() throws {
        var job = try job(importWork())
        job.state = .running
        job.progress = JobProgress(stage: .fetching, bytes: 24, total: 100, bytesPerSecond: 1)
        let running = profile.document(of: job, image: try image())
        #expect(running?["job_type"] == "imsImportImageJob")
        #expect(running?["begin_time"] == "2026-11-21T08:00:00Z")
        #expect(running?["entities"]?["image_id"] == "i-1")
        #expect(running?["entities"]?["image_name"] == "i")
        #expect(running?["entities"]?["process_percent"] == .number(0.24))
        #expect(running?["end_time"] == nil)

        job.state = .failed
        job.failure = Failure(.imageProtected, "image i-1 is protected")
        job.endedAt = try moment("2026-11-21T09:00:00Z")
        let failed = profile.document(of: job, image: try image())
        #expect(failed?["error_code"] == "IMG.0028")
        #expect(failed?["fail_reason"] == "image i-1 is protected")
        #expect(failed?["end_time"] == "2026-11-21T09:00:00Z")

        job.failure = Failure(.sourceTLS, "the certificate has expired")
        #expect(profile.document(of: job, image: nil)?["error_code"] == "longshore:source_tls")
    }

    @Test(
        "name the vendor's codes of failures",
        arguments: [
            (.sourceDenied, "IMG.0017"), (.imageNotActive, "IMG.0046"), (.notOwner, "IMG.0047"),
            (.sourceNotFound, "IMG.0057"), (.sourceUnauthorized, "IMG.0057"), (.imageUnsafe, "IMG.0057"),
            (.formatUnknown, "IMG.0057"), (.sizeLimit, "IMG.0059"), (.quotaExceeded, "IMG.0015"),
            (.imageExists, "IMG.0070"), (.formatMismatch, "IMG.0072"), (.imageNotFound, "IMG.0086"),
            (.imageGone, "IMG.0086"), (.notMember, "IMG.0196"), (.imageProtected, "IMG.0028"),
            (.imageBusy, "IMG.0090"), (.minDiskTooSmall, "IMG.0055"),
        ] as [(FailureCode, String)])
    func failureCodes(code: FailureCode, word: String) throws {
        #expect(try shownCode(Failure(code, "m")) == word)
        #expect(try shownCode(Failure(.attemptsExhausted, "m", cause: FailureCause(code: code, message: "c"))) == word)
    }

    @Test(
        "name the vendor's codes of broken rules",
        arguments: [
            ("/image/name", "a/b", "IMG.0003"), ("/image/name", String(repeating: "n", count: 129), "IMG.0002"),
            ("/image/description", "d", "IMG.0004"), ("/image/min_disk_gib", "9", "IMG.0055"),
            ("/image/min_ram_mib", "9", "IMG.0055"), ("/image/tags", "t", "IMG.0115"),
            ("/expect/format", "vmdk", "IMG.0072"), ("/expect/size", "9", "IMG.0059"),
            ("/image/properties/ims.__os_version", "v", "IMG.0056"),
            ("/image/properties/ims.hw_firmware_type", "efi", "IMG.0141"),
            ("/stores/0", "s", "longshore:rule_violated"),
        ])
    func violationCodes(path: String, value: String, word: String) throws {
        let violation = Violation(path: path, rule: "r", value: value)
        #expect(try shownCode(Failure(.ruleViolated, "m", violations: [violation])) == word)
    }

    private func shownCode(_ failure: Failure) throws -> String? {
        var job = try job(importWork())
        job.state = .failed
        job.failure = failure
        return profile.document(of: job, image: nil)?["error_code"]?.text
    }

    @Test("name the job types of the API reference")
    func jobTypes() throws {
        let id = try #require(ImageID("i-1"))
        let share = { (action: ShareAction) throws in
            JobWork.share(ShareRequest(imageID: id, action: action, member: try account("m")))
        }
        let types = try [
            try share(.offer), try share(.accept), try share(.reject), try share(.revoke),
            .copy(CopyRequest(imageID: id)), .delete(DeleteRequest(imageID: id)),
        ].map { profile.document(of: try job($0), image: nil)?["job_type"]?.text }
        #expect(
            types == [
                "imsAddImageMembersJob", "imsUpdateImageMembersJob", "imsUpdateImageMembersJob",
                "imsDelImageMembersJob", "imsCopyImageInRegionJob", nil,
            ])
    }
}
