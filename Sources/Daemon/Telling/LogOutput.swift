internal import CLinux
internal import EventLoop
internal import Glibc
internal import Linux

/// Writes the lines of the log, one after the other, and never waits for their reader.
///
/// Text that the reader does not take at once waits in memory, up to ``limit`` bytes, until it does. Lines beyond that, and
/// those that are refused with an error, are lost; a line says how many as soon as one can be written. Only a regular
/// file waits: for its disk.
final class LogOutput {
    /// How many bytes wait at most.
    static let limit = 256 << 10
    /// How long ``finish()`` waits for a reader, in milliseconds: a stop takes a second at most.
    private static let patience: Int32 = 300

    private let destination: Log.Destination
    /// The socket of a `syslog` or `journal`.
    private let socket: String
    /// nil where standard error is written to as it was inherited.
    private var descriptor: Descriptor?
    private var way = Way.write
    private var watch: EventLoop.Watch?
    /// Lines, each with its end: a newline, which is written, or for a socket a NUL, which is not.
    private var pending: [UInt8] = []
    /// How many bytes of them were written.
    private var start = 0
    /// The last byte that was written was within a line.
    private var isWithinLine = false
    /// Such a line has lost its end: the next one begins with a newline.
    private var isTorn = false
    /// Lines that were lost and not mentioned yet.
    private var unmentioned = 0
    /// How many lines wait that mention lost ones, and how many they mention.
    private var mentions = (lines: 0, lost: 0)
    /// How many lines were lost since the start.
    private(set) var lost = 0

    /// Has a stalled reader waited for; without it the next line tries again.
    weak var loop: EventLoop?
    /// Whether other processes write lines to the same place.
    private let isShared: Bool
    /// The line, with its newline, that says how many were lost.
    var mention: ((Int) -> [UInt8])?

    private enum Way {
        /// The open file is ours and does not block, or is a regular file.
        case write
        /// Others share the open file, and it blocks: it is asked for room first.
        case poll
        case send
    }

    /// Opens the destination. A FIFO needs no reader. `socket` stands in for that of the system.
    init(_ destination: Log.Destination, isShared: Bool = false, socket: String? = nil) throws(Errno) {
        self.destination = destination
        self.isShared = isShared
        self.socket = socket ?? "\(destination)"
        try open()
    }

    deinit { finish() }

    /// The end of a line, see ``add(_:)``.
    var lineEnd: UInt8 { destination.isStream ? 0x0A : 0 }
    /// A reader is being waited for.
    private var isStalled: Bool { watch != nil }
    private var size: Int { pending.count - start }
    private var number: Int32 { descriptor?.raw ?? 2 }

    /// Opens the file or socket anew. On error the old one stays.
    func reopen() throws(Errno) {
        flush()
        try open()
    }

    /// Takes a line that ends in ``lineEnd``; ``flush()`` writes it.
    func add(_ line: [UInt8]) {
        mentionLost()
        if unmentioned > 0 || size + line.count > LogOutput.limit { return lose(1) }
        pending += line
    }

    /// True when nothing waits.
    var isEmpty: Bool { size == 0 }
    /// True when the buffer should be written before the end of the loop's round.
    var isFull: Bool { size > 65536 }

    /// Writes what waits, as far as it is taken now.
    func flush() {
        if isStalled { return }
        push()
    }

    /// Writes what waits, and gives a slow reader a moment for it.
    func finish() {
        push()
        let end = Clock.monotonic + Int64(LogOutput.patience) * 1_000_000
        while size > 0 {
            let left = Int32((end - Clock.monotonic) / 1_000_000)
            guard left > 0, hasRoom(within: left) else { break }
            push()
        }
        watch?.cancel()
        watch = nil
    }

    private func lose(_ count: Int) {
        unmentioned += count
        lost += count
    }

    /// Not before half of the room is free again: a reader that is always late would get little else.
    private func mentionLost() {
        guard let mention, unmentioned > 0, size <= LogOutput.limit / 2 else { return }
        pending += mention(unmentioned)
        mentions = (mentions.lines + 1, mentions.lost + unmentioned)
        unmentioned = 0
    }

    private func push() {
        var mayReopen = true
        while size > 0 {
            do throws(Errno) { try writeSome() } catch {
                if error == .again || error == .noBuffers { return awaitReader() }
                // Another syslogd, journald or reader of the FIFO may be there.
                let isGone = error == .pipe || !destination.isStream
                if mayReopen, isGone, destination != .stderr {
                    mayReopen = false
                    do throws(Errno) {
                        try open()
                        continue
                    } catch {}
                }
                return drop()
            }
        }
        clear()
        mentionLost()
        if size > 0 { push() }
    }

    private func writeSome() throws(Errno) {
        if way == .poll, !hasRoom(within: 0) { throw .again }
        if !destination.isStream { return try sendLine() }
        if isTorn {
            _ = try put([0x0A])
            isTorn = false
        }
        start += try put(isShared ? wholeLines : pending[start...])
        isWithinLine = pending[start - 1] != 0x0A
    }

    /// The first lines that wait, of PIPE_BUF bytes at most: so many are written in one piece, and lines of others come
    /// before or behind them. See pipe(7).
    private var wholeLines: ArraySlice<UInt8> {
        let most = pending[start...].prefix(4096)
        return most.lastIndex(of: 0x0A).map { pending[start...$0] } ?? most
    }

    /// One write; how many bytes were taken. A pipe that has room takes PIPE_BUF of them without waiting.
    private func put(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        return try retrying {
            bytes.withUnsafeBytes { buffer in
                switch way {
                case .write: Glibc.write(number, buffer.baseAddress, buffer.count)
                case .poll: Glibc.write(number, buffer.baseAddress, min(buffer.count, 4096))
                case .send: send(number, buffer.baseAddress, buffer.count, flags)
                }
            }
        }
    }

    /// A line is one datagram; one that is too long is lost.
    private func sendLine() throws(Errno) {
        let end = pending[start...].firstIndex(of: 0) ?? pending.count
        do throws(Errno) { _ = try put(pending[start..<end]) } catch {
            if error != .messageTooLong { throw error }
            lose(1)
        }
        start = min(end + 1, pending.count)
    }

    /// See poll(2).
    private func hasRoom(within milliseconds: Int32) -> Bool {
        var request = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        return Glibc.poll(&request, 1, milliseconds) > 0
    }

    private func awaitReader() {
        if watch != nil { return }
        // Without it the next line tries again.
        watch = try? loop?.watch(number, for: .write) { [weak self] _ in self?.push() }
    }

    /// Drops lines that cannot be written.
    private func drop() {
        let end = UInt8(ascii: destination.isStream ? "\n" : "\0")
        let lines = pending[start...].count { $0 == end }
        lose(lines - mentions.lines)
        unmentioned += mentions.lost
        if isWithinLine { (isTorn, isWithinLine) = (true, false) }
        clear()
    }

    private func clear() {
        pending.removeAll(keepingCapacity: pending.count <= 65536)
        start = 0
        mentions = (0, 0)
        watch?.cancel()
        watch = nil
    }

    private func open() throws(Errno) {
        let opened: Descriptor
        switch destination {
        case .stderr: return openStandardError()
        case .file(let path): opened = try LogOutput.file(path)
        case .syslog, .journal: opened = try LogOutput.connect(socket)
        }
        watch?.cancel()
        watch = nil
        descriptor = consume opened
        way = destination.isStream ? .write : .send
        guard isWithinLine else { return }
        // The beginning of this line is in the old one.
        (isTorn, isWithinLine) = (true, false)
        start = (pending[start...].firstIndex(of: 0x0A) ?? pending.count - 1) + 1
        lose(1)
    }

    /// Standard error is shared with other processes, which O_NONBLOCK on it would surprise: a pipe or a terminal is
    /// opened once more, for us alone. A socket cannot be, and is told with each call not to wait.
    private func openStandardError() {
        var status = stat()
        guard fstat(2, &status) == 0 else { return }
        switch status.st_mode & S_IFMT {
        case S_IFSOCK: way = .send
        case S_IFIFO, S_IFCHR:
            let again = Glibc.open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
            // Another user's pipe may not be opened.
            if again < 0 { way = .poll } else { descriptor = Descriptor(owning: again) }
        default: break
        }
    }

    private static func file(_ path: String) throws(Errno) -> Descriptor {
        let flags = O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        do throws(Errno) {
            return Descriptor(owning: try retrying { Glibc.open(path, flags | O_WRONLY | O_CREAT, 0o640) })
        } catch {
            guard error == .noDevice else { throw error }
            // A FIFO without a reader yet: it keeps what it has room for.
            return Descriptor(owning: try retrying { Glibc.open(path, flags | O_RDWR) })
        }
    }

    fileprivate static func connect(_ path: String) throws(Errno) -> Descriptor {
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let socket = Descriptor(owning: try retrying { Glibc.socket(AF_UNIX, kind, 0) })
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        _ = try retrying {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket.raw, $0, size) }
            }
        }
        return socket
    }
}

extension Log.Destination {
    /// The reason that nothing can be written there, as a path and an error; nil where that is not known.
    ///
    /// Nothing is made. Where this user may not look, nothing is found: the daemon may run as another one.
    var finding: String? {
        do throws(Errno) {
            switch self {
            case .stderr: return nil
            case .syslog, .journal: _ = try LogOutput.connect("\(self)")
            case .file(let path): try Log.Destination.look(at: path)
            }
            return nil
        } catch { return error == .accessDenied ? nil : "\(self): \(error)" }
    }

    private static func look(at path: String) throws(Errno) {
        var status = stat()
        do throws(Errno) { _ = try retrying { stat(path, &status) } } catch {
            guard error == .noEntry else { throw error }
            let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
            let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
            _ = try retrying { stat(folder, &status) }
            if status.st_mode & S_IFMT != S_IFDIR { throw .notDirectory }
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw .isDirectory
        case S_IFSOCK: throw .noDevice
        default: return
        }
    }
}
