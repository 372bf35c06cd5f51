package import SMTP
internal import Text

/// The evidence of a job's transaction about its relay: all that ``Standing`` goes by, and no more.
package enum Evidence: Equatable, Sendable {
    /// Some recipient was accepted, and the message with it.
    case accepted
    /// It says nothing of the relay: the job's outcome holds.
    case silent
    /// The replies contradicted each other.
    case unordered(String)
    /// The connection had ended before MAIL was answered. `wasAnswered`: something was learned of a recipient all the same.
    case stale(String, wasAnswered: Bool)
    /// 421, the end of the connection, or silence.
    case cutOff(CutOff)
    /// Replies put off or refused all recipients that were tried.
    case refused(Refusal)

    /// A transaction that did not run its course.
    package struct CutOff: Equatable, Sendable {
        package let reason: String
        /// While the reply to MAIL was waited for.
        package let isAtMail: Bool
        /// The table of replies says that it is the session's.
        package let isOfSession: Bool
        /// A recipient may have been accepted.
        package let isInDoubt: Bool

        package init(reason: String, isAtMail: Bool, isOfSession: Bool, isInDoubt: Bool) {
            self.reason = reason
            self.isAtMail = isAtMail
            self.isOfSession = isOfSession
            self.isInDoubt = isInDoubt
        }
    }

    /// The first reply of a transaction that nothing was accepted in, and where it came.
    package struct Refusal: Equatable, Sendable {
        package enum Place: String, CaseIterable, Sendable { case mail, data, dot, elsewhere }

        /// The reply in one line.
        package let reason: String
        /// See ``SMTP/Reply/gist``.
        package let gist: String
        package let isPermanent: Bool
        /// Every reply has that gist.
        package let isOneGist: Bool
        /// Whose it is by the table of replies.
        package let scope: Scope?
        package let place: Place
        /// It was the first transaction of its connection.
        package let isFirst: Bool

        package init(
            reason: String, gist: String, isPermanent: Bool, isOneGist: Bool = true, scope: Scope? = nil,
            place: Place = .elsewhere, isFirst: Bool = true
        ) {
            self.reason = reason
            self.gist = gist
            self.isPermanent = isPermanent
            self.isOneGist = isOneGist
            self.scope = scope
            self.place = place
            self.isFirst = isFirst
        }
    }

    /// Reads an outcome. Its recipients become what the table says of their replies.
    package init(_ outcome: inout TransactionOutcome, by table: ReplyTable) {
        let scope = table.apply(to: &outcome)
        if outcome.recipients.contains(where: \.isSent) {
            self = .accepted
            return
        }
        switch outcome.fault {
        case .aborted, .outOfStep: self = .silent
        case .unordered(let reason): self = .unordered(reason)
        case .stale(let reason):
            self = .stale(reason, wasAnswered: outcome.recipients.contains { $0 != .notTried })
        case .interrupted(let phase, let reason), .silent(let phase, let reason):
            self = .cutOff(
                CutOff(
                    reason: reason, isAtMail: phase == .mail, isOfSession: scope == .session,
                    isInDoubt: outcome.recipients.contains(where: \.isInDoubt)))
        case .none:
            let replies = outcome.recipients.compactMap(\.reply)
            guard let reply = replies.first else {
                self = .silent
                return
            }
            let gist = reply.gist
            self = .refused(
                Refusal(
                    reason: reply.description, gist: gist, isPermanent: reply.kind == .permanent,
                    isOneGist: replies.dropFirst().allSatisfy { $0.gist.isExactly(gist) }, scope: scope,
                    place: Refusal.Place(outcome.phase), isFirst: outcome.isFirst))
        }
    }
}

extension Evidence {
    /// Whether it is the job's own affair, or its recipient's, whatever others have met: ``Standing`` lets the outcome
    /// hold then, and learns only that the relay is at work.
    package func isOfJob(_ language: MailProtocol) -> Bool {
        switch self {
        case .accepted, .silent: return true
        case .unordered, .stale, .cutOff: return false
        case .refused(let refusal):
            if !refusal.isOneGist { return true }
            switch refusal.scope {
            case .recipient?, .message?: return true
            case .session?: return refusal.isFirst
            case .sender?, .account?, .relay?: return false
            case nil: break
            }
            if language == .lmtp, refusal.place == .dot { return true }
            return !refusal.isPermanent && refusal.place != .mail && (refusal.place != .data || refusal.isFirst)
        }
    }
}

extension Evidence.Refusal.Place {
    fileprivate init(_ phase: Phase) {
        switch phase {
        case .mail: self = .mail
        case .data: self = .data
        case .dot: self = .dot
        case .recipient, .body, .reset: self = .elsewhere
        }
    }
}

extension ReplyTable {
    /// Gives each recipient the verdict of the table, and returns whose affair the first reply is.
    fileprivate func apply(to outcome: inout TransactionOutcome) -> Scope? {
        var first: Reading?
        for index in outcome.recipients.indices {
            switch outcome.recipients[index] {
            case .deferred(.reply(let reply)), .refused(.reply(let reply)):
                let reading = reading(of: reply)
                first = first ?? reading
                switch reading.verdict {
                case .asSaid: break
                case .putOff: outcome.recipients[index] = .deferred(.reply(reply))
                case .refuse: outcome.recipients[index] = .refused(.reply(reply))
                }
            default: break
            }
        }
        return first?.scope
    }
}
