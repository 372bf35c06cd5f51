package import EventLoop
internal import Linux
internal import SMTPServer
package import ServerSocket
internal import Submission
internal import Text
internal import Time

/// A listener with what it needs: its socket, its rules, its certificate and its logins.
final class DoorListener {
    let settings: DoorSettings.Listener
    let rules: DoorRules
    let socket: Descriptor
    let isUnix: Bool
    let tls: TLSContext?
    let logins: LoginFile?
    var watch: EventLoop.Watch?

    init(
        _ settings: DoorSettings.Listener, _ rules: DoorRules, socket: consuming Descriptor, tls: TLSContext?,
        logins: LoginFile?
    ) {
        self.settings = settings
        self.rules = rules
        isUnix = UnixSocket.isUnix(socket.raw)
        self.socket = socket
        self.tls = tls
        self.logins = logins
    }
}

/// The listeners and the sessions that came through them, on one loop.
package final class DoorServer {
    let loop: EventLoop
    let settings: DoorSettings
    let log: DoorLog
    let postroom: Postroom
    var metrics: DoorMetrics
    /// The buffer that all sessions read into, one at a time.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    /// Where connections are accepted, with the ports that the kernel chose.
    package private(set) var addresses: [String] = []
    private var listeners: [DoorListener] = []
    private var sessions: [Int: DoorSession] = [:]
    private var lastSession = 0
    /// How many bytes of messages are held.
    private var held = 0
    private var bell: EventLoop.Watch?
    private var idleTimer: EventLoop.Timer?
    private let endsWhenIdle: Bool
    private var isEnding = false

    /// Opens everything that can fail: log, certificates, logins, sockets. On return connections are queued by the
    /// kernel; they are served when the loop runs.
    /// - Parameter inherited: sockets that the service manager gave, with their names.
    package init(
        _ settings: DoorSettings, inherited: [(socket: Int32, name: String)], on loop: EventLoop
    ) throws(StartError) {
        self.loop = loop
        self.settings = settings
        endsWhenIdle = !inherited.isEmpty
        metrics = DoorMetrics(path: settings.metricsFile)
        do throws(Errno) {
            log = try DoorLog(settings.log)
            postroom = try Postroom(templates: settings.templates, threads: settings.threads)
        } catch { throw .inputOutput("the log", error) }
        for listener in settings.listeners { try open(listener, inherited) }
        if listeners.isEmpty { throw .unavailable("no socket to listen on: neither 'listen' nor one of systemd's") }
        do throws(Errno) {
            bell = try loop.watch(postroom.descriptor.raw, for: .read) { [unowned self] _ in self.collect() }
            for listener in listeners {
                listener.watch = try loop.watch(listener.socket.raw, for: .read) { [unowned self, unowned listener] _ in
                    self.accept(on: listener)
                }
            }
        } catch { throw .inputOutput("the event loop", error) }
        watchForIdleness()
        reportMetrics()
    }

    deinit { scratch.deallocate() }

    /// The work of this server's threads until ``Postroom/close()``.
    package var threads: Postroom { postroom }

    /// Takes no more connections. Messages that are being queued get their replies; the loop stops after the last
    /// session.
    package func shutDown() {
        isEnding = true
        for listener in listeners { listener.watch?.cancel() }
        for session in Array(sessions.values) { session.shutDown() }
        if sessions.isEmpty { return loop.stop() }
        // What the disk does not answer for is not waited for longer than that.
        loop.schedule(after: .seconds(10)) { [weak self] in self?.loop.stop() }
    }

    /// Opens the log's file anew, for logrotate(8).
    package func reopenLog() {
        do throws(Errno) { try log.reopen() } catch { log.write("warning: the log: \(error)") }
    }

    /// Writes what is left of log and metrics.
    package func finish() {
        metrics.write(sessions: sessions.count)
        log.flush()
    }

    func forget(_ session: DoorSession) {
        sessions[session.id] = nil
        if isEnding, sessions.isEmpty { loop.stop() }
        if sessions.isEmpty { watchForIdleness() }
        flushSoon()
    }

    /// Whether so many more bytes of messages fit.
    func reserve(_ size: Int) -> Bool {
        if held + size > settings.maxReceiving { return false }
        held += size
        return true
    }

    func release(_ size: Int) { held -= size }

    private var willFlush = false

    /// A line for the log, which is written at the end of the loop's round.
    func tell(_ line: String) {
        log.write(line)
        flushSoon()
    }

    private func flushSoon() {
        if willFlush { return }
        willFlush = true
        loop.later { [weak self] in
            self?.willFlush = false
            self?.log.flush()
        }
    }

    private func collect() {
        for (id, outcome) in postroom.finished() {
            // A client that has gone meanwhile has its job all the same.
            guard let session = sessions[id] else {
                if case .posted(.success(let job), _, _) = outcome {
                    log.write("\(job): queued, and the client has gone")
                }
                continue
            }
            session.finish(outcome, for: session.request)
            if isEnding, !session.isOver { session.shutDown() }
        }
        flushSoon()
    }

    private func accept(on listener: DoorListener) {
        do throws(Errno) {
            // In slices: those who are here already want their turn.
            for _ in 0..<64 {
                let number = listener.socket.raw
                let next = listener.isUnix ? try UnixSocket.accept(on: number) : try Socket.accept(on: number)
                guard let socket = next else { return }
                try admit(socket, listener)
            }
        } catch {
            if error.isShortage, error != .again {
                log.write("warning: accept: \(error)")
                listener.watch?.set([])
                loop.schedule(after: .milliseconds(100)) { [weak listener] in listener?.watch?.set(.read) }
            } else if !Socket.isGone(error) {
                log.write("warning: accept: \(error)")
            }
        }
        flushSoon()
    }

    private func admit(_ socket: consuming Descriptor, _ listener: DoorListener) throws(Errno) {
        let client = listener.isUnix ? "localhost[unix]" : clientName(try Socket.peerAddress(of: socket))
        if sessions.count >= settings.maxSessions {
            log.write("warning: too many connections: \(client) is sent away")
            // A socket that was just accepted has room for a line.
            do throws(Errno) { try socket.write(all: Array("421 4.7.0 Error: too many connections\r\n".utf8)) } catch {}
            return
        }
        lastSession += 1
        metrics.connections += 1
        let session = DoorSession(id: lastSession, self, listener, client: client, socket: socket)
        sessions[session.id] = session
        idleTimer?.cancel()
        do throws(Errno) { try session.begin() } catch {
            session.end()
            throw error
        }
    }

    /// `localhost[127.0.0.1]`; names of others are not asked for.
    private func clientName(_ address: ListenAddress) -> String {
        "\(address.isLoopback ? "localhost" : "unknown")[\(address.host)]"
    }

    private func watchForIdleness() {
        guard endsWhenIdle, settings.idleExit > .zero else { return }
        idleTimer?.cancel()
        idleTimer = loop.schedule(after: settings.idleExit) { [weak self] in
            guard let self, self.sessions.isEmpty else { return }
            self.log.write("idle: the next connection starts it again")
            self.shutDown()
        }
    }

    private func reportMetrics() {
        metrics.write(sessions: sessions.count)
        if settings.metricsFile == nil { return }
        loop.schedule(after: .seconds(15)) { [weak self] in self?.reportMetrics() }
    }

    private func open(
        _ listener: DoorSettings.Listener, _ inherited: [(socket: Int32, name: String)]
    ) throws(StartError) {
        var rules = DoorRules(name: settings.hostname, origin: settings.hostname)
        (rules.maxMessageSize, rules.maxJobSize) = (settings.maxMessageSize, settings.maxJobSize)
        rules.maxRecipients = settings.maxRecipients
        rules.offersTLS = listener.certificate != nil
        rules.offersLogin = listener.loginFile != nil
        rules.allowsLoginWithoutTLS = listener.allowsLoginWithoutTLS
        rules.requiresLogin = listener.requiresLogin
        var tls: TLSContext?
        if let certificate = listener.certificate, let key = listener.key {
            tls = try TLSContext(certificateFile: certificate, keyFile: key)
        }
        let logins = try logins(listener)
        try judge(listener.access.box)
        func add(_ socket: consuming Descriptor) throws(StartError) {
            let made = DoorListener(listener, rules, socket: socket, tls: tls, logins: logins)
            guard !made.isUnix else {
                addresses.append("UNIX socket of \(listener.name)")
                return listeners.append(made)
            }
            let address: ListenAddress
            do throws(Errno) { address = try Socket.localAddress(of: made.socket) } catch {
                throw .inputOutput("a socket of [listener \(listener.name)]", error)
            }
            guard address.isLoopback || listener.allowsRemote else {
                throw .unavailable("\(address) is not a loopback address: see allow_remote")
            }
            addresses.append("\(address)")
            listeners.append(made)
        }
        for address in listener.addresses {
            let socket: Descriptor
            do throws(Errno) { socket = try address.listen() } catch {
                throw .unavailable("cannot listen on \(address): \(error)")
            }
            try add(socket)
        }
        for (number, name) in inherited where name.isExactly(listener.name) || settings.listeners.count == 1 {
            let socket = Descriptor(owning: number)
            do throws(Errno) { try socket.setNonBlocking() } catch { throw .inputOutput("a socket of systemd", error) }
            try add(socket)
        }
    }

    /// Throws for a box whose files the daemon would not take from this user.
    private func judge(_ box: String) throws(StartError) {
        // One that is not there yet is the operator's to make: until then clients are told to try again.
        guard let status = try? Directory(anchorAt: box).status("new") else { return }
        if status.permissions & 0o002 != 0, status.owner == Process.effectiveUser {
            throw .unavailable("\(printable(box)) takes nothing from the spool's own user: run as another one")
        }
    }

    private func logins(_ listener: DoorSettings.Listener) throws(StartError) -> LoginFile? {
        guard let path = listener.loginFile else { return nil }
        let bytes: [UInt8]
        do throws(Errno) { bytes = try Descriptor.contents(ofFile: path, limit: 1 << 20) } catch {
            throw .noInput("\(path): \(error)")
        }
        do throws(LoginFileError) {
            return try LoginFile(bytes, otherwise: listener.access, spool: settings.spool)
        } catch { throw .noInput("\(path): \(error)") }
    }
}
