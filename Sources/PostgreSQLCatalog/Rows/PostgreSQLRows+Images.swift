import Catalog
import ImageModel

extension PostgreSQLRows {
    /// Named, not `*`: a column that a later version adds must not change what a prepared statement returns.
    static let imageColumns = """
        id, name, owner, profile, description, visibility, protected, tags, properties, min_disk_gib, min_ram_mib, os,
        status, operation, revision, content, origin, provenance, created_at, updated_at
        """

    func image(_ id: ImageID) throws -> Image? {
        if let known = memory.images[id] { return known }
        guard let row = try lockedImage(id, Self.imageColumns) else { return nil }
        let image = try image(row)
        if isWriting { memory.images[id] = image }
        return image
    }

    /// Locks an image, or its absence.
    func lockImage(_ id: ImageID) throws {
        guard isWriting, !memory.lockedImages.contains(id) else { return }
        _ = try lockedImage(id, "id")
    }

    private func lockedImage(_ id: ImageID, _ columns: String) throws -> AnswerRow? {
        let sql = "SELECT \(columns) FROM images WHERE id = $1 \(locking())"
        var row = try first(sql, [.text(id.rawValue)])
        if row == nil, try holdArrivals() { row = try first(sql, [.text(id.rawValue)]) }
        if row == nil { memory.absent.insert("image:\(id)") } else { memory.lockedImages.insert(id) }
        return row
    }

    func image(_ row: AnswerRow) throws -> Image {
        let id = try row.text("id")
        let details = ImageDetails(
            name: try row.text("name"), owner: AccountID(try row.text("owner")),
            profile: try row.textIfAny("profile"), description: try row.text("description"),
            visibility: try RowCoding.word(row.text("visibility"), ImageVisibility.init),
            isProtected: try row.flag("protected"), tags: try RowCoding.value(from: row.text("tags")),
            minimumDiskGiB: try row.integer("min_disk_gib"), minimumRAMMiB: try row.integer("min_ram_mib"),
            os: try RowCoding.value(from: row.text("os")),
            properties: try RowCoding.value(from: row.text("properties")))
        return Image(
            id: try RowCoding.word(id, ImageID.init), details: details,
            status: try RowCoding.word(row.text("status"), ImageStatus.init),
            operation: try row.textIfAny("operation").flatMap(ImageOperation.init),
            revision: try row.integer("revision"),
            content: try row.textIfAny("content").map { try RowCoding.value(from: $0) },
            origin: try row.textIfAny("origin").flatMap(ImageID.init),
            provenance: try row.textIfAny("provenance").map { try RowCoding.value(from: $0) },
            replicas: try replicas(of: id), createdAt: Timestamp(microseconds: try row.integer("created_at")),
            updatedAt: Timestamp(microseconds: try row.integer("updated_at")))
    }

    private func replicas(of image: String) throws -> [Replica] {
        let sql = """
            SELECT store, state, object_key, url, created_at, updated_at FROM replicas WHERE image = $1 ORDER BY store
            """
        return try all(sql, [.text(image)]).map { row in
            Replica(
                store: try RowCoding.word(row.text("store"), StoreName.init),
                state: try RowCoding.word(row.text("state"), ReplicaState.init),
                objectKey: try row.textIfAny("object_key"), url: try row.textIfAny("url"),
                createdAt: try row.integerIfAny("created_at").map(Timestamp.init(microseconds:)),
                updatedAt: try row.integerIfAny("updated_at").map(Timestamp.init(microseconds:)))
        }
    }

    func insert(_ image: Image) throws {
        try holdArrivals()
        memory.absent.remove("image:\(image.id)")
        memory.lockedImages.insert(image.id)
        let sql = """
            INSERT INTO images (
                id, name, owner, profile, description, visibility, protected, tags, properties, min_disk_gib,
                min_ram_mib, os, status, operation, revision, content, quota_bytes, origin, provenance, updated_at,
                created_at
            ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
            """
        try write(sql, try parameters(of: image) + [.integer(image.createdAt.microseconds)])
        try writeReplicas(of: image, instead: [])
    }

    func update(_ image: Image) throws {
        guard let known = try self.image(image.id) else {
            throw CatalogError(.corrupt, "there is no image \(image.id) to update")
        }
        let sql = """
            UPDATE images SET
                name = $2, owner = $3, profile = $4, description = $5, visibility = $6, protected = $7, tags = $8,
                properties = $9, min_disk_gib = $10, min_ram_mib = $11, os = $12, status = $13, operation = $14,
                revision = $15, content = $16, quota_bytes = $17, origin = $18, provenance = $19, updated_at = $20
            WHERE id = $1
            """
        try write(sql, try parameters(of: image))
        try writeReplicas(of: image, instead: known.replicas)
    }

    private func parameters(of image: Image) throws -> [Parameter] {
        let details = image.details
        return [
            .text(image.id.rawValue), .text(details.name), .text(details.owner?.rawValue ?? ""),
            Parameter(details.profile), .text(details.description), .text(details.visibility.rawValue),
            .flag(details.isProtected), .text(try RowCoding.text(details.tags)),
            .text(try RowCoding.text(details.properties)), .integer(details.minimumDiskGiB),
            .integer(details.minimumRAMMiB), .text(try RowCoding.text(details.os)), .text(image.status.rawValue),
            Parameter(image.operation?.rawValue), .integer(image.revision),
            Parameter(try image.content.map { try RowCoding.text($0) }), .integer(image.quotaBytes),
            Parameter(image.origin?.rawValue), Parameter(try image.provenance.map { try RowCoding.text($0) }),
            .integer(image.updatedAt.microseconds),
        ]
    }

    private func writeReplicas(of image: Image, instead known: [Replica]) throws {
        // Read again when asked for: the rows decide the order of the replicas and the time of creation.
        memory.images[image.id] = nil
        guard image.replicas != known else { return }
        let id = image.id.rawValue
        if !known.isEmpty { try write("DELETE FROM replicas WHERE image = $1", [.text(id)]) }
        for replica in image.replicas {
            let sql = """
                INSERT INTO replicas (image, store, state, object_key, url, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """
            try write(
                sql,
                [
                    .text(id), .text(replica.store.rawValue), .text(replica.state.rawValue),
                    Parameter(replica.objectKey), Parameter(replica.url),
                    Parameter(replica.createdAt?.microseconds), Parameter(replica.updatedAt?.microseconds),
                ])
        }
    }
}

// MARK: - Members

extension PostgreSQLRows {
    func member(_ account: AccountID, of image: ImageID) throws -> Member? {
        try lockImage(image)
        let sql = "SELECT account, status, created_at, updated_at FROM members WHERE image = $1 AND account = $2"
        return try first(sql, [.text(image.rawValue), .text(account.rawValue)]).map(member)
    }

    func members(of image: ImageID) throws -> [Member] {
        try lockImage(image)
        let sql = "SELECT account, status, created_at, updated_at FROM members WHERE image = $1 ORDER BY account"
        return try all(sql, [.text(image.rawValue)]).map(member)
    }

    private func member(_ row: AnswerRow) throws -> Member {
        Member(
            account: try RowCoding.word(row.text("account"), AccountID.init),
            status: try RowCoding.word(row.text("status"), MemberStatus.init),
            createdAt: Timestamp(microseconds: try row.integer("created_at")),
            updatedAt: Timestamp(microseconds: try row.integer("updated_at")))
    }

    func put(_ member: Member, of image: ImageID) throws {
        let sql = """
            INSERT INTO members (image, account, status, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (image, account) DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at
            """
        try write(
            sql,
            [
                .text(image.rawValue), .text(member.account.rawValue), .text(member.status.rawValue),
                .integer(member.createdAt.microseconds), .integer(member.updatedAt.microseconds),
            ])
    }
}
