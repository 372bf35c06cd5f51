internal import Text
package import Time

/// The transactions of one connection, after EHLO and AUTH, one at a time.
///
/// A reply belongs to the command it follows only where the server answers each command once and in turn. Some do
/// not. So a refusal is believed when a second EHLO is answered in its place (RFC 5321 section 4.1.4): no other
/// command's reply looks like it. It resets the session as RSET would, and costs a refused message one round trip.
package struct Session {
    package enum Action: Equatable {
        case write([UInt8])
        /// Answer with ``Session/proceed()`` or ``Session/abort()``. The indices of the recipients that were accepted.
        case commit([Int])
        /// Body and final dot; when the dot's last byte is with the kernel, ``Session/bodyWritten()``.
        case writeBody
        case finish(TransactionOutcome)
        /// Nothing can be said or heard any more. The last action.
        case close(String)
    }

    package let capabilities: Capabilities
    private let helo: String
    private let timeouts: Timeouts
    private var current: Transaction?
    /// The outcome of a transaction, until it is certain that its replies were its own.
    private var unproven: TransactionOutcome?
    private var reset = Reset.none
    private var isOver = false
    /// The text of the last reply to a dot, and whether one that repeated it was proven on this connection.
    private var lastTaken: String?
    private var mayRepeat = false
    /// Whether a reply to a dot that is about an address was proven.
    private var mayNameAddress = false
    private var isProvingRepeat = false
    /// How many transactions were begun; those refused without asking the server are not counted.
    package private(set) var count = 0

    private enum Reset { case none, needed, awaited }

    /// `helo` is the name that was said in EHLO.
    package init(_ capabilities: Capabilities, helo: String = "localhost", _ timeouts: Timeouts = Timeouts()) {
        self.capabilities = capabilities
        self.helo = helo
        self.timeouts = timeouts
    }

    /// Whether nothing is under way, and something may be begun.
    package var isIdle: Bool { !isOver && current == nil && unproven == nil }

    /// The reply that is awaited, or nil.
    package var awaited: Phase? { unproven != nil || reset == .awaited ? .reset : current?.phase }

    /// Whether the command that was answered last has further replies: the dot of LMTP.
    package var hasRepliesDue: Bool { current?.hasRepliesDue == true }

    /// How long the server has for the next step, from its last reply or the last progress of a body.
    package var patience: Span? { awaited.map { timeouts[$0] } }

    /// Takes a transaction on. Precondition: ``isIdle``.
    package mutating func begin(_ envelope: Envelope) -> [Action] {
        precondition(isIdle, "a transaction was begun while another is under way")
        if let cause = capabilities.refusal(of: envelope) {
            let refused = RecipientOutcome.refused(cause)
            return [.finish(TransactionOutcome(recipients: envelope.recipients.map { _ in refused }, reuse: .asIs))]
        }
        current = Transaction(envelope, capabilities, isFirst: count == 0)
        count += 1
        guard reset == .needed else { return start() }
        reset = .awaited
        let command = Action.write(Array("RSET\r\n".utf8))
        return capabilities.pipelining ? [command] + start() : [command]
    }

    package mutating func received(_ reply: Reply) -> [Action] {
        if isOver { return [] }
        if let unproven { return judge(unproven, by: reply) }
        if reset == .awaited {
            if reply.isClosing { return interrupted(.closing(reply)) }
            if reply.kind != .positive { return interrupted(.outOfStep("RSET was refused (\(reply))")) }
            reset = .none
            return capabilities.pipelining ? [] : start()
        }
        guard let action = current?.received(reply) else {
            return interrupted(reply.isClosing ? .closing(reply) : .outOfStep("unexpected reply (\(reply))"))
        }
        return act(on: action)
    }

    package mutating func proceed() -> [Action] {
        guard let action = current?.proceed() else { return [] }
        return act(on: action)
    }

    package mutating func abort() -> [Action] {
        guard let action = current?.abort() else { return [] }
        return act(on: action)
    }

    package mutating func bodyWritten() { current?.bodyWritten() }

    /// Ends what is under way. A second call does nothing.
    package mutating func interrupted(_ why: Interruption) -> [Action] {
        if isOver { return [] }
        let reason = awaited.map(why.reason) ?? why.description
        isOver = true
        var actions: [Action] = []
        if let outcome = unproven.take() {
            // The end of the connection, or silence, answers nothing else. Nonsense does not tell.
            actions.append(.finish(Self.isNonsense(why) ? outcome.disbelieved(reason) : outcome))
        } else if case .finish(let outcome) = current?.interrupted(why) {
            actions.append(.finish(outcome))
        }
        current = nil
        return actions + [.close(reason)]
    }

    private static func isNonsense(_ why: Interruption) -> Bool {
        if case .outOfStep = why { true } else { false }
    }

    private mutating func act(on action: Transaction.Action) -> [Action] {
        switch action {
        case .none: return []
        case .write(let bytes): return [.write(bytes)]
        case .commit(let accepted): return [.commit(accepted)]
        case .writeBody: return [.writeBody]
        case .finish(let outcome): return end(outcome)
        }
    }

    private mutating func start() -> [Action] {
        guard let action = current?.start() else { return [] }
        return act(on: action)
    }

    private mutating func end(_ outcome: TransactionOutcome) -> [Action] {
        current = nil
        if outcome.reuse == .close {
            isOver = true
            return [.finish(outcome), .close(outcome.fault.reason ?? "the message was refused before its end")]
        }
        if needsProof(outcome) {
            unproven = outcome
            return [.write(Array("\(capabilities.language.hello) \(helo)\r\n".utf8))]
        }
        if outcome.reuse == .afterReset { reset = .needed }
        return [.finish(outcome)]
    }

    // Proof.

    /// Whether the outcome may rest on another command's reply. After HELO no second greeting can be told from other
    /// replies.
    private mutating func needsProof(_ outcome: TransactionOutcome) -> Bool {
        guard capabilities.server != nil else { return false }
        guard let taken = taken(outcome) else {
            return outcome.recipients.contains { if case .refused(.reply) = $0 { true } else { false } }
        }
        // Its replies to the dot belong to recipients by their order alone.
        if capabilities.language == .lmtp, outcome.recipients.contains(where: { !$0.isSent }) { return true }
        // The 354 in its place has proven the refusals of others.
        // 2.1.x is about addresses: MAIL and RCPT are answered so.
        let isOfAnAddress = taken.enhanced?.subject == 1
        let isRepeated = lastTaken?.isExactly(taken.text) == true
        isProvingRepeat = isRepeated
        lastTaken = taken.text
        return isRepeated && !mayRepeat || isOfAnAddress && !mayNameAddress
    }

    /// The reply to the dot that took the message.
    private func taken(_ outcome: TransactionOutcome) -> Reply? {
        outcome.recipients.lazy.compactMap { if case .sent(let reply) = $0 { reply } else { nil } }.first
    }

    private mutating func judge(_ outcome: TransactionOutcome, by reply: Reply) -> [Action] {
        unproven = nil
        let isSent = outcome.recipients.contains(where: \.isSent)
        if capabilities.isGreeting(reply) {
            if isSent, isProvingRepeat { mayRepeat = true }
            if taken(outcome)?.enhanced?.subject == 1 { mayNameAddress = true }
            return [.finish(outcome)]
        }
        isOver = true
        // A server that knows no second EHLO says so with a code that no dot is answered with; one that has had enough
        // of us refuses again. Anything else answers another command.
        if 500...504 ~= reply.code || !isSent && reply.kind != .positive && reply.kind != .intermediate {
            return [.finish(outcome), .close("EHLO was refused (\(reply))")]
        }
        let reason = "a reply too many (\(reply))"
        // Both are good: whichever was the dot's, the message was taken. Who else was refused was asked for twice.
        let isWhole = capabilities.language == .smtp || outcome.recipients.allSatisfy(\.isSent)
        let isTaken = isSent && isWhole && reply.kind == .positive
        return [.finish(isTaken ? outcome.extraReply(reason) : outcome.disbelieved(reason)), .close(reason)]
    }
}
