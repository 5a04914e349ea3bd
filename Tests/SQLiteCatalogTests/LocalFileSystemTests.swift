import Testing

@testable import SQLiteCatalog

@Suite("Where the catalog may lie")
struct LocalFileSystemTests {
    private static let table = """
        22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
        30 22 0:26 / /srv rw - nfs4 server:/export rw,vers=4.2
        31 30 254:1 / /srv/local rw shared:7 master:1 - xfs /dev/vdb rw
        32 22 0:40 / /mnt/with\\040space rw - cifs //server/share rw
        33 22 0:41 / /over rw - nfs a:/b rw
        34 33 254:2 / /over rw - ext4 /dev/vdc rw
        not a line of mountinfo
        """

    @Test(
        "The mount that holds a path is the deepest one, the last of those mounted over each other",
        arguments: [
            ("/", "ext4"), ("/var/lib", "ext4"), ("/srv", "nfs4"), ("/srv/x", "nfs4"), ("/srvx", "ext4"),
            ("/srv/local/db", "xfs"), ("/srv/localx", "nfs4"), ("/mnt/with space/db", "cifs"), ("/over/x", "ext4"),
        ])
    func type(path: String, type: String) {
        #expect(LocalFileSystem.type(of: path, in: Self.table) == type)
    }

    @Test("Without a table nothing is said")
    func noTable() {
        #expect(LocalFileSystem.type(of: "/", in: "") == nil)
    }

    @Test(
        "File systems of the network are known by their types, those of FUSE by their programs",
        arguments: [
            ("nfs", true), ("nfs4", true), ("cifs", true), ("smb3", true), ("ceph", true), ("fuse.ceph-fuse", true),
            ("fuse.sshfs", true), ("fuse.s3fs", true), ("fuse.glusterfs", true), ("lustre", true), ("9p", true),
            ("ext4", false), ("xfs", false), ("btrfs", false), ("zfs", false), ("tmpfs", false), ("overlay", false),
            ("fuseblk", false), ("fuse.fuse-overlayfs", false), ("virtiofs", false), ("", false),
        ])
    func networked(type: String, isNetworked: Bool) {
        #expect(LocalFileSystem.isNetworked(type) == isNetworked)
    }
}
