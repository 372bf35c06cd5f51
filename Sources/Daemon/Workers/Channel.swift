internal import EventLoop
internal import JSON
internal import Linux
internal import Time

/// One end of the way between a parent and a worker: values of JSON, in order, each told once.
///
/// Neither end waits for the other, but for ``ask(_:within:)``. A message is sent in parts, each a datagram whose first
/// byte says whether more come; it is an object with the message in `m`, a question's number in `q` or that of its answer
/// in `a`.
final class Channel {
    /// Bytes of one datagram.
    private static let partSize = 32 << 10
    /// Bytes of a message, and of what waits for room in the socket.
    static let messageLimit = 4 << 20
    static let queueLimit = 8 << 20
    private static let last: UInt8 = 0
    private static let more: UInt8 = 1

    private let socket: PacketSocket
    private let loop: EventLoop
    private var watch: EventLoop.Watch?
    private var waiting = FIFO<[UInt8]>()
    private var waitingBytes = 0
    /// The parts of a message that has not come to its end; nil when it is longer than it may be.
    private var begun: [UInt8]? = []
    private var questions = 0
    private var answer: (number: Int, value: JSON?)?
    /// Messages that came while an answer was awaited.
    private var postponed: [JSON.Object] = []
    private var isOver = false
    /// Whether a message was dropped for want of room, and the other end has not caught up yet.
    private(set) var isBehind = false

    /// Gets each message; what it returns answers a question, and is dropped otherwise.
    private let hear: (JSON) -> JSON?
    /// Called once when the other end has gone.
    private let ended: () -> Void
    /// Called when messages were dropped, and there is room again: the other end has to be sent all lasting state anew.
    var caughtUp: () -> Void = {}

    /// Takes over the socket `number`.
    init(
        _ number: Int32, on loop: EventLoop, hear: @escaping (JSON) -> JSON?, ended: @escaping () -> Void
    ) throws(Errno) {
        socket = PacketSocket(owning: number)
        self.loop = loop
        self.hear = hear
        self.ended = ended
        watch = try loop.watch(socket.descriptor.raw, for: .read) { [unowned self] ready in
            if ready.contains(.write) { push() }
            if ready.contains(.read) { read() }
        }
    }

    deinit { watch?.cancel() }

    // Telling.

    /// Sends a message, now or when there is room. Beyond ``queueLimit`` it is dropped, see ``caughtUp``.
    func tell(_ message: JSON) { post(JSON.Object([("m", message)])) }

    private func post(_ object: JSON.Object) {
        if isOver { return }
        let bytes = JSON.object(object).encoded
        guard !isBehind, bytes.count <= Channel.messageLimit, waitingBytes + bytes.count <= Channel.queueLimit else {
            isBehind = true
            return push()
        }
        var rest = bytes[...]
        repeat {
            let part = rest.prefix(Channel.partSize)
            rest = rest.dropFirst(part.count)
            waiting.append([rest.isEmpty ? Channel.last : Channel.more] + part)
            waitingBytes += part.count + 1
        } while !rest.isEmpty
        push()
    }

    private func push() {
        while let part = waiting.first {
            do throws(Errno) { try socket.send(part) } catch {
                if error == .again || error == .noBuffers || error == .noMemory { break }
                return end()
            }
            _ = waiting.popFirst()
            waitingBytes -= part.count
        }
        watch?.set(waiting.isEmpty && !isBehind ? .read : [.read, .write])
        guard waiting.isEmpty, isBehind else { return }
        isBehind = false
        loop.later { [weak self] in self?.caughtUp() }
    }

    // Hearing.

    /// Some parts a round, so that a flood of them keeps the loop from nothing else.
    private func read() {
        for _ in 0..<64 { guard readPart() else { return } }
    }

    /// Takes what the other end has sent, to the last message: for one that has died.
    func drain() { while readPart() {} }

    /// False when there is nothing more.
    private func readPart() -> Bool {
        if isOver { return false }
        let part: [UInt8]
        do throws(Errno) { part = try socket.receive(limit: Channel.partSize + 1) } catch {
            if error != .again { end() }
            return false
        }
        guard let flag = part.first else {
            end()
            return false
        }
        if let size = begun?.count, size + part.count > Channel.messageLimit + Channel.partSize { begun = nil }
        begun?.append(contentsOf: part.dropFirst())
        guard flag == Channel.last else { return true }
        let bytes = begun ?? []
        begun = []
        // The other end is this very program: what does not parse was too long.
        if let value = try? JSON(parsing: bytes), let object = value.object { take(object) }
        return true
    }

    private func take(_ object: JSON.Object) {
        if let number = object["a"]?.int {
            if answer?.number == number { answer = (number, object["m"] ?? .null) }
            return
        }
        if answer != nil { return postponed.append(object) }
        deliver(object)
    }

    private func deliver(_ object: JSON.Object) {
        let result = hear(object["m"] ?? .null)
        if let number = object["q"]?.int {
            post(JSON.Object([("a", .number(.init(number))), ("m", result ?? .null)]))
        }
    }

    private func end() {
        if isOver { return }
        isOver = true
        watch?.cancel()
        (waiting, waitingBytes) = (FIFO(), 0)
        loop.later { [ended] in ended() }
    }

    /// Nothing is told or heard any more.
    func close() {
        isOver = true
        watch?.cancel()
    }

    // Asking.

    /// Sends a question and waits for its answer, with everything else waiting, too; nil when none came in time, or
    /// the other end has gone. Messages that come meanwhile are heard after this returns.
    func ask(_ message: JSON, within limit: Span = .seconds(2)) -> JSON? {
        if isOver || answer != nil { return nil }
        questions += 1
        let deadline = Clock.monotonic + limit.nanoseconds
        answer = (questions, nil)
        defer {
            answer = nil
            hearPostponed()
        }
        post(JSON.Object([("q", .number(.init(questions))), ("m", message)]))
        while !isOver {
            if let value = answer?.value { return value }
            let left = (deadline - Clock.monotonic) / 1_000_000
            guard left > 0 else { return nil }
            if !waiting.isEmpty {
                // What it waits for may be that this end reads.
                _ = socket.wait(forRoom: true, milliseconds: min(Int32(clamping: left), 20))
                push()
            } else {
                _ = socket.wait(forRoom: false, milliseconds: Int32(clamping: left))
            }
            while readPart(), answer?.value == nil {}
        }
        return nil
    }

    private func hearPostponed() {
        if postponed.isEmpty { return }
        loop.later { [weak self] in
            guard let self else { return }
            let messages = postponed
            postponed = []
            for message in messages { deliver(message) }
        }
    }
}
