import ImageModel

extension PostgreSQLRows {
    /// Keeps other writers from the sum that this name stands for until the end of the transaction.
    func hold(_ name: String) throws { try hold(name, "pg_advisory_xact_lock", keys.named(name)) }

    /// Begins to count what runs; see ``LockKeys/claims``.
    ///
    /// - Returns: Whether it had to be asked for, so that what was read before may be out of date.
    @discardableResult
    func holdClaims() throws -> Bool { try hold("claims", "pg_advisory_xact_lock", keys.claims) }

    /// Begins to insert, or to ask for what is not there.
    ///
    /// - Returns: Whether it had to be asked for, so that what was read before may be out of date.
    @discardableResult
    func holdArrivals() throws -> Bool { try share(.arrivals) }

    /// Begins to count what an owner has. Who counts a second owner's would meet others who count the same two the
    /// other way round, and is run again with the count of all owners to itself.
    func holdQuota(of owner: String) throws {
        guard isWriting, !alone.contains(.quotas), !alone.contains(.everybody) else { return }
        // In the order in which whoever needs them alone takes them.
        try holdArrivals()
        _ = try share(.quotas)
        if memory.countedOwner != nil, memory.countedOwner != owner { memory.wanted.insert(.quotas) }
        memory.countedOwner = owner
        if !memory.wanted.contains(.quotas) { try hold("owner:\(owner)") }
    }

    /// Has this transaction run again without others, when what it asks concerns all rows.
    func requireSolitude() {
        if isWriting { memory.wanted.insert(.everybody) }
    }

    /// The locks that the transaction must be run again with; none when it may be committed.
    var missing: Set<LockKeys.Exclusive> {
        guard isWriting, !alone.contains(.everybody) else { return [] }
        // Whether something that is not there will stay away can only be said when nobody inserts.
        return (memory.absent.isEmpty ? memory.wanted : memory.wanted.union([.arrivals])).subtracting(alone)
    }

    private func share(_ lock: LockKeys.Exclusive) throws -> Bool {
        guard !alone.contains(lock) else { return false }
        return try hold("\(lock)", "pg_advisory_xact_lock_shared", keys.sharing(lock))
    }

    @discardableResult
    private func hold(_ name: String, _ function: String, _ key: [Parameter]) throws -> Bool {
        guard isWriting, !alone.contains(.everybody), memory.heldLocks.insert(name).inserted else { return false }
        _ = try session.run("SELECT \(function)($1::int, $2::int)", key)
        return true
    }
}
