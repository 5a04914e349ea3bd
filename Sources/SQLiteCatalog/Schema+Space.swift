extension Schema {
    /// 5: what is promised of each store. Who does not know of it promises nothing and is promised nothing.
    static let space = """
        ALTER TABLE transfers ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE transfers ADD COLUMN written INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX transfers_promised ON transfers (store, reserved, written)
            WHERE state IN ('staging', 'committing');
        CREATE TABLE released_space (store TEXT NOT NULL PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        """
}
