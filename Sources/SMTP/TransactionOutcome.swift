/// The outcome of one transaction.
package struct TransactionOutcome: Equatable {
    /// One for each recipient of the envelope, in its order.
    package var recipients: [RecipientOutcome]
    package var fault: Fault
    /// Where it was decided: the command whose reply is the outcome of the recipients, or that was waited for.
    package var phase: Phase
    /// The commit was asked for and given.
    package var committed: Bool
    /// Whether it was the first transaction of its connection.
    package var isFirst: Bool
    /// The use of the connection afterwards.
    package var reuse: Reuse

    package enum Reuse: Equatable { case asIs, afterReset, close }

    package init(
        recipients: [RecipientOutcome], fault: Fault = .none, phase: Phase = .mail, committed: Bool = false,
        isFirst: Bool = true, reuse: Reuse
    ) {
        self.recipients = recipients
        self.fault = fault
        self.phase = phase
        self.committed = committed
        self.isFirst = isFirst
        self.reuse = reuse
    }

    /// The outcome where nothing was learned of any recipient.
    static func untold(_ envelope: Envelope, _ fault: Fault, at phase: Phase, isFirst: Bool) -> TransactionOutcome {
        let recipients = envelope.recipients.map { _ in RecipientOutcome.notTried }
        return TransactionOutcome(
            recipients: recipients, fault: fault, phase: phase, isFirst: isFirst, reuse: .close)
    }

    /// The outcome as it is, of a relay that said more than it was asked.
    func extraReply(_ reason: String) -> TransactionOutcome {
        var outcome = self
        outcome.fault = .outOfStep(reason)
        outcome.reuse = .close
        return outcome
    }

    /// The outcome where its replies may have answered something else: in doubt from the dot on, otherwise nothing was
    /// learned.
    func disbelieved(_ reason: String) -> TransactionOutcome {
        var outcome = self
        outcome.recipients = recipients.map { _ in committed ? .inDoubt(reason) : .notTried }
        outcome.fault = .outOfStep(reason)
        outcome.reuse = .close
        return outcome
    }
}

/// The outcome of one recipient.
package enum RecipientOutcome: Equatable, Sendable {
    /// The reply to the final dot.
    case sent(Reply)
    case deferred(Cause)
    case refused(Cause)
    /// The last byte of the final dot went to the kernel, and no reply came: it may have been delivered.
    case inDoubt(String)
    /// It is one more than the relay takes in one transaction: it goes in a further one. RFC 5321 section 4.5.3.1.10.
    case tooMany(Reply)
    /// Nothing was learned about it.
    case notTried

    /// The server has taken the message for it.
    package var isSent: Bool { if case .sent = self { true } else { false } }

    /// The message may have been delivered to it.
    package var isInDoubt: Bool { if case .inDoubt = self { true } else { false } }

    /// The reply that put it off or refused it; nil where none did.
    package var reply: Reply? {
        switch self {
        case .deferred(.reply(let reply)), .refused(.reply(let reply)): reply
        default: nil
        }
    }
}

extension RecipientOutcome {
    /// Why it was refused permanently, or nil.
    package var refusal: Cause? { if case .refused(let cause) = self { cause } else { nil } }
}

/// Why a recipient was deferred or refused.
package enum Cause: Equatable, Sendable {
    case reply(Reply)
    /// Found on our side.
    case local(EnhancedStatus, String)

    package var code: Int? {
        if case .reply(let reply) = self { reply.code } else { nil }
    }

    package var enhanced: EnhancedStatus? {
        switch self {
        case .reply(let reply): reply.enhanced
        case .local(let status, _): status
        }
    }

    /// One line, safe to log.
    package var text: String {
        switch self {
        case .reply(let reply): reply.text
        case .local(_, let text): text
        }
    }
}

/// A fault of the connection, and its owner.
package enum Fault: Equatable {
    case none
    /// The connection ended, or 421 came, before any other reply to MAIL, on a connection that had carried a
    /// transaction: relays end connections as they like. Every recipient is ``RecipientOutcome/notTried``.
    case stale(String)
    /// The relay answers other commands than it was asked: what it said is not believed, and nothing more is sent to it in
    /// groups, nor a second message on one connection.
    case outOfStep(String)
    /// The replies to a group of commands contradict each other: nothing is believed of them, and nothing more is sent to it
    /// in groups. Every recipient is ``RecipientOutcome/notTried``.
    case unordered(String)
    /// 421 or the end of the connection: an attempt of the job.
    case interrupted(Phase, String)
    /// Silence, for as long as the timeout says: an attempt of the job, and what a relay does that loses commands.
    case silent(Phase, String)
    /// We ended it ourselves before the final dot; recipients without a refusal are ``RecipientOutcome/notTried``.
    case aborted

    package var reason: String? {
        switch self {
        case .none: nil
        case .stale(let reason), .outOfStep(let reason), .unordered(let reason), .interrupted(_, let reason),
            .silent(_, let reason):
            reason
        case .aborted: "closed by us"
        }
    }
}

/// Why a connection carries nothing any more.
package enum Interruption: Equatable, CustomStringConvertible {
    /// The socket's words, in one line.
    case closed(String)
    case timedOut
    /// The server's bytes cannot be understood, or answer nothing that was asked.
    case outOfStep(String)
    /// 421.
    case closing(Reply)
    /// We close it.
    case ourselves

    package var description: String {
        switch self {
        case .closed(let text), .outOfStep(let text): text
        case .timedOut: "timed out"
        case .closing(let reply): reply.description
        case .ourselves: "closed by us"
        }
    }

    /// One line that says what happened when.
    package func reason(_ phase: Phase) -> String { "\(self) while \(phase)" }
}
