package import EventLoop
internal import JSON
internal import Linux
package import ServerSocket
internal import Text
internal import Time

/// The listening sockets and the sessions that came through them, on one loop.
package final class Server {
    let loop: EventLoop
    let settings: Settings
    let name: String
    let maildir: Maildir?
    let log: Log?
    let tlsContext: TLSContext?
    var plan: FaultPlan
    /// The buffer that all sessions read into, one at a time.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    /// Where connections are accepted, with the ports that the kernel chose.
    package private(set) var addresses: [ListenAddress] = []
    private var listeners: [Listener] = []
    private var sessions: [Int: Session] = [:]
    private var lastSession = 0
    private var lastMessage = 0
    private let fileHost: String
    var faultCount = 0
    private(set) var acceptedCount = 0
    private(set) var refusedCount = 0
    private(set) var octetCount = 0

    /// Opens everything that can fail: log, certificate, Maildir, and the sockets last. On return
    /// connections are queued by the kernel; they are served when the loop runs.
    package init(_ settings: Settings, on loop: EventLoop) throws(StartError) {
        self.loop = loop
        var settings = settings
        settings.credentials += try Self.credentials(in: settings.credentialFiles)
        if settings.requiresAuth, settings.credentials.isEmpty {
            throw .noInput("--require-auth: no credentials were given")
        }
        let name = settings.name ?? Process.hostName
        self.name = name
        fileHost = String(
            decoding: name.utf8.map { $0.isLetterOrDigit || "-.".utf8.contains($0) ? $0 : UInt8(ascii: "_") },
            as: UTF8.self)
        self.settings = settings
        plan = FaultPlan(settings.faults)
        log = try Self.open("the log", settings.log, Log.init(path:))
        tlsContext = try Self.context(settings.certificate)
        maildir = try Self.open("the Maildir", settings.maildir, Maildir.init(path:))
        for address in settings.addresses { try listen(on: address) }
    }

    deinit { scratch.deallocate() }

    /// Takes no more connections and ends those that are there. Unfinished messages are dropped.
    package func shutDown() {
        for listener in listeners { listener.watch?.cancel() }
        listeners = []
        for session in Array(sessions.values) { session.end() }
    }

    /// `3 sessions, 40 messages (12 refused), 81920 octets, 2 faults`
    package var summary: String {
        "\(lastSession) sessions, \(acceptedCount) messages (\(refusedCount) refused), \(octetCount) octets, "
            + "\(faultCount) faults"
    }

    func forget(_ session: Session) { sessions[session.id] = nil }

    func count(size: Int, isAccepted: Bool) {
        if isAccepted { acceptedCount += 1 } else { refusedCount += 1 }
        octetCount += size
    }

    /// Unique in this host as long as the clock does not go back to a second in which a process of
    /// the same id ran: `1795455851.412_17.web1`, as Maildir names are.
    func nextMessageID() -> String {
        lastMessage += 1
        return "\(Timestamp.now.seconds).\(Process.id)_\(lastMessage).\(fileHost)"
    }

    private final class Listener {
        let socket: Descriptor
        var watch: EventLoop.Watch?
        init(_ socket: consuming Descriptor) { self.socket = socket }
    }

    private func listen(on address: ListenAddress) throws(StartError) {
        do throws(Errno) {
            let listener = Listener(try Socket.listen(on: address))
            addresses.append(try Socket.localAddress(of: listener.socket))
            listener.watch = try loop.watch(listener.socket.raw, for: .read) { [unowned self, unowned listener] _ in
                self.accept(on: listener)
            }
            listeners.append(listener)
        } catch {
            throw .unavailable("cannot listen on \(address): \(error)")
        }
    }

    private func accept(on listener: Listener) {
        do throws(Errno) {
            // In slices: those who are here already want their turn.
            for _ in 0..<64 {
                guard let socket = try Socket.accept(on: listener.socket.raw) else { return }
                try admit(socket)
            }
        } catch {
            if error == .tooManyOpenFiles || error == .tooManyOpenFilesInSystem || error == .noMemory {
                pause(listener, because: error)
            } else if !Socket.isGone(error) {
                complain("accept: \(error)")
            }
        }
    }

    private func admit(_ socket: consuming Descriptor) throws(Errno) {
        let peer = try Socket.peerAddress(of: socket)
        if sessions.count >= settings.maxSessions {
            // A socket that was just accepted has room for a line.
            do throws(Errno) { try socket.write(all: Array("421 4.3.2 Too many sessions\r\n".utf8)) } catch {}
            return
        }
        lastSession += 1
        let session = Session(id: lastSession, server: self, peer: peer, socket: socket)
        sessions[session.id] = session
        do throws(Errno) {
            try session.begin()
        } catch {
            session.end()
            throw error
        }
    }

    /// The connection stays in the kernel's queue, and epoll would report it forever.
    private func pause(_ listener: Listener, because error: Errno) {
        complain("accept: \(error); trying again in 100 ms")
        listener.watch?.set([])
        loop.schedule(after: .milliseconds(100)) { [weak listener] in listener?.watch?.set(.read) }
    }

    private static func context(_ certificate: Settings.Certificate?) throws(StartError) -> TLSContext? {
        switch certificate {
        case nil: return nil
        case .files(let certificate, let key): return try TLSContext(certificateFile: certificate, keyFile: key)
        case .selfSigned(let directory):
            try SelfSigned.write(to: directory)
            return try TLSContext(
                certificateFile: "\(directory)/\(SelfSigned.certificateName)",
                keyFile: "\(directory)/\(SelfSigned.keyName)")
        }
    }

    private static func open<Opened>(
        _ what: String, _ path: String?, _ make: (String) throws(Errno) -> Opened
    ) throws(StartError) -> Opened? {
        guard let path else { return nil }
        do throws(Errno) { return try make(path) } catch { throw .cannotCreate("\(what) \(path)", error) }
    }
}
