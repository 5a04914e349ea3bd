import ImageModel
import ImageProfiles
import Testing

/// One test for each row of each vendor's table: the field is there, spelt so, of the type that the document says.
@Suite("Every row of the vendors' documents")
struct DocumentTableTests {
    /// What JSON has for a type of the documents.
    enum Kind: Sendable {
        case text, number, bool, list, object
        /// The document says that the field is not available, or spells it in two ways of which this is the other.
        case absent
    }

    /// An image of which everything is known.
    private func whole(_ profile: String, status: ImageStatus = .active) throws -> ProfiledImage {
        let details = ImageDetails(
            name: "web-1", owner: try account("acct-1"), profile: profile, description: "d",
            visibility: .private, tags: ["team=web"], minimumDiskGiB: 40, minimumRAMMiB: 1_024,
            os: OperatingSystem(type: "linux", distro: "ubuntu", version: "24.04", arch: "x86_64"),
            properties: Self.properties)
        let content = ImageContent(
            format: .qcow2, size: 1, virtualSize: 2,
            digests: [
                try digest(.md5, String(repeating: "1", count: 32)),
                try digest(.sha1, String(repeating: "2", count: 40)),
            ])
        let store = try #require(StoreName("default"))
        let image = try image("fccc12fee6a411d68c42763ded705630", details, status: status, content: content) {
            $0.replicas = [Replica(store: store, state: .available, objectKey: "k", url: "file:///k")]
            $0.provenance = Provenance(sourceURL: "https://o/a.qcow2", creator: "kim", editor: "lee")
        }
        return ProfiledImage(image, members: [try member("acct-2", .accepted)])
    }

    private static let properties: [String: PropertyValue] = [
        "ims.hw_firmware_type": .string("uefi"), "ims.__support_kvm": .string("true"),
        "ims.__support_xen": .string("true"), "ims.__support_largememory": .string("true"),
        "ims.__support_diskintensive": .string("true"), "ims.__support_highperformance": .string("true"),
        "ims.__support_xen_gpu_type": .string("a"), "ims.__support_kvm_gpu_type": .string("a"),
        "ims.enterprise_project_id": .string("0"), "ims.__backup_id": .string("a"), "ims.__productcode": .string("a"),
        "zstack.exportMd5Sum": .string("a"), "zstack.exportUrl": .string("a"),
    ]

    private func expect(
        _ document: DocumentValue?, _ field: String, _ kind: Kind, _ location: SourceLocationOfTest = #_sourceLocation
    ) {
        let found: Kind =
            switch document?[field] {
            case nil: .absent
            case .string: .text
            case .integer, .number: .number
            case .bool: .bool
            case .array: .list
            case .object: .object
            }
        #expect(found == kind, "\(field)", sourceLocation: location)
    }

    @Test(
        "Document 000: ServerImage of NAVER Cloud",
        arguments: [
            ("serverImageNo", .text), ("serverImageName", .text), ("serverImageDescription", .text),
            ("serverImageType", .object), ("serverImageLifeCyclePhase", .object), ("hypervisorType", .object),
            ("cpuArchitectureType", .object), ("osCategoryType", .object), ("osType", .object),
            ("serverImageStatusName", .text), ("serverImageStatus", .object), ("serverImageOperation", .object),
            ("serverImageProductCode", .text), ("createDate", .text), ("shareStatus", .object),
            ("sharedLoginIdList", .list), ("platformCategoryCode", .text), ("blockStorageMappingList", .list),
        ] as [(String, Kind)])
    func document000(field: String, kind: Kind) throws {
        let document = NCPProfile(in: ProfileContext(fields: NCPTests.fields)).document(of: try whole("ncp"))
        expect(document, field, kind)
        guard kind == .object else { return }
        expect(document[field], "code", .text)
        expect(document[field], "codeName", .text)
    }

    @Test(
        "Document 001: the image attributes of IMS",
        arguments: [
            ("file", .text), ("owner", .text), ("id", .text), ("size", .absent), ("self", .text), ("schema", .text),
            ("status", .text), ("tags", .list), ("visibility", .text), ("name", .text), ("checksum", .text),
            ("deleted", .bool), ("protected", .bool), ("container_format", .text), ("min_ram", .number),
            ("update_at", .absent), ("updated_at", .text), ("__os_bit", .text), ("__os_version", .text),
            ("__description", .text), ("disk_format", .text), ("__isregistered", .text), ("__platform", .text),
            ("__os_type", .text), ("min_disk", .number), ("virtual_env_type", .text), ("__image_source_type", .text),
            ("__imagetype", .text), ("__whole_image", .bool), ("create_at", .absent), ("created_at", .text),
            ("virtual_size", .number), ("deleted_at", .text), ("__originalimagename", .text), ("__backup_id", .text),
            ("__productcode", .text), ("__image_location", .text), ("__image_size", .text), ("__data_origin", .text),
            ("hw_firmware_type", .text), ("__support_kvm", .text), ("__support_xen", .text),
            ("__support_largememory", .text), ("__support_diskintensive", .text), ("__support_highperformance", .text),
            ("__support_xen_gpu_type", .text), ("__support_kvm_gpu_type", .text), ("__is_config_init", .text),
            ("enterprise_project_id", .text),
        ] as [(String, Kind)])
    func document001(field: String, kind: Kind) throws {
        expect(IMSProfile(in: ProfileContext()).document(of: try whole("ims", status: .deleted)), field, kind)
    }

    @Test(
        "Document 003: the answer of IMS to a call that creates metadata",
        arguments: [
            ("visibility", .text), ("name", .text), ("protected", .bool), ("container_format", .text),
            ("disk_format", .text), ("tags", .list), ("min_ram", .number), ("min_disk", .number), ("status", .text),
            ("created_at", .text), ("updated_at", .text), ("self", .text), ("id", .text), ("file", .text),
            ("schema", .text), ("__image_source_type", .text), ("__image_size", .text), ("__isregistered", .text),
            ("__os_version", .text), ("__os_type", .text), ("__platform", .text), ("__os_bit", .text),
            ("__imagetype", .text), ("virtual_env_type", .text), ("owner", .text), ("__root_origin", .text),
            ("checksum", .text), ("size", .absent), ("virtual_size", .number),
        ] as [(String, Kind)])
    func document003(field: String, kind: Kind) throws {
        expect(IMSProfile(in: ProfileContext()).document(of: try whole("ims", status: .queued)), field, kind)
    }

    @Test(
        "Document 002: the pages of Samsung Cloud Platform's Image",
        arguments: [
            ("image_status", .text), ("service", .text), ("resource_type", .text), ("srn", .text),
            ("resource_name", .text), ("resource_id", .text), ("creator", .text), ("creation_time", .text),
            ("editor", .text), ("modification_date", .text), ("image_name", .text), ("minimum_disk", .number),
            ("minimum_ram", .number), ("os_type", .text), ("os_hash_algorithm", .text), ("visibility", .text),
            ("protected", .bool), ("image_size", .text), ("image_type", .text), ("image_file_url", .text),
            ("sharing_status", .list), ("tag", .list),
        ] as [(String, Kind)])
    func document002(field: String, kind: Kind) throws {
        let document = SCPProfile(in: ProfileContext(fields: ["srn": "srn:{id}"])).document(of: try whole("scp"))
        expect(document, field, kind)
        let columns = [
            "sharing_status": ["approved_account_id", "modification_date_time", "status"], "tag": ["key", "value"],
        ]
        guard case .array(let rows)? = document[field] else { return }
        for column in columns[field] ?? [] { expect(rows.first, column, .text) }
    }

    private func inventory() throws -> DocumentValue? {
        let context = ProfileContext(stores: ["default": "ae840e03a0044b759b0a8c09a141a46b"])
        let answer = ZStackProfile(in: context).document(of: try whole("zstack"))
        guard case .array(let inventories)? = answer["inventories"] else { return nil }
        return inventories.first
    }

    @Test(
        "Document 004: ZStack's image inventory",
        arguments: [
            ("uuid", .text), ("name", .text), ("description", .text), ("state", .text), ("status", .text),
            ("size", .number), ("url", .text), ("mediaType", .text), ("guestOsType", .text), ("platform", .text),
            ("system", .bool), ("format", .text), ("md5Sum", .text), ("type", .text), ("actualSize", .number),
            ("exportMd5Sum", .text), ("exportUrl", .text), ("backupStorageRefs", .list), ("createDate", .text),
            ("lastOpDate", .text),
        ] as [(String, Kind)])
    func document004(field: String, kind: Kind) throws {
        expect(try inventory(), field, kind)
    }

    @Test(
        "Document 004: the references to backup storages",
        arguments: ["imageUuid", "backupStorageUuid", "installPath", "createDate", "lastOpDate", "status"])
    func backupStorageReference(field: String) throws {
        guard case .array(let rows)? = try inventory()?["backupStorageRefs"] else {
            Issue.record("no backupStorageRefs")
            return
        }
        expect(rows.first, field, .text)
    }
}
