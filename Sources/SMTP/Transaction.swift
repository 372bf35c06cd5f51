internal import Text

/// One message's way through MAIL, RCPT, DATA, the body and the final dot: one function for each event, which returns
/// the next action. RFC 5321 section 3.3, RFC 2920.
///
/// If a recipient's reply, or the reply to MAIL, DATA or the dot is not a success, it is the outcome of that recipient,
/// or of all; a code that RFC 5321 does not know is temporary.
///
/// With PIPELINING the commands for one recipient travel in one group. Those for several stop before DATA: where some
/// were accepted and some were not, it must be known which before the body goes. A reply that names its recipient
/// says so itself; a recipient whose refusal does not is asked for once more, alone.
///
/// In LMTP the dot has a reply for each recipient that was accepted, in their order, and DATA is never in the group.
/// RFC 2033 section 4.2.
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
        /// Asking again, one by one, for recipients whose refusals may be others'.
        case confirming([Int])
        case data, commit, body, dot, loneDot, finished
    }

    package let envelope: Envelope
    private let isPipelined: Bool
    private let parameters: String
    private let offersDSN: Bool
    /// Whether the connection has carried nothing before.
    private let isFirst: Bool
    private var state = State.unsent
    private var mail: Reply?
    private var replies: [Reply] = []
    /// LMTP's replies to the dot.
    private var endings: [Reply] = []
    private let isLMTP: Bool
    private var committed = false

    /// Precondition: the capabilities allow the envelope, see ``Capabilities/refusal(of:)``.
    package init(_ envelope: Envelope, _ capabilities: Capabilities, isFirst: Bool) {
        self.envelope = envelope
        self.isFirst = isFirst
        isPipelined = capabilities.pipelining
        isLMTP = capabilities.language == .lmtp
        parameters = capabilities.mailParameters(for: envelope)
        offersDSN = capabilities.dsn
    }

    package var phase: Phase {
        switch state {
        case .unsent, .mail: .mail
        case .recipient, .confirming: .recipient
        case .data: .data
        case .commit, .body: .body
        case .dot, .loneDot, .finished: .dot
        }
    }

    /// Whether DATA travels with the commands before it.
    private var isOneGroup: Bool { isPipelined && !isLMTP && envelope.recipients.count == 1 }

    /// Whether the dot was answered for some of the recipients, and not for all.
    package var hasRepliesDue: Bool { isLMTP && state == .dot && !endings.isEmpty }

    package mutating func start() -> Action {
        state = .mail
        var commands = "MAIL FROM:<\(envelope.sender)>\(parameters)\r\n"
        if isPipelined { for index in envelope.recipients.indices { commands += recipientCommand(index) } }
        if isOneGroup { commands += "DATA\r\n" }
        return .write(Array(commands.utf8))
    }

    package mutating func received(_ reply: Reply) -> Action {
        if isLMTP, state == .dot { return ended(reply) }
        if reply.isClosing { return interrupted(.closing(reply)) }
        switch state {
        case .mail: return mailAnswered(reply)
        case .recipient(let index): return recipientAnswered(index, reply)
        case .confirming(let indices): return confirmed(indices, reply)
        case .data: return dataAnswered(reply)
        case .commit, .body:
            // The server has had enough: that is its answer, but half a message stands on the connection. On one that
            // has carried others, or where a recipient was told the same, it may be an answer of before.
            if reply.kind == .positive || reply.kind == .intermediate { return outOfStep(reply) }
            let isNew = isFirst && !replies.contains { $0.code == reply.code }
            return finish(isNew ? Self.outcome(of: reply) : .deferred(.reply(reply)), reuse: .close)
        case .dot:
            // A second 354 answers nothing: whether the message was taken is still open.
            if reply.kind == .intermediate { return outOfStep(reply) }
            return finish(reply.kind == .positive ? .sent(reply) : Self.outcome(of: reply), reuse: .asIs)
        case .loneDot: return finish(.notTried, at: .data, reuse: .asIs)
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
        let place = phase
        let reason = why.reason(place)
        // What was heard of a group that has no end may be one reply off.
        if isPipelined, !committed, state != .commit { (mail, replies) = (nil, []) }
        let fault = why == .timedOut ? Fault.silent(place, reason) : .interrupted(place, reason)
        switch (state, why) {
        case (.finished, _): return .none
        case (.dot, .closing(let reply)): return finish(Self.outcome(of: reply), fault: fault, reuse: .close)
        case (.dot, .outOfStep):
            endings = []
            return finish(.inDoubt(reason), fault: .outOfStep(reason), reuse: .close)
        case (.dot, _): return finish(.inDoubt(reason), fault: fault, reuse: .close)
        case (_, .ourselves): return finish(.notTried, fault: .aborted, reuse: .close)
        case (_, .outOfStep):
            // What was heard before may have answered something else.
            state = .finished
            return .finish(.untold(envelope, .outOfStep(reason), at: place, isFirst: isFirst))
        case (.unsent, _): return finish(.notTried, fault: .stale(reason), reuse: .close)
        case (.mail, .closing(let reply)) where !isFirst:
            return finish(.deferred(.reply(reply)), fault: .stale(reason), reuse: .close)
        case (.mail, _) where !isFirst: return finish(.notTried, fault: .stale(reason), reuse: .close)
        case (_, .closing(let reply)): return finish(.deferred(.reply(reply)), fault: fault, reuse: .close)
        case (_, .closed), (_, .timedOut):
            return finish(.deferred(.local(.badConnection, reason)), fault: fault, reuse: .close)
        }
    }

    private func recipientCommand(_ index: Int) -> String {
        let recipient = envelope.recipients[index]
        let parameters = offersDSN ? envelope.dsn?.recipientParameters(for: recipient) ?? "" : ""
        return "RCPT TO:<\(recipient)>\(parameters)\r\n"
    }

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
        guard isPipelined, !isOneGroup else { return askForData() }
        if !isMailAccepted, let taken = replies.first(where: { $0.kind == .positive }) {
            return unordered("MAIL was refused, and a recipient accepted (\(taken))")
        }
        guard !accepted.isEmpty else { return askForData() }
        var doubtful: [Int] = []
        for index in replies.indices where replies[index].kind != .positive && !isBeyondLimit(index) {
            switch replies[index].addressee {
            case nil: doubtful.append(index)
            case let named? where named.isExactly(envelope.recipients[index].lowercasedASCII): break
            case let named?:
                if envelope.recipients.contains(where: { $0.lowercasedASCII.isExactly(named) }) {
                    return outOfStep(replies[index])
                }
                doubtful.append(index)
            }
        }
        return confirm(doubtful)
    }

    private mutating func confirm(_ indices: [Int]) -> Action {
        guard let index = indices.first else { return askForData() }
        state = .confirming(indices)
        return .write(Array(recipientCommand(index).utf8))
    }

    private mutating func confirmed(_ indices: [Int], _ reply: Reply) -> Action {
        guard let index = indices.first, reply.kind == replies[index].kind else {
            return unordered("another reply to the same RCPT (\(reply))")
        }
        replies[index] = reply
        return confirm(Array(indices.dropFirst()))
    }

    private mutating func askForData() -> Action {
        state = .data
        if isOneGroup { return .none }
        if accepted.isEmpty {
            state = .recipient(replies.count - 1)
            return finish(.notTried, reuse: isMailAccepted ? .afterReset : .asIs)
        }
        return .write(Array("DATA\r\n".utf8))
    }

    private mutating func dataAnswered(_ reply: Reply) -> Action {
        switch reply.kind {
        case .intermediate where accepted.isEmpty:
            // Pipelined, and the server accepts DATA without a recipient. RFC 2920 section 3.1.
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

    /// LMTP's reply to the dot for one recipient. A 421 is that recipient's like another, and the connection has ended
    /// when the last one is there.
    private mutating func ended(_ reply: Reply) -> Action {
        let recipient = envelope.recipients[accepted[endings.count]].lowercasedASCII
        if reply.kind == .intermediate || reply.names(anotherThan: recipient, of: envelope.recipients) {
            return outOfStep(reply)
        }
        endings.append(reply)
        if endings.count < accepted.count { return .none }
        guard let closing = endings.first(where: \.isClosing) else { return finish(.notTried, reuse: .asIs) }
        let fault = Fault.interrupted(.dot, Interruption.closing(closing).reason(.dot))
        return finish(.notTried, fault: fault, reuse: .close)
    }

    private mutating func outOfStep(_ reply: Reply) -> Action { interrupted(.outOfStep("unexpected reply (\(reply))")) }

    private mutating func unordered(_ reason: String) -> Action {
        state = .finished
        return .finish(.untold(envelope, .unordered(reason), at: .recipient, isFirst: isFirst))
    }

    private var isMailAccepted: Bool { mail?.kind == .positive }

    private var accepted: [Int] { isMailAccepted ? replies.indices.filter { replies[$0].kind == .positive } : [] }

    /// Whether the reply to a recipient says that those before it were enough. RFC 5321 section 4.5.3.1.10.
    private func isBeyondLimit(_ index: Int) -> Bool {
        replies[index].isTooManyRecipients && replies[..<index].contains { $0.kind == .positive }
    }

    /// Ends the transaction; `undecided` is the outcome of the recipients that have no refusal of their own.
    private mutating func finish(
        _ undecided: RecipientOutcome, fault: Fault = .none, at place: Phase? = nil, reuse: TransactionOutcome.Reuse
    ) -> Action {
        let refused = mail.flatMap { $0.kind == .positive ? nil : $0 }
        let phase = refused != nil ? .mail : accepted.isEmpty && !replies.isEmpty ? .recipient : place ?? self.phase
        state = .finished
        var undecided = undecided
        if let reply = undecided.reply, accepted.count > 1, reply.isTooManyRecipients { undecided = .tooMany(reply) }
        var hasAccepted = false
        var endings = endings[...]
        let outcomes = envelope.recipients.indices.map { index in
            if let refused { return Self.outcome(of: refused) }
            guard index < replies.count else { return undecided }
            let reply = replies[index]
            if reply.kind == .positive {
                hasAccepted = true
                guard let ending = endings.popFirst() else { return undecided }
                return ending.kind == .positive ? .sent(ending) : Self.outcome(of: ending)
            }
            return hasAccepted && reply.isTooManyRecipients ? .tooMany(reply) : Self.outcome(of: reply)
        }
        return .finish(
            TransactionOutcome(
                recipients: outcomes, fault: fault, phase: phase, committed: committed, isFirst: isFirst, reuse: reuse))
    }

    private static func outcome(of reply: Reply) -> RecipientOutcome {
        reply.kind == .permanent ? .refused(.reply(reply)) : .deferred(.reply(reply))
    }
}

extension Reply {
    /// Whether the text names one of the recipients in angle brackets that is another than this one, in lower case.
    fileprivate func names(anotherThan recipient: String, of recipients: [String]) -> Bool {
        guard let addressee, !addressee.isExactly(recipient) else { return false }
        return recipients.contains { $0.lowercasedASCII.isExactly(addressee) }
    }

    /// The address that the text names in angle brackets, in lower case; nil without one.
    fileprivate var addressee: String? {
        let bytes = Array(text.utf8)
        guard let start = bytes.firstIndex(of: UInt8(ascii: "<")),
            let end = bytes[start...].firstIndex(of: UInt8(ascii: ">")), bytes[start..<end].contains(UInt8(ascii: "@"))
        else { return nil }
        return String(decoding: bytes[(start + 1)..<end], as: UTF8.self).lowercasedASCII
    }
}

extension Capabilities {
    /// Why the message cannot go to this server at all; found without asking it. A body of 8 bits is the caller's to
    /// convert where 8BITMIME is not offered.
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
            + (envelope.needsSMTPUTF8 ? " SMTPUTF8" : "") + (dsn ? envelope.dsn?.mailParameters ?? "" : "")
    }
}
