import Catalog
import GRDB
import ImageModel

extension SQLiteRows {
    func insert(_ transfer: Transfer) throws {
        let sql = """
            INSERT INTO transfers (id, job, image, store, state, created_at, reserved, written)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """
        try run(
            sql,
            [
                transfer.id.rawValue, transfer.job.rawValue, transfer.image.rawValue, transfer.store.rawValue,
                transfer.state.rawValue, transfer.createdAt.microseconds,
                transfer.reservedBytes, transfer.writtenBytes,
            ])
    }

    func update(_ transfer: Transfer) throws {
        try run(
            "UPDATE transfers SET state = ?, result = ?, checkpoint = ?, reserved = ?, written = ? WHERE id = ?",
            [
                transfer.state.rawValue, try transfer.result.map { try text($0) },
                try transfer.checkpoint.map { try text($0) }, transfer.reservedBytes, transfer.writtenBytes,
                transfer.id.rawValue,
            ])
    }

    func openTransfers(of job: JobID) throws -> [Transfer] {
        let sql = "SELECT * FROM transfers WHERE job = ? AND state IN ('staging', 'committing') ORDER BY number"
        return try all(sql, [job.rawValue]).map(transfer)
    }

    func abandonedTransfers(after: TransferID?, limit: Int) throws -> [Transfer] {
        let sql = """
            SELECT * FROM transfers
            WHERE state = 'abandoned' AND number > coalesce((SELECT number FROM transfers WHERE id = ?), 0)
            ORDER BY number LIMIT ?
            """
        return try all(sql, [after?.rawValue ?? "", limit]).map(transfer)
    }

    private func transfer(_ row: Row) throws -> Transfer {
        let result: String? = row["result"]
        let checkpoint: String? = row["checkpoint"]
        var transfer = Transfer(
            id: try word(row["id"], TransferID.init), job: try word(row["job"], JobID.init),
            image: try word(row["image"], ImageID.init), store: try word(row["store"], StoreName.init),
            createdAt: Timestamp(microseconds: row["created_at"]))
        transfer.state = try word(row["state"], TransferState.init)
        transfer.reservedBytes = row["reserved"]
        transfer.writtenBytes = row["written"]
        transfer.result = try result.map { try value(from: $0) }
        // One that a later version wrote may not be readable: the transfer then begins again.
        transfer.checkpoint = checkpoint.flatMap { try? value(from: $0) }
        return transfer
    }
}
