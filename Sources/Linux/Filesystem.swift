internal import CLinux

/// What the filesystem of an open file tells of itself. See statvfs(3), statfs(2).
package struct Filesystem: Sendable {
    /// Whether it lives in memory (tmpfs, ramfs): what is in it is gone with the machine's next start.
    package let isMemory: Bool
    /// Whether no program in it can be run (mounted noexec).
    package let isNoexec: Bool

    /// Asks for the filesystem that an open file lies on.
    package init(of file: borrowing Descriptor) throws(Errno) {
        var (memory, noexec) = (Int32(0), Int32(0))
        let number = file.raw
        _ = try retrying { clinux_filesystem(number, &memory, &noexec) }
        (isMemory, isNoexec) = (memory != 0, noexec != 0)
    }
}
