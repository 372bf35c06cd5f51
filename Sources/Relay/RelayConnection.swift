internal import EventLoop
internal import Linux
package import SMTP
package import Time

/// One SMTP connection to a relay: libcurl brings it as far as AUTH, and the transactions are ours.
///
/// A connection is used once, and lives by itself until it failed, was closed or closed. Callbacks come from the loop,
/// never from within a call to the connection but ``close()``; inside them everything may be called.
package final class RelayConnection {
    /// Connected and logged in; ``send(envelope:body:commit:completion:)`` may be called at once.
    package var onReady: (Capabilities) -> Void = { _ in }
    /// ``connect()`` came to nothing.
    package var onFailure: (ConnectionFailure) -> Void = { _ in }
    /// ``isIdle`` became true.
    package var onIdle: () -> Void = {}
    /// It ended by itself or after ``quit()``; the transactions were completed before.
    package var onClosed: (Closing) -> Void = { _ in }

    /// When the relay's certificate ends; nil without TLS.
    package private(set) var certificateEnd: Timestamp?
    /// The relay's address, or the proxy's; nil before it is ready.
    package private(set) var address: String?
    /// Whether bytes pass through TLS.
    package var isSecure: Bool { isEncrypted }

    /// Why a connection that was ready has ended.
    package enum Closing: Equatable {
        /// As many messages, as old or as long idle as the settings allow; or ``quit()``.
        case retired
        /// The relay ended it, or said something, while nothing was under way.
        case idle(String)
        /// It ended under a transaction, whose outcome said so.
        case lost(String)
    }

    /// How a relay is spoken to.
    package enum Care: Equatable, Sendable {
        case none
        /// One command at a time: it has lost what came in a group, or is said to.
        case stepByStep
        /// One command at a time, and one message a connection: it has answered what was not asked.
        case alone
    }

    /// How long the reply to QUIT is waited for.
    private static let farewell = Span.seconds(2)
    /// The most bytes that are sent in one go before others have their turn.
    private static let burst = 1 << 20

    /// Whatever the settings say: times are added up in 64 bits of nanoseconds.
    private static let longestPatience = Span.days(30)

    private let curl: CurlLoop
    private let loop: EventLoop
    private let settings: RelaySettings
    private let memory: RelayMemory
    private let care: Care
    private let outbox = Outbox()
    private var opening: Opening?
    private var easy: Easy?
    private var watch: EventLoop.Watch?
    private var timer: EventLoop.Timer?
    private var session = Session(Capabilities())
    /// How many transactions it may carry, once it is open.
    private var messageLimit = Int.max
    private var parser = ReplyParser()
    private var delivery: Delivery?
    private var isEncrypted = false

    private var state = State.new
    private var willPump = false
    private var isReceiving = false
    private var quitWhenIdle = false
    private var hasOffered = false
    /// Actions of transactions that were begun from outside, until the loop has its turn.
    private var pending: [Session.Action] = []
    private var openedAt: Int64 = 0
    private var progressAt: Int64 = 0
    /// Rounds in which the socket was ready and TLS still could not write.
    private var futileRounds = 0

    private enum State { case new, connecting, open, quitting, closed }

    private struct Delivery {
        var body: [UInt8]
        let commit: ([Int]) -> Bool
        let completion: (TransactionOutcome) -> Void
    }

    /// `memory` is shared by the connections to one relay; `care` is what its earlier answers ask for.
    package init(
        _ curl: CurlLoop, to settings: RelaySettings, _ memory: RelayMemory = RelayMemory(), care: Care = .none
    ) {
        self.curl = curl
        loop = curl.loop
        self.settings = settings
        self.memory = memory
        self.care = care
    }

    /// How many transactions it was asked to carry. A relay that hangs up on a connection that carried none
    /// has failed; later it may do so as it likes.
    package var carried: Int { session.count }

    /// The relay's offers, as far as they are used; none before it is connected.
    package var capabilities: Capabilities { session.capabilities }

    /// Whether nothing is under way and a message may be handed over.
    package var isIdle: Bool {
        // The session last: to ask it takes a copy.
        state == .open && delivery == nil && !isReceiving && !isRetiring && session.isIdle
    }

    private var isRetiring: Bool {
        quitWhenIdle || session.count >= messageLimit || loop.now - openedAt > settings.connectionAge.nanoseconds
    }

    // Connecting.

    /// Begins to connect. Ends in ``onReady`` or ``onFailure``.
    package func connect() {
        guard state == .new else { return }
        state = .connecting
        let opening = Opening(curl, to: settings, memory) { [self] in opened($0) }
        self.opening = opening
        opening.start()
    }

    private func opened(_ result: Result<Opening.Opened, ConnectionFailure>) {
        opening = nil
        switch result {
        case .failure(let failure):
            release()
            onFailure(failure)
        case .success(let opened): take(opened)
        }
    }

    private func take(_ opened: Opening.Opened) {
        easy = opened.easy
        isEncrypted = opened.isEncrypted
        certificateEnd = opened.certificateEnd
        address = opened.address
        do {
            watch = try loop.watch(opened.easy.socket, for: .read) { self.ready($0) }
        } catch {
            release()
            return onFailure(ConnectionFailure(.connect, "cannot be watched: \(error)"))
        }
        state = .open
        var capabilities = opened.capabilities
        if care != .none || !settings.pipelining { capabilities.pipelining = false }
        let offered = min(settings.messagesPerConnection, capabilities.messageLimit ?? .max)
        messageLimit = care == .alone ? 1 : max(offered, 1)
        session = Session(capabilities, helo: settings.helo ?? Process.hostName, settings.timeouts)
        openedAt = loop.now
        progressAt = loop.now
        hasOffered = true
        arm(after: shortest)
        onReady(session.capabilities)
    }

    // Transactions.

    /// Hands a message over. Where it is not ``isIdle`` (any more) it comes back, not tried.
    ///
    /// `body` is the message with any line ends, not dot-stuffed. `commit` is asked, with the indices of the recipients
    /// that were accepted, before the first byte of the body is sent; after false the connection is closed without a
    /// dot. `completion` comes exactly once.
    package func send(
        envelope: Envelope, body: [UInt8], commit: @escaping ([Int]) -> Bool,
        completion: @escaping (TransactionOutcome) -> Void
    ) {
        guard isIdle else {
            let recipients = envelope.recipients.map { _ in RecipientOutcome.notTried }
            let outcome = TransactionOutcome(
                recipients: recipients, fault: .stale("the connection is not free"), reuse: .close)
            return loop.later { completion(outcome) }
        }
        progressAt = loop.now
        delivery = Delivery(body: body, commit: commit, completion: completion)
        pending += session.begin(envelope)
        hasOffered = false
        if willPump { return }
        willPump = true
        loop.later { self.ready([]) }
    }

    /// The loop's turn: hear, act, offer room, speak.
    private func ready(_ readiness: EventLoop.Readiness) {
        guard state == .open || state == .quitting else { return }
        willPump = true
        let sent = outbox.sent
        let hasHeard = readiness.contains(.read) && receive()
        repeat {
            let actions = pending
            pending.removeAll(keepingCapacity: true)
            perform(actions)
            offerRoom()
            if pending.isEmpty { flush() }
        } while !pending.isEmpty
        willPump = false
        // With nothing of ours to go with it, the acknowledgement would be late, and what is still to be answered with it.
        if state == .open, hasHeard, outbox.sent == sent, !session.isIdle { easy?.acknowledge() }
        if state == .open, delivery == nil, session.isIdle, isRetiring { sayGoodbye() }
        setInterest(afterWritable: readiness.contains(.write))
    }

    /// Takes in all that has come; whether there was anything.
    @discardableResult
    private func receive() -> Bool {
        guard let easy else { return false }
        isReceiving = true
        defer { isReceiving = false }
        var hasHeard = false
        while state == .open || state == .quitting {
            switch easy.receive(into: curl.scratch) {
            case .again: return hasHeard
            case .closed(let text):
                perform(session.interrupted(.closed(text)))
                return hasHeard
            case .bytes(let count):
                hasHeard = true
                if state == .quitting {
                    close(.retired)
                    return hasHeard
                }
                parser.append(UnsafeRawBufferPointer(rebasing: curl.scratch[..<count]))
                understand()
                // TLS may hold more than the kernel tells of.
                if count < curl.scratch.count, !isEncrypted { return hasHeard }
            }
        }
        return hasHeard
    }

    private func understand() {
        do throws(ReplyError) {
            while state == .open, let reply = try parser.next() {
                // A whole reply: a relay that sends a byte now and then has not answered.
                progressAt = loop.now
                perform(session.received(reply))
                // One command, one reply: what has come already cannot answer the command that is sent next.
                if state == .open, !session.capabilities.pipelining, !session.hasRepliesDue, parser.isWithinReply {
                    perform(session.interrupted(.outOfStep("the relay said something that was not asked for")))
                }
            }
            if state == .open, session.isIdle, parser.isWithinReply {
                perform(session.interrupted(.outOfStep("the relay said something that was not asked for")))
            }
        } catch {
            perform(session.interrupted(.outOfStep(error.description)))
        }
    }

    private func perform(_ actions: [Session.Action]) {
        for action in actions {
            switch action {
            case .write(let bytes): outbox.append(bytes)
            case .writeBody:
                outbox.append(body: delivery?.body ?? [])
                delivery?.body = []
            case .commit(let accepted):
                guard let commit = delivery?.commit else { continue }
                perform(commit(accepted) ? session.proceed() : session.abort())
            case .finish(let outcome): delivery.take()?.completion(outcome)
            case .close(let reason): close(isUnderWay(actions) ? .lost(reason) : .idle(reason))
            }
        }
    }

    private func isUnderWay(_ actions: [Session.Action]) -> Bool {
        actions.contains { if case .finish = $0 { true } else { false } }
    }

    private func offerRoom() {
        guard isIdle else {
            hasOffered = false
            return
        }
        if hasOffered { return }
        hasOffered = true
        onIdle()
    }

    private func flush() {
        guard let easy else { return }
        var left = Self.burst
        while left > 0, let chunk = outbox.chunk(isEncrypted: isEncrypted) {
            switch easy.send(chunk) {
            case .bytes(let count):
                if outbox.consume(count) { session.bodyWritten() }
                left -= count
                futileRounds = 0
                progressAt = loop.now
            case .again: return outbox.keep(chunk)
            case .closed(let text):
                // What the relay said before it hung up is its answer.
                receive()
                if state != .closed { perform(session.interrupted(.closed(text))) }
                return
            }
        }
    }

    /// Waits for the socket to take more while there is more. TLS may have to read first: where the socket is ready
    /// again and again to no end, it is left alone for a moment, so that the loop does not spin.
    private func setInterest(afterWritable: Bool) {
        guard let watch, state != .closed else { return }
        if outbox.isEmpty { return watch.set(.read) }
        if afterWritable { futileRounds += 1 }
        guard futileRounds > 8 else { return watch.set([.read, .write]) }
        futileRounds = 0
        watch.set(.read)
        loop.schedule(after: .milliseconds(20)) { self.ready([]) }
    }

    // Time.

    private var shortest: Span {
        max(min(settings.timeouts.shortest, settings.idleTimeout, Self.longestPatience), .milliseconds(1))
    }

    /// One timer for all: it never comes later than the shortest span after anything, and looks then how much is left.
    private func arm(after span: Span) {
        timer = loop.schedule(after: span) { [self] in
            guard state == .open else { return }
            let patience = min(session.patience ?? settings.idleTimeout, Self.longestPatience)
            let left = Span(nanoseconds: progressAt + patience.nanoseconds - loop.now)
            if left > .zero { return arm(after: min(left, shortest)) }
            if session.isIdle { return sayGoodbye() }
            perform(session.interrupted(.timedOut))
        }
    }

    // The end.

    /// Takes nothing more; when what is under way is done, says QUIT and closes within two seconds.
    package func quit() {
        switch state {
        case .new, .connecting: close()
        case .open:
            quitWhenIdle = true
            loop.later { self.ready([]) }
        case .quitting, .closed: break
        }
    }

    /// Closes now. What is under way is completed before this returns; ``onClosed`` and ``onFailure`` do not come.
    package func close() {
        if state == .closed { return }
        onClosed = { _ in }
        perform(session.interrupted(.ourselves))
        completePending()
        release()
    }

    /// Messages that were refused without asking the relay, and not told of yet.
    private func completePending() {
        let actions = pending
        pending = []
        perform(actions.filter { if case .finish = $0 { true } else { false } })
    }

    private func sayGoodbye() {
        guard state == .open else { return }
        state = .quitting
        outbox.append(Array("QUIT\r\n".utf8))
        timer?.cancel()
        timer = loop.schedule(after: Self.farewell) { self.close(.retired) }
        flush()
        setInterest(afterWritable: false)
    }

    private func close(_ why: Closing) {
        if state == .closed { return }
        let isFarewell = state == .quitting
        completePending()
        release()
        onClosed(isFarewell ? .retired : why)
    }

    /// Lets go of everything: the watch before the descriptor that it is for.
    private func release() {
        state = .closed
        opening?.cancel()
        opening = nil
        timer?.cancel()
        watch?.cancel()
        watch = nil
        if let easy { curl.remove(easy.handle) }
        easy = nil
    }
}
