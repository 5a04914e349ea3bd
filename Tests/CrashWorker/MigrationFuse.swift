import CSQLite
import Synchronization

/// Ends this process at the n-th statement that SQLite begins to run, wherever that is: the first ones of a new catalog
/// make its tables.
enum MigrationFuse {
    private static let left = Atomic<Int>(0)

    /// Watches every connection that is opened from now on.
    static func arm(statement: Int) {
        left.store(statement, ordering: .relaxed)
        // SQLite declares the entry point of an extension without its parameters.
        typealias Entry = @convention(c) () -> Void
        let entry: @convention(c) (OpaquePointer?, OpaquePointer?, OpaquePointer?) -> Int32 = { connection, _, _ in
            sqlite3_trace_v2(connection, UInt32(SQLITE_TRACE_STMT), MigrationFuse.note, nil)
        }
        _ = sqlite3_auto_extension(unsafeBitCast(entry, to: Entry.self))
    }

    private static let note:
        @convention(c) (UInt32, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Int32 =
            { _, _, statement, _ in
                guard let text = sqlite3_sql(statement.map { OpaquePointer($0) }),
                    String(cString: text).contains("CREATE "),
                    MigrationFuse.left.subtract(1, ordering: .relaxed).newValue == 0
                else { return 0 }
                Fuse.killThisProcess()
            }
}
