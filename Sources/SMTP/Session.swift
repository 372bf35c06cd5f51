package import Time

/// The transactions of one connection, after EHLO and AUTH: one under way and, where PIPELINING is offered, the
/// next one behind it, whose commands travel with the body of the first. RFC 2920 section 3.1 allows it,
/// and a message costs one round trip.
///
/// Replies come in the order of the commands, so each belongs to the transaction under way until that ends.
package struct Session {
    package typealias Ticket = Int

    package enum Action: Equatable {
        case write([UInt8])
        /// Answer with ``Session/proceed()`` or ``Session/abort()``. The indices of the recipients that were accepted.
        case commit(Ticket, [Int])
        /// Body and final dot; when the dot's last byte is with the kernel, ``Session/bodyWritten()``.
        case writeBody(Ticket)
        case finish(Ticket, TransactionOutcome)
        /// Nothing can be said or heard any more. The last action.
        case close(String)
    }

    /// What may be begun now.
    package enum Room: Equatable {
        case none
        /// Nothing is under way.
        case idle
        /// A body is under way, and one transaction can follow it.
        case behind
    }

    package let capabilities: Capabilities
    private let timeouts: Timeouts
    private var current: (ticket: Ticket, transaction: Transaction)?
    private var next: (ticket: Ticket, transaction: Transaction)?
    private var reset = Reset.none
    private var isOver = false
    /// How many transactions were begun; those refused without asking the server are not counted.
    package private(set) var count = 0
    private var lastTicket = 0

    private enum Reset { case none, needed, awaited }

    package init(_ capabilities: Capabilities, _ timeouts: Timeouts = Timeouts()) {
        self.capabilities = capabilities
        self.timeouts = timeouts
    }

    package var room: Room {
        if isOver { return .none }
        guard let current else { return .idle }
        return next == nil && capabilities.pipelining && current.transaction.isPastCommit ? .behind : .none
    }

    /// What is waited for; nil while nothing is.
    package var awaited: Phase? { reset == .awaited ? .reset : current?.transaction.phase }

    /// How long the server has for the next step, from its last reply or the last progress of a body.
    package var patience: Span? { awaited.map { timeouts[$0] } }

    /// Takes a transaction on. Precondition: there is ``room``.
    package mutating func begin(_ envelope: Envelope) -> (Ticket, [Action]) {
        precondition(room != .none, "a transaction was begun where there is no room")
        lastTicket += 1
        if let cause = capabilities.refusal(of: envelope) {
            let refused = RecipientOutcome.refused(cause)
            let outcome = TransactionOutcome(recipients: envelope.recipients.map { _ in refused }, reuse: .asIs)
            return (lastTicket, [.finish(lastTicket, outcome)])
        }
        let transaction = Transaction(envelope, capabilities, isFirst: count == 0)
        count += 1
        if current == nil {
            current = (lastTicket, transaction)
            return (lastTicket, startCurrent())
        }
        next = (lastTicket, transaction)
        return (lastTicket, startNext())
    }

    package mutating func received(_ reply: Reply) -> [Action] {
        if isOver { return [] }
        if reset == .awaited {
            if reply.isClosing { return interrupted(.closing(reply)) }
            if reply.kind != .positive { return interrupted(.outOfStep("RSET was refused (\(reply))")) }
            reset = .none
            return startCurrent()
        }
        guard let action = current?.transaction.received(reply) else {
            return interrupted(reply.isClosing ? .closing(reply) : .outOfStep("unexpected reply (\(reply))"))
        }
        return act(on: action)
    }

    package mutating func proceed() -> [Action] {
        guard let action = current?.transaction.proceed() else { return [] }
        return act(on: action) + startNext()
    }

    package mutating func abort() -> [Action] {
        guard let action = current?.transaction.abort() else { return [] }
        return act(on: action)
    }

    package mutating func bodyWritten() { current?.transaction.bodyWritten() }

    /// Ends what is under way. A second call does nothing.
    package mutating func interrupted(_ why: Interruption) -> [Action] {
        if isOver { return [] }
        isOver = true
        let reason = awaited.map(why.reason) ?? why.description
        var actions: [Action] = []
        for (ticket, interrupted) in [current, next].compactMap(\.self) {
            var transaction = interrupted
            if case .finish(let outcome) = transaction.interrupted(why) { actions.append(.finish(ticket, outcome)) }
        }
        current = nil
        next = nil
        return actions + [.close(reason)]
    }

    private mutating func act(on action: Transaction.Action) -> [Action] {
        guard let ticket = current?.ticket else { return [] }
        switch action {
        case .none: return []
        case .write(let bytes): return [.write(bytes)]
        case .commit(let accepted): return [.commit(ticket, accepted)]
        case .writeBody: return [.writeBody(ticket)]
        case .finish(let outcome): return [.finish(ticket, outcome)] + goOn(after: outcome)
        }
    }

    private mutating func goOn(after outcome: TransactionOutcome) -> [Action] {
        current = next
        next = nil
        switch outcome.reuse {
        case .close:
            let rest = interrupted(.closed("the connection ended with the message before")).dropLast()
            return rest + [.close(outcome.fault.reason ?? "the message was refused before its end")]
        case .afterReset: reset = .needed
        case .asIs: break
        }
        return startCurrent()
    }

    /// Sends the commands of the transaction under way unless they are out, RSET before them where it is due.
    private mutating func startCurrent() -> [Action] {
        guard let isSent = current?.transaction.isSent, !isSent else { return [] }
        guard reset == .needed else { return startTransaction() }
        reset = .awaited
        let command = Action.write(Array("RSET\r\n".utf8))
        return capabilities.pipelining ? [command] + startTransaction() : [command]
    }

    private mutating func startTransaction() -> [Action] {
        guard let action = current?.transaction.start() else { return [] }
        return act(on: action)
    }

    private mutating func startNext() -> [Action] {
        guard let isReady = current?.transaction.isPastCommit, isReady,
            let isSent = next?.transaction.isSent, !isSent,
            case .write(let bytes) = next?.transaction.start()
        else { return [] }
        return [.write(bytes)]
    }
}
