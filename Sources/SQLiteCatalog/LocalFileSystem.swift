import Catalog
import Foundation

/// SQLite's locks and shared memory need a local file system (https://www.sqlite.org/wal.html).
enum LocalFileSystem {
    /// Throws ``CatalogError`` with `unusable` when `directory` lies on a network file system.
    static func require(_ directory: String) throws {
        let path = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path
        // Without /proc nothing can be told, and refusing would be worse than trusting.
        guard let table = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8),
            let type = type(of: path, in: table), isNetworked(type)
        else { return }
        throw CatalogError(
            .unusable,
            "\(directory) lies on \(type), a file system of the network; SQLite needs a disk of this host, and "
                + "workers on several hosts share a catalog in PostgreSQL (catalog.url: postgres://…)")
    }

    /// Whether other hosts may have the same files, by the name of a file system's type in `mountinfo`.
    ///
    /// FUSE names its programs behind a dot; one that does not is taken for local.
    static func isNetworked(_ type: String) -> Bool {
        networked.contains(type.hasPrefix("fuse.") ? String(type.dropFirst("fuse.".count)) : type)
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
        "9p", "afs", "beegfs", "blobfuse", "blobfuse2", "ceph", "ceph-fuse", "cifs", "coda", "davfs", "gcsfuse", "gfs2",
        "glusterfs", "goofys", "gpfs", "juicefs", "lustre", "mfs", "moosefs", "mount-s3", "ncpfs", "nfs", "nfs4",
        "ocfs2", "orangefs", "panfs", "rclone", "s3fs", "seaweedfs", "smb3", "smbfs", "smbnetfs", "sshfs", "wekafs",
    ]
}
