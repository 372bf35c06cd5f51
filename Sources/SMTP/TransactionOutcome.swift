/// What became of one transaction.
package struct TransactionOutcome: Equatable {
    /// One for each recipient of the envelope, in its order.
    package var recipients: [RecipientOutcome]
    package var fault: Fault
    /// The reply that refused MAIL, for now (4yz) or for good (5yz): it is every recipient's.
    package var mailRefused: Reply?
    /// The commit was asked for and given.
    package var committed: Bool
    /// What the connection is good for afterwards.
    package var reuse: Reuse

    package enum Reuse: Equatable { case asIs, afterReset, close }

    package init(
        recipients: [RecipientOutcome], fault: Fault = .none, mailRefused: Reply? = nil,
        committed: Bool = false, reuse: Reuse
    ) {
        self.recipients = recipients
        self.fault = fault
        self.mailRefused = mailRefused
        self.committed = committed
        self.reuse = reuse
    }
}

/// What became of one recipient.
package enum RecipientOutcome: Equatable, Sendable {
    /// The reply to the final dot.
    case sent(Reply)
    case deferred(Cause)
    case refused(Cause)
    /// The last byte of the final dot went to the kernel, and no reply came: it may have been delivered.
    case inDoubt(String)
    /// Nothing was learned about it.
    case notTried
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

/// What went wrong with the connection, and whose fault it is.
package enum Fault: Equatable {
    case none
    /// The connection ended, or 421 came, before any other reply to MAIL, on a connection that had carried nothing
    /// yet: the relay's failure, not the job's. Every recipient is ``RecipientOutcome/notTried``.
    case relay(String)
    /// The same on a connection that had carried a transaction: relays end connections as they like, and
    /// it says nothing about the relay. Every recipient is ``RecipientOutcome/notTried``.
    case stale(String)
    /// 421, the end of the connection, silence or nonsense later on: an attempt of the job.
    case interrupted(Phase, String)
    /// We ended it ourselves before the final dot; recipients without a refusal are ``RecipientOutcome/notTried``.
    case aborted

    package var reason: String? {
        switch self {
        case .none: nil
        case .relay(let reason), .stale(let reason), .interrupted(_, let reason): reason
        case .aborted: "closed by us"
        }
    }
}

/// Why a connection carries nothing any more.
package enum Interruption: Equatable, CustomStringConvertible {
    /// What the socket said, in one line.
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
