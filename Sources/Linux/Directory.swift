internal import CLinux
internal import Glibc

/// An open directory, the anchor of every *at(2) call. Names are single components.
package struct Directory: ~Copyable {
    package let descriptor: Descriptor
    /// Whether the descriptor can be synced and read; false when opened with O_PATH only.
    package let isReadable: Bool

    /// Opens the directory at `path` for reading. A symbolic link as last component is followed.
    package init(path: String) throws(Errno) {
        descriptor = Descriptor(
            owning: try retrying { clinux_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) })
        isReadable = true
    }

    /// Opens the directory at `path` as an anchor for names only (O_PATH), which search
    /// permission is enough for. A symbolic link as last component is followed.
    package init(anchorAt path: String) throws(Errno) {
        descriptor = Descriptor(
            owning: try retrying { clinux_openat(AT_FDCWD, path, clinux_o_path | O_DIRECTORY | O_CLOEXEC, 0) })
        isReadable = false
    }

    private init(_ descriptor: consuming Descriptor, isReadable: Bool) {
        self.descriptor = descriptor
        self.isReadable = isReadable
    }

    /// Opens the directory `name` in this one; a symbolic link is refused (ELOOP, ENOTDIR).
    package func directory(_ name: String) throws(Errno) -> Directory {
        let fd = try retrying {
            clinux_openat(descriptor.raw, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0)
        }
        return Directory(Descriptor(owning: fd), isReadable: true)
    }

    /// Opens the directory `name` for reading or, where only search is allowed, as an
    /// anchor for names (O_PATH): then ``isReadable`` is false and ``sync()`` fails.
    package func directoryOrAnchor(_ name: String) throws(Errno) -> Directory {
        do {
            return try directory(name)
        } catch {
            if error != .accessDenied { throw error }
        }
        let fd = try retrying {
            clinux_openat(descriptor.raw, name, clinux_o_path | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0)
        }
        return Directory(Descriptor(owning: fd), isReadable: false)
    }

    /// Creates and opens a new file for writing: O_EXCL and O_NOFOLLOW, so that nothing
    /// that is there already is touched. What the mode gives to others it has whatever the umask says.
    package func create(_ name: String, mode: UInt32) throws(Errno) -> Descriptor {
        let fd = try retrying {
            clinux_openat(descriptor.raw, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_t(mode))
        }
        let file = Descriptor(owning: fd)
        // The umask belongs to the application, which may change it at any time, and reading
        // it means setting it: it is not asked for.
        if mode & 0o077 != 0 {
            do throws(Errno) {
                try file.setMode(mode)
            } catch {
                // What was created must not stay behind; that error is the one to report.
                _ = unlinkat(descriptor.raw, name, 0)
                throw error
            }
        }
        return file
    }

    /// How a file that is there already is opened. O_NOFOLLOW, O_NONBLOCK and O_NOCTTY are always set.
    package enum Access { case read, append }

    /// Opens a file that exists. A symbolic link gives ELOOP. See openat(2).
    package func open(_ name: String, _ access: Access = .read) throws(Errno) -> Descriptor {
        let mode = access == .read ? O_RDONLY : O_RDWR | O_APPEND
        let fd = try retrying {
            clinux_openat(descriptor.raw, name, mode | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0)
        }
        return Descriptor(owning: fd)
    }

    /// Renames onto a name that must be free (EEXIST otherwise). See renameat2(2), RENAME_NOREPLACE.
    package func rename(_ name: String, into target: borrowing Directory, as newName: String) throws(Errno) {
        _ = try retrying { clinux_rename_noreplace(descriptor.raw, name, target.descriptor.raw, newName) }
    }

    /// Renames an entry that was listed, whatever bytes its name has, onto a name that must be free.
    package func rename(bytes name: DirectoryName, into target: borrowing Directory, as newName: String) throws(Errno) {
        if let text = name.text { return try rename(text, into: target, as: newName) }
        _ = try retrying {
            name.withCString { clinux_rename_noreplace(descriptor.raw, $0, target.descriptor.raw, newName) }
        }
    }

    /// Renames, replacing what has that name. See renameat(2).
    package func replace(_ name: String, into target: borrowing Directory, as newName: String) throws(Errno) {
        _ = try retrying { renameat(descriptor.raw, name, target.descriptor.raw, newName) }
    }

    /// Swaps two names that must both be there (ENOENT otherwise). See renameat2(2), RENAME_EXCHANGE.
    package func exchange(_ name: String, with other: String) throws(Errno) {
        _ = try retrying { clinux_rename_exchange(descriptor.raw, name, descriptor.raw, other) }
    }

    /// See linkat(2).
    package func link(_ name: String, into target: borrowing Directory, as newName: String) throws(Errno) {
        _ = try retrying { linkat(descriptor.raw, name, target.descriptor.raw, newName, 0) }
    }

    /// See unlinkat(2).
    package func unlink(_ name: String) throws(Errno) { _ = try retrying { unlinkat(descriptor.raw, name, 0) } }

    /// See rmdir(2).
    package func removeDirectory(_ name: String) throws(Errno) {
        _ = try retrying { unlinkat(descriptor.raw, name, AT_REMOVEDIR) }
    }

    /// Creates a directory with exactly this mode, whatever the umask says. See mkdirat(2).
    package func makeDirectory(_ name: String, mode: UInt32) throws(Errno) {
        _ = try retrying { mkdirat(descriptor.raw, name, mode_t(mode)) }
        // mkdir(2) applies the umask and drops the set-group-id bit. Who owns this directory may
        // have put a symbolic link there meanwhile, which directory(_:) does not follow.
        try directory(name).descriptor.setMode(mode)
    }

    /// Creates a directory by its path. See mkdir(2).
    package static func make(path: String, mode: UInt32) throws(Errno) {
        _ = try retrying { mkdir(path, mode_t(mode)) }
        _ = try retrying { chmod(path, mode_t(mode)) }
    }

    /// See fchmodat(2).
    package func setMode(_ name: String, _ mode: UInt32) throws(Errno) {
        _ = try retrying { fchmodat(descriptor.raw, name, mode_t(mode), 0) }
    }

    /// The status of `name`; a symbolic link is not followed. See fstatat(2).
    package func status(_ name: String) throws(Errno) -> FileStatus {
        var buffer = stat()
        _ = try retrying { fstatat(descriptor.raw, name, &buffer, AT_SYMLINK_NOFOLLOW) }
        return FileStatus(buffer)
    }

    /// Looks at an entry that was listed, whatever bytes its name has. See fstatat(2).
    package func status(of name: DirectoryName) throws(Errno) -> FileStatus {
        if let text = name.text { return try status(text) }
        var buffer = stat()
        _ = try retrying { name.withCString { fstatat(descriptor.raw, $0, &buffer, AT_SYMLINK_NOFOLLOW) } }
        return FileStatus(buffer)
    }

    /// Whether a file of that name is here.
    package func contains(_ name: String) throws(Errno) -> Bool {
        do {
            _ = try status(name)
            return true
        } catch {
            if error == .noEntry { return false }
            throw error
        }
    }

    /// Sets the modification time of `name`. See utimensat(2).
    package func setModified(_ name: String, nanoseconds: Int64) throws(Errno) {
        let times = modificationTimes(nanoseconds: nanoseconds)
        _ = try retrying { utimensat(descriptor.raw, name, times, AT_SYMLINK_NOFOLLOW) }
    }

    /// Makes the directory's entries durable. See fsync(2).
    package func sync() throws(Errno) { try descriptor.sync() }

    /// Takes the lock of the directory itself. See ``Descriptor/lock()``.
    package func lock() throws(Errno) -> Bool { try descriptor.lock() }

    /// Whether another process has the lock. Asked by taking a shared one for a moment, in which ``lock()`` of another
    /// process would fail.
    package func isLocked() throws(Errno) -> Bool { try !descriptor.lock(shared: true) }

    package func status() throws(Errno) -> FileStatus { try descriptor.status() }

    /// The names in it, read from the beginning, a few at a time if the caller wants.
    package func entries() throws(Errno) -> DirectoryStream { try DirectoryStream(self) }
}

/// A position in a directory that is being read. See readdir(3).
package struct DirectoryStream: ~Copyable {
    private let stream: UnsafeMutableRawPointer

    init(_ directory: borrowing Directory) throws(Errno) {
        guard let opened = clinux_opendir(directory.descriptor.raw) else { throw Errno.last }
        stream = opened
    }

    deinit { clinux_closedir(stream) }

    /// The next name, "." and ".." left out; nil at the end. Names that are not valid
    /// UTF-8 come as ``DirectoryName/bytes`` only.
    package mutating func next() throws(Errno) -> DirectoryName? {
        var type: UInt8 = 0
        guard let name = clinux_readdir(stream, &type) else {
            if clinux_errno() == 0 { return nil }
            throw Errno.last
        }
        return DirectoryName(name, type: type)
    }
}

/// One entry's name and what readdir(3) says that it is.
package struct DirectoryName {
    /// The name as a string; nil when it is not valid UTF-8.
    package let text: String?
    /// The name's bytes, without the final NUL; empty when ``text`` is there.
    package let bytes: [CChar]
    private let type: UInt8

    init(_ name: UnsafePointer<CChar>, type: UInt8) {
        text = String(validatingCString: name)
        bytes = text == nil ? Array(UnsafeBufferPointer(start: name, count: strlen(name))) : []
        self.type = type
    }

    /// A name that is known to be there.
    package init(_ text: String) {
        self.text = text
        bytes = []
        type = UInt8(DT_UNKNOWN)
    }

    /// The name with what is not printable ASCII escaped, for messages: `a\x0Ab`.
    package var printable: String {
        let units = text.map { Array($0.utf8) } ?? bytes.map { UInt8(bitPattern: $0) }
        var shown = ""
        for unit in units.prefix(255) {
            if unit >= 0x20, unit < 0x7F, unit != UInt8(ascii: "\\") {
                shown.unicodeScalars.append(Unicode.Scalar(unit))
            } else {
                shown += "\\x" + (unit < 16 ? "0" : "") + String(unit, radix: 16, uppercase: true)
            }
        }
        return shown
    }

    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (bytes + [0]).withUnsafeBufferPointer { body($0.baseAddress!) }
    }

    package var isHidden: Bool { text.map { $0.utf8.first == UInt8(ascii: ".") } ?? (bytes.first == 0x2E) }
    /// True, false, or nil where the filesystem does not say.
    package var isRegular: Bool? { type == DT_UNKNOWN ? nil : type == DT_REG }
    package var isDirectory: Bool? { type == DT_UNKNOWN ? nil : type == DT_DIR }
}
