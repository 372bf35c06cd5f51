internal import CLinux

/// Facts of the filesystem that an open file lies on. See statvfs(3), statfs(2).
package struct Filesystem: Sendable {
    /// True for tmpfs and ramfs, which the machine's next start empties.
    package let isMemory: Bool
    /// True where no program can be run (mounted noexec).
    package let isNoexec: Bool

    /// Asks for the filesystem that an open file lies on.
    package init(of file: borrowing Descriptor) throws(Errno) {
        var (memory, noexec) = (Int32(0), Int32(0))
        let number = file.raw
        _ = try retrying { clinux_filesystem(number, &memory, &noexec) }
        (isMemory, isNoexec) = (memory != 0, noexec != 0)
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
