import ImageModel
import ImageProfiles
import Testing

@Suite("The IMS view of an image")
struct IMSViewTests {
    let profile = IMSProfile(in: ProfileContext())

    /// The image behind the sample of document 003.
    func sampleImage(_ status: ImageStatus = .queued, _ change: (inout Image) -> Void = { _ in }) throws -> Image {
        let details = ImageDetails(
            name: "test", owner: try account("b912fb4a4c464b568ecfca1071b21b10"), profile: "ims",
            tags: ["test=testvalue", "image=imagevalue"], minimumDiskGiB: 100, minimumRAMMiB: 1_024,
            properties: [
                "ims.__os_version": .string("Ubuntu 14.04 server 64bit"), "ims.disk_format": .string("vhd"),
            ])
        return try image("4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86", details, status: status) { image in
            image.createdAt = Timestamp(microseconds: 1_464_853_788_000_000)
            image.updatedAt = Timestamp(microseconds: 1_464_853_789_000_000)
            change(&image)
        }
    }

    func view(_ status: ImageStatus, _ change: (inout Image) -> Void = { _ in }) throws -> DocumentValue {
        var image = try sampleImage(status, change)
        image.provenance = Provenance(sourceURL: "https://objects.example/a.vhd")
        return profile.document(of: ProfiledImage(image))
    }

    @Test("reproduces the sample of document 003 field by field")
    func sampleOfDocument003() throws {
        try expect(
            profile.document(of: ProfiledImage(try sampleImage())),
            equals: """
                {
                "schema": "/v2/schemas/image",
                "min_disk": 100,
                "created_at": "2016-06-02T07:49:48Z",
                "__image_source_type": "uds",
                "container_format": "bare",
                "__image_size": "0",
                "file": "/v2/images/4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86/file",
                "updated_at": "2016-06-02T07:49:49Z",
                "protected": false,
                "id": "4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86",
                "__isregistered": "true",
                "min_ram": 1024,
                "owner": "b912fb4a4c464b568ecfca1071b21b10",
                "__os_type": "Linux",
                "__imagetype": "private",
                "visibility": "private",
                "virtual_env_type": "FusionCompute",
                "tags": ["test=testvalue", "image=imagevalue"],
                "__platform": "Ubuntu",
                "__os_bit": "64",
                "__os_version": "Ubuntu 14.04 server 64bit",
                "name": "test",
                "self": "/v2/images/4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86",
                "disk_format": "vhd",
                "status": "queued"
                }
                """)
    }

    @Test(
        "says each status in the vendor's word, and none that is not usable is active",
        arguments: [
            (ImageStatus.queued, "queued"), (.importing, "saving"), (.active, "active"), (.failed, "killed"),
            (.cancelled, "killed"), (.pendingDelete, "deleted"), (.deleting, "deleted"), (.deleted, "deleted"),
        ])
    func status(_ status: ImageStatus, word: String) throws {
        #expect(try view(status)["status"]?.text == word)
    }

    @Test("tells sizes, MD5 and location once the bytes are known")
    func content() throws {
        let md5 = try digest(.md5, "9b38fe1fd43385b86a1c9b12ac1960fe")
        let store = try #require(StoreName("default"))
        let document = try view(.active) { image in
            image.content = ImageContent(format: .qcow2, size: 627_048_448, virtualSize: 3_758_096_384, digests: [md5])
            image.replicas = [
                Replica(store: store, state: .available, objectKey: "k", url: "file:///i")
            ]
        }
        #expect(document["__image_size"] == "627048448")
        #expect(document["virtual_size"] == 3_758_096_384)
        #expect(document["checksum"] == "9b38fe1fd43385b86a1c9b12ac1960fe")
        #expect(document["disk_format"] == "qcow2")
        #expect(document["__image_location"] == "file:///i")
        #expect(document["__root_origin"] == "file")
        #expect(document["__data_origin"] == "file,https://objects.example/a.vhd")
        #expect(document["size"] == nil, "document 001: unavailable; document 003: unused")
    }

    @Test("has the attributes that only document 001 lists from saving on")
    func attributesOfDocument001() throws {
        let document = try view(.importing)
        #expect(document["deleted"] == false)
        #expect(document["deleted_at"] == nil)
        #expect(document["__is_config_init"] == "false")
        #expect(document["__whole_image"] == false)
        let whole = try view(.importing) { $0.details.properties["ims.__whole_image"] = .bool(true) }
        #expect(whole["__whole_image"] == true)
        #expect(document["__originalimagename"] == "")
        #expect(document["__description"] == nil)
        let deleted = try view(.deleted)
        #expect(deleted["deleted"] == true)
        #expect(deleted["deleted_at"] == "2016-06-02T07:49:49Z")
    }

    @Test(
        "names the kind of image after who may see it",
        arguments: [(ImageVisibility.public, "gold"), (.private, "private"), (.shared, "shared")])
    func imageType(_ visibility: ImageVisibility, word: String) throws {
        let document = try view(.active) { $0.details.visibility = visibility }
        #expect(document["__imagetype"]?.text == word)
        #expect(document["visibility"]?.text == visibility.rawValue)
    }

    @Test("leaves the origin of a public image empty, and names the parent of a copy")
    func origin() throws {
        let parent = ImageID("parent-1")
        let copy = try view(.active) { $0.origin = parent }
        #expect(copy["__originalimagename"] == "parent-1")
        let gold = try view(.active) {
            $0.origin = parent
            $0.details.visibility = .public
        }
        #expect(gold["__originalimagename"] == "")
        #expect(gold["__data_origin"] == "")
    }

    @Test(
        "passes the vendor's own fields through, and leaves them out when nobody set them",
        arguments: [
            ("hw_firmware_type", "uefi"), ("__support_kvm", "true"), ("__support_xen", "true"),
            ("__support_largememory", "true"), ("__support_diskintensive", "true"),
            ("__support_highperformance", "true"), ("__support_xen_gpu_type", "M60_vGPU"),
            ("__support_kvm_gpu_type", "V100_vGPU"), ("enterprise_project_id", "0"), ("__backup_id", "b-1"),
            ("__productcode", "p-1"),
        ])
    func vendorFields(_ field: String, value: String) throws {
        #expect(try view(.active)[field] == nil)
        let document = try view(.active) { $0.details.properties["ims.\(field)"] = .string(value) }
        #expect(document[field]?.text == value)
    }

    @Test(
        "derives platform, bits and type from the version",
        arguments: [
            ("Ubuntu 14.04 server 64bit", "Ubuntu", "64", "Linux"),
            ("Windows Server 2016 Standard 64bit", "Windows", "64", "Windows"),
            ("Red Hat Linux Enterprise 7.3 64bit", "Red Hat", "64", "Linux"),
            ("CentOS 6.8 32bit", "CentOS", "32", "Linux"), ("OpenSUSE 42.2 64bit", "OpenSUSE", "64", "Linux"),
            ("SUSE Enterprise 15 SP1 64bit", "SUSE", "64", "Linux"),
            ("Debian GNU/Linux 9.0.0 64bit", "Debian", "64", "Linux"),
            ("Oracle Linux Server release 7.4 64bit", "Oracle Linux", "64", "Linux"),
            ("Fedora 26 64bit", "Fedora", "64", "Linux"), ("CoreOS 1185.3.0 64bit", "CoreOS", "64", "Linux"),
            ("EulerOS 2.2 64bit", "EulerOS", "64", "Linux"), ("Other (32 bit)", "Other", "32", "Other"),
        ])
    func operatingSystem(version: String, platform: String, bits: String, type: String) throws {
        let document = try view(.active) { $0.details.properties["ims.__os_version"] = .string(version) }
        #expect(document["__os_version"]?.text == version)
        #expect(document["__platform"]?.text == platform)
        #expect(document["__os_bit"]?.text == bits)
        #expect(document["__os_type"]?.text == type)
    }

    @Test("makes the version from what the message says under os")
    func versionFromOS() throws {
        let document = try view(.active) {
            $0.details.properties["ims.__os_version"] = nil
            $0.details.os = OperatingSystem(type: "linux", distro: "ubuntu", version: "24.04", arch: "x86_64")
        }
        #expect(document["__os_version"] == "Ubuntu 24.04 64bit")
        #expect(document["__platform"] == "Ubuntu")
        let unknown = try view(.active) { $0.details.properties["ims.__os_version"] = nil }
        #expect(unknown["__os_version"] == nil)
        #expect(unknown["__os_bit"] == nil)
        #expect(unknown["__platform"] == nil)
    }

    @Test("says how the image is used: a server's disk, or an ISO")
    func environment() throws {
        let iso = try view(.active) {
            $0.details.properties["ims.disk_format"] = nil
            $0.content = ImageContent(format: .iso, size: 1, virtualSize: 1, digests: [])
        }
        #expect(iso["virtual_env_type"] == "IsoImage")
        #expect(iso["disk_format"] == "iso")
        let data = try view(.active) { $0.details.properties["ims.virtual_env_type"] = .string("DataImage") }
        #expect(data["virtual_env_type"] == "DataImage")
    }

    @Test("keeps the declared zvhd2 where the bytes show no other format")
    func opaqueFormat() throws {
        let document = try view(.active) {
            $0.details.properties["ims.disk_format"] = .string("zvhd2")
            $0.content = ImageContent(format: .raw, size: 1, virtualSize: 1, digests: [])
        }
        #expect(document["disk_format"] == "zvhd2")
    }

    @Test(
        "declares a format that cannot be looked into by zvhd and zvhd2 alone",
        arguments: [("zvhd", true), ("zvhd2", true), ("zvhd3", false), ("raw", false), (nil, false)])
    func opaqueDeclaration(format: String?, isOpaque: Bool) {
        var details = ImageDetails(name: "n", profile: "ims")
        details.properties["ims.disk_format"] = format.map { .string($0) }
        let profile = IMSProfile(in: ProfileContext())
        #expect(profile.opaqueFormat(of: details) == (isOpaque ? format : nil))
        details.profile = "ncp"
        #expect(NCPProfile(in: ProfileContext()).opaqueFormat(of: details) == nil)
    }
}
