/// One message's way through MAIL, RCPT, DATA, the body and the final dot: one function for each event, which
/// returns what is to be done. RFC 5321 section 3.3, RFC 2920.
///
/// Where a recipient's reply, the reply to MAIL, DATA or the dot is no success, it is that recipient's or
/// everybody's outcome; a code that RFC 5321 does not know is temporary.
package struct Transaction {
    package enum Action: Equatable {
        case none
        case write([UInt8])
        /// Everything is ready for the body of these recipients: answer with ``proceed()`` or ``abort()``.
        case commit([Int])
        /// The body and the final dot; then ``bodyWritten()``.
        case writeBody
        case finish(TransactionOutcome)
    }

    private enum State: Equatable {
        case unsent, mail
        case recipient(Int)
        case data, commit, body, dot, loneDot, finished
    }

    package let envelope: Envelope
    private let isPipelined: Bool
    private let parameters: String
    /// Whether the connection has carried nothing before.
    private let isFirst: Bool
    private var state = State.unsent
    private var mail: Reply?
    private var replies: [Reply] = []
    private var committed = false

    /// Precondition: the capabilities allow the envelope, see ``Capabilities/refusal(of:)``.
    package init(_ envelope: Envelope, _ capabilities: Capabilities, isFirst: Bool) {
        self.envelope = envelope
        self.isFirst = isFirst
        isPipelined = capabilities.pipelining
        parameters = capabilities.mailParameters(for: envelope)
    }

    package var isSent: Bool { state != .unsent }
    /// The body is under way, or written: the next transaction's commands may follow it. RFC 2920 section 3.1.
    package var isPastCommit: Bool { state == .body || state == .dot }

    package var phase: Phase {
        switch state {
        case .unsent, .mail: .mail
        case .recipient: .recipient
        case .data: .data
        case .commit, .body: .body
        case .dot, .loneDot, .finished: .dot
        }
    }

    package mutating func start() -> Action {
        state = .mail
        var commands = "MAIL FROM:<\(envelope.sender)>\(parameters)\r\n"
        if isPipelined {
            for index in envelope.recipients.indices { commands += recipientCommand(index) }
            commands += "DATA\r\n"
        }
        return .write(Array(commands.utf8))
    }

    package mutating func received(_ reply: Reply) -> Action {
        if reply.isClosing { return interrupted(.closing(reply)) }
        switch state {
        case .mail: return mailAnswered(reply)
        case .recipient(let index): return recipientAnswered(index, reply)
        case .data: return dataAnswered(reply)
        case .commit, .body:
            // The server has had enough: that is its answer, but half a message stands on the connection.
            if reply.kind == .positive || reply.kind == .intermediate { return outOfStep(reply) }
            return finish(Self.outcome(of: reply), reuse: .close)
        case .dot:
            // A second 354 answers nothing: whether the message was taken is still to be said.
            if reply.kind == .intermediate { return outOfStep(reply) }
            return finish(reply.kind == .positive ? .sent(reply) : Self.outcome(of: reply), reuse: .asIs)
        case .loneDot: return finish(.notTried, reuse: .asIs)
        case .unsent, .finished: return .none
        }
    }

    /// The answer to ``Action/commit(_:)``: the body may be written.
    package mutating func proceed() -> Action {
        guard state == .commit else { return .none }
        state = .body
        committed = true
        return .writeBody
    }

    /// The answer to ``Action/commit(_:)``: it may not. The connection has to be closed: only the dot would end DATA.
    package mutating func abort() -> Action { interrupted(.ourselves) }

    /// The last byte of the final dot was handed to the kernel: from now on the message may be delivered.
    package mutating func bodyWritten() {
        if state == .body { state = .dot }
    }

    /// The connection carries nothing any more.
    package mutating func interrupted(_ why: Interruption) -> Action {
        let reason = why.reason(phase)
        switch (state, why) {
        case (.finished, _): return .none
        case (.dot, .closing(let reply)):
            return finish(Self.outcome(of: reply), fault: .interrupted(.dot, reason), reuse: .close)
        case (.dot, _):
            return finish(.inDoubt(reason), fault: .interrupted(.dot, reason), reuse: .close)
        case (_, .ourselves): return finish(.notTried, fault: .aborted, reuse: .close)
        case (.unsent, _), (.mail, _):
            return finish(.notTried, fault: isFirst ? .relay(reason) : .stale(reason), reuse: .close)
        case (_, .closing(let reply)):
            return finish(.deferred(.reply(reply)), fault: .interrupted(phase, reason), reuse: .close)
        case (_, .outOfStep):
            return finish(.deferred(.local(.outOfStep, reason)), fault: .interrupted(phase, reason), reuse: .close)
        case (_, .closed), (_, .timedOut):
            return finish(.deferred(.local(.badConnection, reason)), fault: .interrupted(phase, reason), reuse: .close)
        }
    }

    private func recipientCommand(_ index: Int) -> String { "RCPT TO:<\(envelope.recipients[index])>\r\n" }

    private mutating func mailAnswered(_ reply: Reply) -> Action {
        if reply.kind == .intermediate { return outOfStep(reply) }
        mail = reply
        if !isPipelined, reply.kind != .positive { return finish(.notTried, reuse: .asIs) }
        state = .recipient(0)
        return isPipelined ? .none : .write(Array(recipientCommand(0).utf8))
    }

    private mutating func recipientAnswered(_ index: Int, _ reply: Reply) -> Action {
        if reply.kind == .intermediate { return outOfStep(reply) }
        replies.append(reply)
        let next = index + 1
        if next < envelope.recipients.count {
            state = .recipient(next)
            return isPipelined ? .none : .write(Array(recipientCommand(next).utf8))
        }
        state = .data
        if isPipelined { return .none }
        return accepted.isEmpty ? finish(.notTried, reuse: .afterReset) : .write(Array("DATA\r\n".utf8))
    }

    private mutating func dataAnswered(_ reply: Reply) -> Action {
        switch reply.kind {
        case .intermediate where accepted.isEmpty:
            // Pipelined, and the server does not mind that nobody is to have it. RFC 2920 section 3.1.
            state = .loneDot
            return .write(Array(".\r\n".utf8))
        case .intermediate:
            state = .commit
            return .commit(accepted)
        case .positive: return outOfStep(reply)
        case .transient, .permanent, .invalid:
            return finish(Self.outcome(of: reply), reuse: isMailAccepted ? .afterReset : .asIs)
        }
    }

    private mutating func outOfStep(_ reply: Reply) -> Action { interrupted(.outOfStep("unexpected reply (\(reply))")) }

    private var isMailAccepted: Bool { mail?.kind == .positive }

    private var accepted: [Int] { isMailAccepted ? replies.indices.filter { replies[$0].kind == .positive } : [] }

    /// Ends the transaction; `undecided` is the outcome of the recipients that have no refusal of their own.
    private mutating func finish(
        _ undecided: RecipientOutcome, fault: Fault = .none, reuse: TransactionOutcome.Reuse
    ) -> Action {
        state = .finished
        let refused = mail.flatMap { $0.kind == .positive ? nil : $0 }
        let firstAccepted = replies.firstIndex { $0.kind == .positive } ?? replies.count
        let outcomes = envelope.recipients.indices.map { index in
            if let refused { return Self.outcome(of: refused) }
            guard index < replies.count, replies[index].kind != .positive else { return undecided }
            let reply = replies[index]
            return index > firstAccepted && Self.isTooMany(reply) ? .deferred(.reply(reply)) : Self.outcome(of: reply)
        }
        return .finish(
            TransactionOutcome(
                recipients: outcomes, fault: fault, mailRefused: refused, committed: committed, reuse: reuse))
    }

    /// The reply of a server that takes only so many recipients at once, to one beyond those that it accepted: the
    /// others have their turn with the next attempt. RFC 5321 section 4.5.3.1.10.
    private static func isTooMany(_ reply: Reply) -> Bool {
        reply.code == 552 && (reply.enhanced == nil || reply.enhanced == .tooManyRecipients)
    }

    private static func outcome(of reply: Reply) -> RecipientOutcome {
        reply.kind == .permanent ? .refused(.reply(reply)) : .deferred(.reply(reply))
    }
}

extension Capabilities {
    /// Why the message cannot go to this server at all; found without asking it.
    ///
    /// A body of 8 bits is sent although 8BITMIME is not offered: every server in use takes it, a message that the
    /// daemon made has none, and Postfix without conversion does the same.
    package func refusal(of envelope: Envelope) -> Cause? {
        if let sizeLimit, envelope.size > sizeLimit {
            return .local(.tooBig, "message size \(envelope.size) exceeds the relay's limit of \(sizeLimit)")
        }
        if envelope.needsSMTPUTF8, !smtpUTF8 {
            return .local(.nonASCII, "a non-ASCII address or header, and the relay does not offer SMTPUTF8")
        }
        return nil
    }

    func mailParameters(for envelope: Envelope) -> String {
        (size ? " SIZE=\(envelope.size)" : "") + (eightBitMIME && envelope.needs8Bit ? " BODY=8BITMIME" : "")
            + (envelope.needsSMTPUTF8 ? " SMTPUTF8" : "")
    }
}
