import Catalog
import GRDB
import ImageModel

extension SQLiteRows {
    func image(_ id: ImageID) throws -> Image? {
        if let known = cache.images[id] { return known }
        let image = try first("SELECT * FROM images WHERE id = ?", [id.rawValue]).map(image)
        cache.images[id] = image
        return image
    }

    func image(_ row: Row) throws -> Image {
        let id: String = row["id"]
        let properties = try all("SELECT key, value FROM image_properties WHERE image = ?", [id])
        let tags = try all("SELECT tag FROM image_tags WHERE image = ? ORDER BY position", [id])
        let operation: String? = row["operation"]
        let content: String? = row["content"]
        let owner: String? = row["owner"]
        let origin: String? = row["origin"]
        let provenance: String? = row["provenance"]
        let details = ImageDetails(
            name: row["name"], owner: owner.flatMap(AccountID.init), profile: row["profile"],
            description: row["description"], visibility: try word(row["visibility"], ImageVisibility.init),
            isProtected: row["protected"], tags: tags.map { $0["tag"] }, minimumDiskGiB: row["min_disk_gib"],
            minimumRAMMiB: row["min_ram_mib"], os: try value(from: row["os"]),
            properties: try properties.reduce(into: [:]) { $0[$1["key"]] = try value(from: $1["value"]) })
        return Image(
            id: try word(id, ImageID.init), details: details, status: try word(row["status"], ImageStatus.init),
            operation: operation.flatMap(ImageOperation.init), revision: row["revision"],
            content: try content.map { try value(from: $0) }, origin: origin.flatMap(ImageID.init),
            provenance: try provenance.map { try value(from: $0) }, replicas: try replicas(of: id),
            createdAt: Timestamp(microseconds: row["created_at"]),
            updatedAt: Timestamp(microseconds: row["updated_at"]))
    }

    private func replicas(of image: String) throws -> [Replica] {
        try all("SELECT * FROM replicas WHERE image = ? ORDER BY store", [image]).map { row in
            Replica(
                store: try word(row["store"], StoreName.init), state: try word(row["state"], ReplicaState.init),
                objectKey: row["object_key"], url: row["url"], createdAt: moment(row["created_at"]),
                updatedAt: moment(row["updated_at"]))
        }
    }

    private func moment(_ microseconds: Int64?) -> Timestamp? { microseconds.map(Timestamp.init(microseconds:)) }

    func insert(_ image: Image) throws {
        let sql = """
            INSERT INTO images (
                id, name, owner, profile, description, visibility, protected, min_disk_gib, min_ram_mib, os, status,
                operation, revision, content, quota_bytes, origin, provenance, created_at, updated_at
            ) VALUES (
                :id, :name, :owner, :profile, :description, :visibility, :protected, :disk, :ram, :os, :status,
                :operation, :revision, :content, :quota, :origin, :provenance, :created, :updated
            )
            """
        try run(sql, try arguments(for: image, inserting: true))
        try writeParts(of: image, instead: nil)
    }

    func update(_ image: Image) throws {
        let known = try self.image(image.id)
        let sql = """
            UPDATE images SET
                name = :name, owner = :owner, profile = :profile, description = :description,
                visibility = :visibility, protected = :protected, min_disk_gib = :disk, min_ram_mib = :ram, os = :os,
                status = :status, operation = :operation, revision = :revision, content = :content, quota_bytes = :quota,
                origin = :origin, provenance = :provenance, updated_at = :updated
            WHERE id = :id
            """
        try run(sql, try arguments(for: image, inserting: false))
        guard database.changesCount == 1 else {
            throw CatalogError(.corrupt, "there is no image \(image.id) to update")
        }
        try writeParts(of: image, instead: known)
    }

    private func arguments(for image: Image, inserting: Bool) throws -> StatementArguments {
        let details = image.details
        var arguments: StatementArguments = [
            "id": image.id.rawValue, "name": details.name, "owner": details.owner?.rawValue,
            "profile": details.profile, "description": details.description,
            "visibility": details.visibility.rawValue, "protected": details.isProtected,
            "disk": details.minimumDiskGiB, "ram": details.minimumRAMMiB, "os": try text(details.os),
            "status": image.status.rawValue, "operation": image.operation?.rawValue, "revision": image.revision,
            "content": try image.content.map { try text($0) }, "origin": image.origin?.rawValue,
            "provenance": try image.provenance.map { try text($0) },
            "quota": image.quotaBytes,
            "updated": image.updatedAt.microseconds,
        ]
        if inserting { arguments += ["created": image.createdAt.microseconds] }
        return arguments
    }

    /// Writes what of properties, tags and replicas differs from what stands there.
    private func writeParts(of image: Image, instead known: Image?) throws {
        let id = image.id.rawValue
        if image.details.properties != known?.details.properties {
            try run("DELETE FROM image_properties WHERE image = ?", [id])
            for (key, value) in image.details.properties {
                try run(
                    "INSERT INTO image_properties (image, key, value) VALUES (?, ?, ?)", [id, key, try text(value)])
            }
        }
        if image.details.tags != known?.details.tags {
            try run("DELETE FROM image_tags WHERE image = ?", [id])
            for (position, tag) in image.details.tags.enumerated() {
                try run("INSERT INTO image_tags (image, position, tag) VALUES (?, ?, ?)", [id, position, tag])
            }
        }
        if image.replicas != known?.replicas {
            try run("DELETE FROM replicas WHERE image = ?", [id])
            for replica in image.replicas {
                let sql = """
                    INSERT INTO replicas (image, store, state, object_key, url, created_at, updated_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """
                try run(
                    sql,
                    [
                        id, replica.store.rawValue, replica.state.rawValue, replica.objectKey, replica.url,
                        replica.createdAt?.microseconds, replica.updatedAt?.microseconds,
                    ])
            }
        }
        // Read again when asked for: the rows decide the order of the replicas and the time of creation.
        cache.images[image.id] = nil
    }

    func member(_ account: AccountID, of image: ImageID) throws -> Member? {
        let sql = "SELECT * FROM members WHERE image = ? AND account = ?"
        return try first(sql, [image.rawValue, account.rawValue]).map(member)
    }

    func members(of image: ImageID) throws -> [Member] {
        try all("SELECT * FROM members WHERE image = ? ORDER BY account", [image.rawValue]).map(member)
    }

    private func member(_ row: Row) throws -> Member {
        Member(
            account: try word(row["account"], AccountID.init), status: try word(row["status"], MemberStatus.init),
            createdAt: Timestamp(microseconds: row["created_at"]),
            updatedAt: Timestamp(microseconds: row["updated_at"]))
    }

    func put(_ member: Member, of image: ImageID) throws {
        let sql = """
            INSERT INTO members (image, account, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (image, account) DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at
            """
        try run(
            sql,
            [
                image.rawValue, member.account.rawValue, member.status.rawValue, member.createdAt.microseconds,
                member.updatedAt.microseconds,
            ])
    }
}
