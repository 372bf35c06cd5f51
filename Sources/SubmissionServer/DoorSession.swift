internal import EventLoop
internal import Linux
internal import SMTPServer
internal import ServerSocket
internal import Submission
internal import Time

/// One client's connection, from accept(2) to close(2): it moves the bytes between the socket and a ``Door``.
final class DoorSession {
    let id: Int
    let client: String
    private(set) var door: Door
    private unowned let server: DoorServer
    private unowned let listener: DoorListener
    private let wire: Wire
    private var watch: EventLoop.Watch?
    private var timer: EventLoop.Timer?
    private var tls: TLSSession?
    private var isShaking = false
    private var sent = 0
    /// The client sends no more.
    private var isAtEnd = false
    private(set) var isOver = false
    private var mustWriteToRead = false
    private let began: Int64
    private var lastRead: Int64
    /// This session's share of the server's room for messages.
    private var held = 0
    /// The end has been sent, the client's is waited for.
    private var isLingering = false

    static let lingerTime = Span.seconds(2)

    init(id: Int, _ server: DoorServer, _ listener: DoorListener, client: String, socket: consuming Descriptor) {
        self.id = id
        self.server = server
        self.listener = listener
        self.client = client
        wire = Wire(socket)
        door = Door(listener.rules, client: client, access: listener.settings.access)
        began = server.loop.now
        lastRead = began
    }

    func begin() throws(Errno) {
        watch = try server.loop.watch(wire.descriptor, for: .read) { [unowned self] ready in self.ready(ready) }
        server.log.write("connect from \(client)")
        watchTime()
        pump()
    }

    /// Closes the connection and forgets it. Calling it again does nothing.
    func end() {
        if isOver { return }
        isOver = true
        if !door.isClosed, !isLingering { server.log.write("lost connection from \(client)") }
        server.log.write("disconnect from \(client) \(door.summary)")
        server.release(held)
        timer?.cancel()
        watch?.cancel()
        server.forget(self)
    }

    /// The server ends: a client that waits for nothing hears so; a message that is being queued gets its reply.
    func shutDown() {
        if door.isWaiting { return }
        door.end(.shuttingDown)
        pump()
    }

    /// The postroom has finished a request of this session.
    func finish(_ outcome: Postroom.Outcome, for request: Request?) {
        switch outcome {
        case .posted(let result, let messageID, let fault):
            if let fault { server.log.write("warning: \(fault)") }
            door.finishPosting(result, messageID: messageID)
            server.metrics.count(result)
        case .login(let access):
            if let request { door.finishLogin(request.user, mechanism: request.mechanism, access) }
        }
        pump()
    }

    /// The login that is being judged.
    struct Request {
        let user: String
        let mechanism: String
    }

    private(set) var request: Request?

    private func ready(_ readiness: EventLoop.Readiness) {
        if readiness.contains(.hangUp), watch?.interest.contains(.read) != true { return end() }
        if isShaking { return shakeHands() }
        if readiness.contains(.read) || mustWriteToRead { fill() }
        pump()
    }

    /// Does what the door asks for, sends replies, and sees what comes of that.
    private func pump() {
        while !isOver {
            while let action = door.next() {
                perform(action)
                if isOver { return }
            }
            account()
            // What was stalled by replies goes on when they are sent.
            if door.output.isEmpty { break }
            flush()
            if !door.output.isEmpty { break }
        }
        if isOver { return }
        if door.output.isEmpty {
            if wantsTLS { return beginTLS() }
            if door.isClosed { return linger() }
            if isAtEnd, !door.isWaiting { return end() }
        }
        setInterest()
    }

    private var wantsTLS = false

    private func perform(_ action: Door.Action) {
        switch action {
        case .log(let line): server.tell(line)
        case .startTLS: wantsTLS = true
        case .post(let posting): server.postroom.take(.post(posting), for: id)
        case .login(let user, let password, let mechanism):
            request = Request(user: user, mechanism: mechanism)
            guard let file = listener.logins else { return door.finishLogin(user, mechanism: mechanism, nil) }
            server.postroom.take(.login(user: user, password: password, file), for: id)
        case .close: break
        }
    }

    /// Holds the bytes of the message against the room that all messages have; one that is being queued keeps its own.
    private func account() {
        if door.isWaiting { return }
        let size = door.heldSize
        if size > held, !server.reserve(size - held) {
            door.shed()
            server.release(held)
            held = 0
        } else if size < held {
            server.release(held - size)
            held = size
        } else {
            held = size
        }
    }

    private func fill() {
        mustWriteToRead = false
        var rounds = 0
        while !isAtEnd, door.wantsInput, rounds < 8 {
            rounds += 1
            switch wire.read(into: server.scratch) {
            case .moved(let count):
                lastRead = server.loop.now
                door.receive(UnsafeRawBufferPointer(rebasing: server.scratch[..<count]))
                if count < server.scratch.count, !wire.hasPending { return }
            case .wait: return
            case .waitToWrite:
                mustWriteToRead = true
                return
            case .ended: isAtEnd = true
            }
        }
        // TLS may hold what epoll does not know of.
        if wire.hasPending { server.loop.later { [weak self] in self?.resume() } }
    }

    private func resume() {
        if isOver || isShaking { return }
        fill()
        pump()
    }

    private func flush() {
        while sent < door.output.count {
            let outcome = door.output.withUnsafeBytes { wire.write(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
            switch outcome {
            case .moved(let count): sent += count
            case .wait, .waitToWrite: return
            case .ended: return end()
            }
        }
        door.output.removeAll(keepingCapacity: door.output.count <= 4096)
        sent = 0
    }

    private func setInterest() {
        var interest: EventLoop.Interest = []
        if !isAtEnd, door.wantsInput || isLingering { interest.insert(.read) }
        if !door.output.isEmpty || mustWriteToRead { interest.insert(.write) }
        watch?.set(interest)
    }

    private func linger() {
        if isLingering { return }
        isLingering = true
        wire.finish()
        if isAtEnd { return end() }
        watch?.set([])
        server.loop.schedule(after: Self.lingerTime) { [weak self] in self?.end() }
    }

    private func beginTLS() {
        wantsTLS = false
        guard let context = listener.tls, let session = wire.startTLS(context) else { return end() }
        tls = session
        isShaking = true
        shakeHands()
    }

    private func shakeHands() {
        switch tls?.handshake() {
        case .done:
            isShaking = false
            door.becameEncrypted()
            server.log.write("\(tls?.version ?? "TLS") connection established from \(client)")
            fill()
            pump()
        case .waitToRead: watch?.set(.read)
        case .waitToWrite: watch?.set(.write)
        case .failed(let reason):
            server.log.write("warning: TLS handshake with \(client) failed: \(reason)")
            end()
        default: end()
        }
    }

    /// Ends the session of a client that is silent, or that stays too long.
    private func watchTime() {
        let settings = server.settings
        let now = Clock.monotonic
        let silence = settings.timeout.nanoseconds - (now - lastRead)
        let rest = settings.sessionTimeout.nanoseconds - (now - began)
        // The disk's time is not the client's.
        if door.isWaiting { return rearm(Span.seconds(1)) }
        if silence > 0, rest > 0 { return rearm(Span(nanoseconds: min(silence, rest) + 1_000_000)) }
        if isShaking || isLingering { return end() }
        server.log.write("timeout\(door.isReceiving ? " after DATA" : "") from \(client)")
        door.end(.timeout)
        pump()
        // A client that takes nothing would keep the reply forever.
        if !isOver { server.loop.schedule(after: Self.lingerTime) { [weak self] in self?.end() } }
    }

    private func rearm(_ delay: Span) {
        timer = server.loop.schedule(after: delay) { [weak self] in
            guard let self, !self.isOver else { return }
            self.watchTime()
        }
    }
}
