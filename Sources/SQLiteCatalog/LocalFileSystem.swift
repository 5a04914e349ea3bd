import Catalog
import Foundation

/// SQLite's locks and shared memory need a local file system (https://www.sqlite.org/wal.html).
enum LocalFileSystem {
    /// Throws ``CatalogError`` with `unusable` when `directory` lies on a network file system.
    static func require(_ directory: String) throws {
        let path = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path
        // Without /proc nothing can be told, and refusing would be worse than trusting.
        guard let table = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8),
            let type = type(of: path, in: table), networked.contains(type)
        else { return }
        throw CatalogError(
            .unusable, "\(directory) lies on \(type); SQLite needs a local disk, PostgreSQL serves many hosts")
    }

    /// The type of the file system that holds `path`, from a table as proc(5) describes `mountinfo`.
    static func type(of path: String, in table: String) -> String? {
        var best: (length: Int, type: String)?
        for line in table.split(separator: "\n") {
            let halves = line.components(separatedBy: " - ")
            let fields = halves[0].split(separator: " ")
            guard halves.count == 2, fields.count > 4, let type = halves[1].split(separator: " ").first else {
                continue
            }
            let point = fields[4].replacingOccurrences(of: "\\040", with: " ")
            let holds = path == point || path.hasPrefix(point.hasSuffix("/") ? point : point + "/")
            // Later lines are mounted over earlier ones.
            if holds, point.utf8.count >= best?.length ?? 0 { best = (point.utf8.count, String(type)) }
        }
        return best?.type
    }

    private static let networked: Set<String> = [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "lustre", "afs", "ocfs2", "gfs2", "glusterfs",
        "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs",
    ]
}
