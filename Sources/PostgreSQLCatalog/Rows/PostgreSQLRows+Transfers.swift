import Catalog
import ImageModel

extension PostgreSQLRows {
    private static let columns = "id, job, image, store, state, result, checkpoint, reserved, written, created_at"

    func insert(_ transfer: Transfer) throws {
        let sql = """
            INSERT INTO transfers (id, job, image, store, state, created_at, reserved, written)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """
        try write(
            sql,
            [
                .text(transfer.id.rawValue), .text(transfer.job.rawValue), .text(transfer.image.rawValue),
                .text(transfer.store.rawValue), .text(transfer.state.rawValue),
                .integer(transfer.createdAt.microseconds), .integer(transfer.reservedBytes),
                .integer(transfer.writtenBytes),
            ])
    }

    func update(_ transfer: Transfer) throws {
        try write(
            """
            UPDATE transfers SET state = $2, result = $3, checkpoint = $4, reserved = $5, written = $6 WHERE id = $1
            """,
            [
                .text(transfer.id.rawValue), .text(transfer.state.rawValue),
                Parameter(try transfer.result.map { try RowCoding.text($0) }),
                Parameter(try transfer.checkpoint.map { try RowCoding.text($0) }),
                .integer(transfer.reservedBytes), .integer(transfer.writtenBytes),
            ])
    }

    func openTransfers(of job: JobID) throws -> [Transfer] {
        let sql = """
            SELECT \(Self.columns) FROM transfers WHERE job = $1 AND state IN ('staging', 'committing') ORDER BY number
            """
        return try all(sql, [.text(job.rawValue)]).map(transfer)
    }

    func abandonedTransfers(after: TransferID?, limit: Int) throws -> [Transfer] {
        let sql = """
            SELECT \(Self.columns) FROM transfers
            WHERE state = 'abandoned' AND number > coalesce((SELECT number FROM transfers WHERE id = $1), 0)
            ORDER BY number LIMIT $2
            """
        return try all(sql, [.text(after?.rawValue ?? ""), Parameter(limit)]).map(transfer)
    }

    private func transfer(_ row: AnswerRow) throws -> Transfer {
        var transfer = Transfer(
            id: try RowCoding.word(row.text("id"), TransferID.init),
            job: try RowCoding.word(row.text("job"), JobID.init),
            image: try RowCoding.word(row.text("image"), ImageID.init),
            store: try RowCoding.word(row.text("store"), StoreName.init),
            createdAt: Timestamp(microseconds: try row.integer("created_at")))
        transfer.state = try RowCoding.word(row.text("state"), TransferState.init)
        transfer.reservedBytes = try row.integer("reserved")
        transfer.writtenBytes = try row.integer("written")
        transfer.result = try row.textIfAny("result").map { try RowCoding.value(from: $0) }
        // One that a later version wrote may not be readable: the transfer then begins again.
        transfer.checkpoint = try row.textIfAny("checkpoint").flatMap { try? RowCoding.value(from: $0) }
        return transfer
    }

    func promises(in store: StoreName) throws -> SpacePromises {
        try hold("store:\(store)")
        // One statement sees one moment: what ceases to be outstanding is released in the same one.
        let sql = """
            SELECT (SELECT coalesce(sum(greatest(0, reserved - written)), 0)::bigint FROM transfers
                    WHERE store = $1 AND state IN ('staging', 'committing')) AS outstanding,
                (SELECT coalesce(sum(bytes), 0)::bigint FROM released_space WHERE store = $1) AS released
            """
        guard let row = try first(sql, [.text(store.rawValue)]) else {
            return SpacePromises(outstanding: 0, released: 0)
        }
        return SpacePromises(outstanding: try row.integer("outstanding"), released: try row.integer("released"))
    }

    func noteReleased(_ bytes: Int64, in store: StoreName) throws {
        // Everybody who writes to a store adds to this number, so it is spread over several rows.
        let sql = """
            INSERT INTO released_space AS r (store, part, bytes) VALUES ($1, $2, $3)
            ON CONFLICT (store, part) DO UPDATE SET bytes = r.bytes + excluded.bytes
            """
        try write(
            sql, [.text(store.rawValue), .integer(Int64(LockKeys.hash(session.name) % 64)), .integer(bytes)])
    }
}
