internal import CLinux

/// Facts of the filesystem that an open file lies on. See statvfs(3), statfs(2).
package struct Filesystem: Sendable {
    /// True for tmpfs and ramfs, which the machine's next start empties.
    package let isMemory: Bool
    /// True where no program can be run (mounted noexec).
    package let isNoexec: Bool

    /// Its name where other hosts may have it, too, or a program answers for it: NFS, SMB, CephFS and the like, FUSE;
    /// nil for any other.
    package let remoteName: String?
    /// Whether another host grants its locks and renames, whatever a try of them says here.
    package var isNetwork: Bool { remoteName != nil && remoteName != Filesystem.fuse }

    private static let fuse = "FUSE"

    /// The numbers of f_type, as statfs(2) and the kernel's linux/magic.h have them.
    private static func remoteName(ofType type: Int64) -> String? {
        switch type {
        case 0x6969: "NFS"
        case 0x517B, 0xFF53_4D42, 0xFE53_4D42: "SMB"
        case 0x00C3_6400: "CephFS"
        case 0x0102_1997: "9P"
        case 0x5346_414F, 0x6B41_4653: "AFS"
        case 0x0BD0_0BD0: "Lustre"
        case 0x6573_5546: fuse
        default: nil
        }
    }

    /// Asks for the filesystem that an open file lies on.
    package init(of file: borrowing Descriptor) throws(Errno) {
        var (memory, noexec) = (Int32(0), Int32(0))
        let number = file.raw
        _ = try retrying { clinux_filesystem(number, &memory, &noexec) }
        (isMemory, isNoexec) = (memory != 0, noexec != 0)
        remoteName = Filesystem.remoteName(ofType: try retrying { clinux_filesystem_type(number) })
    }
}

/// Why the program at `path` cannot be run, as far as its file tells; nil where it can.
package func programFault(at path: String) -> String? {
    do throws(Errno) {
        let file = try Descriptor(readingFileAt: path)
        let status = try file.status()
        if !status.isRegular { return "a \(status.kind) and not a program" }
        if status.permissions & 0o111 == 0 { return "not executable (chmod +x)" }
        return try Filesystem(of: file).isNoexec ? "on a filesystem where no program can be run (mounted noexec)" : nil
    } catch {
        // A program that may be run and not read is one all the same.
        return error == .accessDenied ? nil : "\(error)"
    }
}
