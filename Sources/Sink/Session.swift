internal import EventLoop
internal import JSON
internal import Linux
internal import SMTPServer
internal import ServerSocket
internal import Time

/// One client's connection, from accept(2) to close(2).
///
/// This file moves the bytes; SessionCommands says what is answered to them, SessionMessage
/// receives messages, SessionFaults misbehaves.
final class Session {
    let id: Int
    let server: Server
    let peer: ListenAddress
    let wire: Wire
    var dialogue: Dialogue
    var mode = Mode.command
    var inbox = Inbox()
    var outbox: [UInt8] = []
    private var sent = 0

    /// Something takes its time (a delay, a reply that drips): nothing is looked at meanwhile.
    var isPaused = false
    /// The client sends no more.
    private(set) var isAtEnd = false
    private(set) var isOver = false
    /// Rises whenever the client sends something.
    private(set) var readCount = 0
    private var lastRead: Int64
    private var silence: EventLoop.Timer?
    /// TLS has to write before it can read on.
    private var mustWriteToRead = false
    private var watch: EventLoop.Watch?
    var tls: TLSSession?

    var reader = DataReader()
    var draft: Maildir.Draft?
    var message = MessageState()
    /// Phases whose reply has been sent already.
    var earlyReplies: UInt32 = 0
    /// The next time that nothing is left to do counts as idle.
    var mayBeIdle = false

    /// The meaning of the client's bytes, or the server's activity.
    enum Mode {
        case command
        case auth(AuthExchange)
        case message
        /// A reply is on its way; then the handshake begins.
        case startTLS
        case handshake
        /// Never answers again.
        case mute
        case endless
        /// The outbox is still sent.
        case closing
        case resetting
        /// The end has been sent, the client's is waited for.
        case closed
    }

    /// Input is not processed while so many octets of replies wait to be taken.
    static let outboxLimit = 64 << 10
    /// How long the client's end is waited for after ours.
    static let lingerTime = Span.seconds(2)

    init(id: Int, server: Server, peer: ListenAddress, socket: consuming Descriptor) {
        self.id = id
        self.server = server
        self.peer = peer
        wire = Wire(socket)
        dialogue = Dialogue(server.settings, name: server.name)
        lastRead = server.loop.now
    }

    /// Watches the socket and says hello.
    func begin() throws(Errno) {
        watch = try server.loop.watch(wire.descriptor, for: .read) { [unowned self] ready in self.ready(ready) }
        watchForSilence(server.settings.timeout)
        connected()
        pump()
    }

    /// Closes the connection and forgets it. Calling it again does nothing.
    func end() {
        if isOver { return }
        isOver = true
        if case .message = mode { log("aborted") }
        draft = nil
        silence?.cancel()
        watch?.cancel()
        server.forget(self)
    }

    private func ready(_ readiness: EventLoop.Readiness) {
        // Both directions are gone, and nothing would be read that could say so.
        if readiness.contains(.hangUp), watch?.interest.contains(.read) != true { return end() }
        if readiness.contains(.read) || mustWriteToRead { fill() }
        pump()
    }

    /// After a pause: what came meanwhile is read and answered.
    func resume() {
        if isOver { return }
        fill()
        pump()
    }

    /// Calls `action` later; until then the session stands still, the others do not.
    func pause(for delay: Span, _ action: @escaping () -> Void) {
        isPaused = true
        server.loop.schedule(after: delay) { [weak self] in
            guard let self, !self.isOver else { return }
            self.isPaused = false
            action()
            self.resume()
        }
    }

    /// Answers what is waiting, sends the answers, and sees what comes of that.
    func pump() {
        if isOver { return }
        while true {
            let isStalled = advance()
            flush()
            if isOver { return }
            if isStalled, outbox.isEmpty { continue }
            guard outbox.isEmpty, turn() else { break }
        }
        if isOver { return }
        if isAtEnd, !isPaused, outbox.isEmpty { return end() }
        watchForIdleness()
        setInterest()
    }

    /// Uses what is in the inbox. True when it stopped because replies are not taken.
    private func advance() -> Bool {
        while !isPaused {
            if outbox.count >= Self.outboxLimit { return true }
            switch mode {
            case .command, .auth: if !takeCommand() { return false }
            case .message: if !takeMessage() { return false }
            case .handshake: if !shakeHands() { return false }
            case .startTLS: return false
            case .mute, .endless, .closing, .resetting, .closed:
                inbox.removeAll()
                return false
            }
        }
        return false
    }

    /// All replies have gone out: what waited for that happens now. True when there is more to do.
    private func turn() -> Bool {
        if isPaused { return false }
        switch mode {
        case .startTLS:
            beginTLS()
            return true
        case .closing:
            mode = .closed
            wire.finish()
            if isAtEnd {
                end()
            } else {
                server.loop.schedule(after: Self.lingerTime) { [weak self] in self?.end() }
            }
        case .resetting:
            wire.resetOnClose()
            end()
        case .endless: outbox += Self.endlessLines
        default: break
        }
        return false
    }

    /// Reads what is there, within bounds: others want their turn.
    private func fill() {
        var rounds = 0
        mustWriteToRead = false
        while !isAtEnd, inbox.hasRoom, rounds < 8 {
            if case .handshake = mode { return }
            rounds += 1
            switch wire.read(into: server.scratch) {
            case .moved(let count):
                readCount &+= 1
                lastRead = server.loop.now
                inbox.append(UnsafeRawBufferPointer(rebasing: server.scratch[..<count]))
                if count < server.scratch.count, !wire.hasPending { return }
            case .wait: return
            case .waitToWrite:
                mustWriteToRead = true
                return
            case .ended:
                isAtEnd = true
                return
            }
        }
        // TLS may hold what epoll does not know of.
        if wire.hasPending, !isPaused { server.loop.later { [weak self] in self?.resume() } }
    }

    private func flush() {
        while sent < outbox.count {
            let outcome = outbox.withUnsafeBytes { wire.write(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
            switch outcome {
            case .moved(let count): sent += count
            case .wait, .waitToWrite: return
            case .ended: return end()
            }
        }
        if outbox.isEmpty { return }
        outbox.removeAll(keepingCapacity: outbox.count <= Self.outboxLimit)
        sent = 0
    }

    private func setInterest() {
        var interest: EventLoop.Interest = []
        if !isAtEnd, inbox.hasRoom { interest.insert(.read) }
        if !outbox.isEmpty || mustWriteToRead { interest.insert(.write) }
        if case .handshake = mode { interest = isPaused ? [] : handshakeInterest }
        watch?.set(interest)
    }

    /// The readiness that the handshake waits for.
    var handshakeInterest: EventLoop.Interest = .read

    private func watchForSilence(_ delay: Span) {
        silence = server.loop.schedule(after: delay) { [weak self] in
            guard let self, !self.isOver else { return }
            let timeout = self.server.settings.timeout
            let left = timeout.nanoseconds - (Clock.monotonic - self.lastRead)
            if left > 0 { return self.watchForSilence(Span(nanoseconds: left)) }
            switch self.mode {
            case .command, .auth, .message:
                Reply(421, "4.4.2", "Timeout").write(to: &self.outbox, enhancedCodes: self.usesEnhancedCodes)
                self.mode = .closing
                self.isPaused = false
                self.pump()
                // A client that takes nothing would keep the reply forever.
                self.server.loop.schedule(after: Self.lingerTime) { [weak self] in self?.end() }
            default: self.end()
            }
        }
    }

    var usesEnhancedCodes: Bool { server.settings.offers.contains(.enhancedStatusCodes) }

    /// One line in the log about this session.
    func log(_ event: String, _ members: [(name: String, value: JSON)] = []) {
        server.log?.write(event, [("session", .number(.init(id))), ("peer", .string(peer.description))] + members)
    }
}
