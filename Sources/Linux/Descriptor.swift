internal import CLinux
internal import Glibc

/// An open file descriptor, closed when the value ends.
///
/// Every descriptor of this module is opened with O_CLOEXEC.
package struct Descriptor: ~Copyable {
    /// The number. Valid as long as the value lives.
    package let raw: Int32

    package init(owning raw: Int32) { self.raw = raw }

    /// Opens the file at `path` for reading; symbolic links are followed, and nothing waits (a FIFO, a terminal).
    /// See openat(2).
    package init(readingFileAt path: String) throws(Errno) {
        raw = try retrying { clinux_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0) }
    }

    /// Opens a file to read. Opening a FIFO waits for a writer, and reading it for bytes.
    package init(readingAndAwaiting path: String) throws(Errno) {
        raw = try retrying { clinux_openat(AT_FDCWD, path, O_RDONLY | O_NOCTTY | O_CLOEXEC, 0) }
    }

    /// Opens the file at `path` for writing, made or emptied. See openat(2).
    package init(writingFileAt path: String) throws(Errno) {
        raw = try retrying { clinux_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0o666) }
    }

    deinit { _ = close(raw) }

    /// Gives up the number without closing it.
    package consuming func release() -> Int32 {
        let number = raw
        discard self
        return number
    }

    /// Closes and reports what close(2) reports (EIO, ENOSPC or EDQUOT of a late write).
    package consuming func closeChecked() throws(Errno) {
        let number = raw
        discard self
        if close(number) == -1 { throw Errno.last }
    }

    /// Writes all of `bytes`, in as many calls as it takes. See write(2).
    package func write(all bytes: UnsafeRawBufferPointer) throws(Errno) {
        var done = 0
        while done < bytes.count {
            done += try retrying { Glibc.write(raw, bytes.baseAddress! + done, bytes.count - done) }
        }
    }

    /// Writes all of `bytes`, in as many calls as it takes. See write(2).
    package func write(all bytes: [UInt8]) throws(Errno) {
        var failure: Errno?
        bytes.withUnsafeBytes { buffer in
            do throws(Errno) { try write(all: buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Reads once into `buffer`; 0 at the end of the file. See read(2).
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        try retrying { Glibc.read(raw, buffer.baseAddress, buffer.count) }
    }

    /// The bytes from `offset` on, at most `limit` of them.
    ///
    /// `sizeHint` is what fstat(2) said; a file that grew meanwhile is read further,
    /// up to the limit. See pread(2).
    package func readAll(from offset: Int = 0, limit: Int, sizeHint: Int = 4096) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var failure: Errno?
        var capacity = min(max(sizeHint - offset, 0) + 1, limit)
        while bytes.count < limit {
            let start = bytes.count
            let chunk = max(capacity - start, 1)
            let more = [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
                do throws(Errno) {
                    count = try retrying { pread(raw, buffer.baseAddress, chunk, off_t(offset + start)) }
                } catch { failure = error }
            }
            if let failure { throw failure }
            if more.isEmpty { return bytes }
            if start == 0 { bytes = more } else { bytes += more }
            // A regular file gives less than asked for only at its end.
            if bytes.count < capacity { return bytes }
            capacity = min(max(capacity * 2, 65536), limit)
        }
        return bytes
    }

    /// The bytes of the file at `path`, a symbolic link followed; EFBIG when there are more than `limit`.
    package static func contents(ofFile path: String, limit: Int) throws(Errno) -> [UInt8] {
        let file = try Descriptor(readingAndAwaiting: path)
        let bytes = try file.readAll(limit: limit + 1, sizeHint: try file.status().size)
        if bytes.count > limit { throw .tooBig }
        return bytes
    }

    /// A duplicate of a descriptor that others keep, such as a standard stream. See dup(2).
    package init(duplicating number: Int32) throws(Errno) { self.init(owning: try retrying { dup(number) }) }

    /// Waits until data and metadata are on stable storage. See fsync(2).
    package func sync() throws(Errno) { _ = try retrying { fsync(raw) } }

    /// Waits until the data, and what is needed to find it, are on stable storage. See fdatasync(2).
    package func syncData() throws(Errno) { _ = try retrying { fdatasync(raw) } }

    /// Starts the write-back of the file's pages without waiting: a hint. See sync_file_range(2).
    package func startWriteback() {
        // Not every filesystem has it; the sync that follows does the work then.
        _ = clinux_start_writeback(raw)
    }

    /// See fstat(2).
    package func status() throws(Errno) -> FileStatus {
        var buffer = stat()
        _ = try retrying { fstat(raw, &buffer) }
        return FileStatus(buffer)
    }

    /// Sets the modification time, and leaves the access time. See futimens(2).
    package func setModified(nanoseconds: Int64) throws(Errno) {
        let times = modificationTimes(nanoseconds: nanoseconds)
        _ = try retrying { futimens(raw, times) }
    }

    /// See ftruncate(2).
    package func truncate(to size: Int) throws(Errno) { _ = try retrying { ftruncate(raw, off_t(size)) } }

    /// See fchmod(2).
    package func setMode(_ mode: UInt32) throws(Errno) { _ = try retrying { fchmod(raw, mode_t(mode)) } }

    /// See fchown(2).
    package func setOwner(_ owner: UInt32, group: UInt32) throws(Errno) {
        _ = try retrying { fchown(raw, uid_t(owner), gid_t(group)) }
    }

    /// Takes the advisory lock, exclusive unless `shared`, or returns false when another open file has it.
    /// The kernel frees it when the last descriptor of this open file closes. See flock(2).
    package func lock(shared: Bool = false) throws(Errno) -> Bool {
        do {
            _ = try retrying { flock(raw, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) }
            return true
        } catch {
            if error == .again { return false }
            throw error
        }
    }

    /// Whether writes and reads return EAGAIN instead of waiting. See fcntl(2).
    package func setNonBlocking() throws(Errno) {
        let flags = try retrying { fcntl(raw, F_GETFL) }
        _ = try retrying { fcntl(raw, F_SETFL, flags | O_NONBLOCK) }
    }
}

/// The result of stat(2).
package struct FileStatus {
    package let device: UInt64
    package let inode: UInt64
    package let mode: UInt32
    package let links: UInt64
    package let owner: UInt32
    package let group: UInt32
    package let size: Int
    /// Last modification and last change of the inode, nanoseconds since 1970. A date beyond the years 1678 to 2261,
    /// which any owner can give to a file, is the first or last of them.
    package let modified: Int64
    package let changed: Int64

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        mode = status.st_mode
        links = UInt64(status.st_nlink)
        owner = status.st_uid
        group = status.st_gid
        size = Int(status.st_size)
        modified = FileStatus.nanoseconds(status.st_mtim)
        changed = FileStatus.nanoseconds(status.st_ctim)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        let (whole, isTooFar) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isJustTooFar) = whole.addingReportingOverflow(Int64(time.tv_nsec))
        return isTooFar || isJustTooFar ? (time.tv_sec < 0 ? .min : .max) : sum
    }

    package var isRegular: Bool { mode & S_IFMT == S_IFREG }
    package var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    package var isSymbolicLink: Bool { mode & S_IFMT == S_IFLNK }
    /// The permission bits, set-id and sticky included.
    package var permissions: UInt32 { mode & 0o7777 }
    /// The kind of file, in a word for messages.
    package var kind: String {
        switch mode & S_IFMT {
        case S_IFREG: "regular file"
        case S_IFDIR: "directory"
        case S_IFLNK: "symbolic link"
        case S_IFIFO: "FIFO"
        case S_IFSOCK: "socket"
        case S_IFCHR, S_IFBLK: "device"
        default: "special file"
        }
    }
}

/// The two times of utimensat(2): the access time is left, the modification time is set.
/// The fraction counts forward, before 1970 too: a negative one is EINVAL.
func modificationTimes(nanoseconds: Int64) -> [timespec] {
    var (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    if rest < 0 {
        rest += 1_000_000_000
        seconds -= 1
    }
    return [
        timespec(tv_sec: 0, tv_nsec: Int((1 << 30) - 2)),  // UTIME_OMIT
        timespec(tv_sec: Int(seconds), tv_nsec: Int(rest)),
    ]
}
