package import SMTP
internal import Text
package import Time

/// Our view of a relay: which part of it rests, and because of which jobs.
///
/// A refusal is the recipient's, the message's, the sender's, the session's, the account's or the relay's, and only that
/// rests. The table of replies says whose it is where the reply says so. Elsewhere the evidence is what others met:
///
/// - What MAIL met is the sender's first. Its jobs rest; two senders in a row, with none accepted between, are
///   the account's.
/// - One reply for three different jobs in a row, with none accepted between, is not the jobs' fault: later jobs
///   are put back. It is the sender's where all were of one, else the account's.
/// - Three different jobs in a row that a 421, a hang-up or silence cut off are told apart in the same way.
///
/// While the account rests, senders that were never refused may still be tried: one of them may be the proof of the
/// opposite. Times are monotonic, in nanoseconds.
package struct Standing: Sendable {
    /// The fate of a job.
    package enum Fate: Equatable {
        /// As its outcome says.
        case asSaid
        /// It goes back to where all wait, and this was no attempt.
        case putBack(String)
        /// It is tried once more on a new connection, and this was no attempt.
        case reconnect(String)
    }

    /// So many different jobs in a row make what they met another's affair.
    package static let rowLimit = 3
    private static let longestRest = Span.seconds(60)
    private static let sendersLimit = 10_000
    private static let recently = Span.minutes(10)

    package private(set) var breaker: Breaker
    private let table: ReplyTable
    private let language: MailProtocol
    /// The senders that are refused, with what they met since their last success.
    private var troubled: [String: Trouble] = [:]
    /// The last jobs' outcomes, of any sender, without an accepted one between.
    private var row = Row()
    /// The two senders that were accepted last, the later one first.
    private var accepted: [(sender: String, at: Int64)] = []
    /// Whether the job that was begun last was one of a sender that rests.
    private var hasTriedLast = false
    /// How many senders that rest are being tried.
    private var tries = 0
    /// How often a job was refused alone, between others that were accepted.
    private var alone: [String: Int] = [:]

    /// Different jobs in a row that met the same.
    private struct Row {
        var key = ""
        var jobs: [String] = []
        var senders: Set<ExactText> = []

        /// Counts a job; true when others of the row, as many as the limit, came before it.
        mutating func note(_ key: String, _ job: String, _ sender: String) -> Bool {
            if !self.key.isExactly(key) { self = Row(key: key) }
            senders.insert(ExactText(sender))
            if jobs.holds(exactly: job) { return jobs.count > Standing.rowLimit }
            // What is beyond is only counted.
            if jobs.count <= Standing.rowLimit { jobs.append(job) }
            return jobs.count > Standing.rowLimit
        }

        var isFull: Bool { jobs.count >= Standing.rowLimit }
    }

    /// A sender that is refused.
    private struct Trouble {
        var row = Row()
        var rests = 0
        var until = Int64.min
        /// Whether one of its jobs is being tried.
        var isTried = false
        var reason = ""

        /// Whether the sender rests between its tries; otherwise its jobs are only counted.
        var isResting: Bool { rests > 0 }
    }

    /// `limit` is the relay's `connections`.
    package init(limit: Int, table: ReplyTable = .standard, language: MailProtocol = .smtp) {
        breaker = Breaker(limit: limit)
        self.table = table
        self.language = language
    }

    // What may start.

    /// Whether a job of the sender may be tried now.
    package func takes(_ sender: String, at now: Int64) -> Bool {
        let trouble = troubled.isEmpty ? nil : troubled[sender]
        // One of them at a time: what is refused again takes no connection from those that pass.
        if let trouble, trouble.isResting, tries > 0 || trouble.until > now { return false }
        guard breaker.isOpen, !breaker.isDue(at: now) else { return true }
        return !breaker.isUnreachable && trouble?.isResting != true
    }

    /// Whether only senders that were never refused may be tried now.
    package func isTrying(at now: Int64) -> Bool {
        breaker.isOpen && !breaker.isDue(at: now) && !breaker.isUnreachable
    }

    /// Whether nothing rests.
    package var isClear: Bool { troubled.isEmpty && !breaker.isOpen }

    /// Whether a mail that is accepted, of a sender without trouble, changes more than when that was.
    package var isChangedByAcceptance: Bool { !row.jobs.isEmpty || !breaker.isAtEase }

    /// Whether a sender that rests is being tried.
    package var isTryingResting: Bool { tries > 0 }

    /// Every sender that was refused since its last success.
    package var troubledSenders: [String] { Array(troubled.keys) }
    package var troubledCount: Int { troubled.count }

    /// The trouble of a sender that was refused since its last success; nil where it was not. `reason` is nil, and
    /// `until` without a meaning, where it does not rest.
    package func trouble(of sender: String) -> (until: Int64, reason: String?)? {
        troubled[sender].map { ($0.until, $0.isResting ? $0.reason : nil) }
    }

    /// Whether the next job should be one of a sender that does not rest: those that rest take turns with all others,
    /// and not with each other.
    package var isOthersTurn: Bool { hasTriedLast && !troubled.isEmpty }

    /// Why a sender rests; nil where it does not.
    package func reason(for sender: String) -> String? {
        guard let trouble = troubled[sender], trouble.isResting else { return nil }
        return trouble.reason
    }

    /// Whether a sender is refused, and rests between its tries.
    package func isResting(_ sender: String) -> Bool { troubled[sender]?.isResting == true }

    /// When the first sender that rests may be tried again; nil where none rests.
    package func nextRest(after now: Int64) -> Int64? {
        troubled.values.lazy.filter { $0.isResting && $0.until > now }.map(\.until).min()
    }

    /// The senders that rest, and why; for people.
    package var resting: [(sender: String, reason: String)] {
        troubled.filter { $0.value.isResting }.map { ($0.key, $0.value.reason) }
    }

    /// A job of the sender is being tried.
    package mutating func began(_ sender: String) {
        hasTriedLast = isResting(sender)
        guard hasTriedLast, troubled[sender]?.isTried == false else { return }
        troubled[sender]?.isTried = true
        tries += 1
    }

    /// No job of the sender is being tried any more.
    package mutating func end(_ sender: String) {
        guard troubled[sender]?.isTried == true else { return }
        troubled[sender]?.isTried = false
        tries -= 1
    }

    // The breaker's own.

    package mutating func connected(at now: Int64) { breaker.connected(at: now) }

    /// See ``Breaker/probeNow(at:)``.
    package mutating func probeNow(at now: Int64) { breaker.probeNow(at: now) }

    /// The relay failed before the first MAIL.
    package mutating func relayFailed(_ reason: String, pause: Span? = nil, at now: Int64) {
        breaker.open(reason, isUnreachable: true, pause: pause, at: now)
    }

    // Judgement.

    /// Reads what became of a job's transaction. The outcome's recipients become what the table says of their replies.
    package mutating func judge(
        _ outcome: inout TransactionOutcome, job: String, sender: String, at now: Int64
    ) -> Fate {
        judge(Evidence(&outcome, by: table), job: job, sender: sender, at: now)
    }

    /// Judges what became of a job's transaction, in which its recipients have what the table says already.
    package mutating func judge(_ evidence: Evidence, job: String, sender: String, at now: Int64) -> Fate {
        end(sender)
        switch evidence {
        case .accepted:
            accept(sender, at: now)
            return .asSaid
        case .silent: return .asSaid
        case .unordered(let reason): return .reconnect(reason)
        case .stale(let reason, let wasAnswered):
            guard isResting(sender), wasAnswered else { return .reconnect(reason) }
            return mailFailed(reason, isPermanent: false, job: job, sender: sender, at: now)
        case .cutOff(let cut) where cut.isAtMail:
            if cut.isOfSession { return .reconnect(cut.reason) }
            return mailFailed(cut.reason, isPermanent: false, job: job, sender: sender, at: now)
        case .cutOff(let cut):
            // What is in doubt is not sent again at once.
            if !cut.isInDoubt, cut.isOfSession { return .reconnect(cut.reason) }
            cutOff(cut.reason, job: job, sender: sender, at: now)
            return .asSaid
        case .refused(let refusal): return refused(refusal, job: job, sender: sender, at: now)
        }
    }

    private mutating func refused(
        _ refusal: Evidence.Refusal, job: String, sender: String, at now: Int64
    ) -> Fate {
        let reason = refusal.reason
        let isAlone = alone[job, default: 0] > 1
        // By LMTP each recipient has a reply to the dot: it is that mailbox's, as one to RCPT.
        let isMailbox = language == .lmtp && refusal.place == .dot
        switch refusal.isOneGist && !isAlone ? refusal.scope ?? (isMailbox ? .recipient : nil) : .message {
        case .recipient, .message:
            works(pastMail: refusal.place != .mail, sender)
            return .asSaid
        case .session:
            // On a new connection it cannot be a limit of the session.
            guard refusal.isFirst else { return .reconnect(reason) }
            works(pastMail: refusal.place != .mail, sender)
            return .asSaid
        case .sender:
            return mailFailed(reason, isPermanent: refusal.isPermanent, job: job, sender: sender, at: now)
        case .account, .relay:
            _ = row.note(refusal.gist, job, sender)
            trouble(sender, reason, at: now)
            breaker.open(reason, isUnreachable: false, at: now)
            return .putBack(reason)
        case nil: break
        }
        if refusal.place == .mail {
            // A connection may have carried enough: nothing is counted before a new one says the same.
            if !refusal.isPermanent, !refusal.isFirst, !isResting(sender) { return .reconnect(reason) }
            return mailFailed(reason, isPermanent: refusal.isPermanent, job: job, sender: sender, at: now)
        }
        guard refusal.isPermanent else {
            if refusal.place == .data, !refusal.isFirst { return .reconnect(reason) }
            works(pastMail: true, sender)
            return .asSaid
        }
        let isBeyond = row.note(refusal.gist, job, sender)
        let isBeyondOwn = troubled[sender, default: Trouble()].row.note(refusal.gist, job, sender)
        // A job that is put back would be tried again at once.
        if hasFullRow(sender) || isBeyond { trouble(sender, reason, at: now) }
        if row.isFull, row.senders.count > 1 || breaker.isOpen || !othersPass(sender, at: now) {
            breaker.open(reason, isUnreachable: false, at: now)
        }
        forgetSome(at: now)
        return isBeyond || isBeyondOwn ? .putBack(reason) : .asSaid
    }

    /// MAIL was answered with 4yz, 5yz, 421 or the end of the connection, or the reply names the sender.
    private mutating func mailFailed(
        _ reason: String, isPermanent: Bool, job: String, sender: String, at now: Int64
    ) -> Fate {
        let isNews = !isResting(sender)
        let isOthersPass = othersPass(sender, at: now)
        trouble(sender, reason, at: now)
        if isNews || breaker.isOpen { _ = row.note("MAIL", job, sender) }
        // If all jobs have one sender, the relay is useless while it is refused.
        let isAll = row.senders.count > 1 || troubled[sender]?.rests ?? 0 >= Self.rowLimit && !isOthersPass
        if breaker.isOpen || row.key.isExactly("MAIL") && isAll {
            breaker.open(reason, isUnreachable: false, at: now)
        }
        forgetSome(at: now)
        if breaker.isOpen { return .putBack(reason) }
        return isPermanent && !isOthersPass ? .putBack(reason) : .asSaid
    }

    /// A job was cut off after MAIL.
    private mutating func cutOff(_ reason: String, job: String, sender: String, at now: Int64) {
        _ = row.note("cut", job, sender)
        _ = troubled[sender, default: Trouble()].row.note("cut", job, sender)
        if hasFullRow(sender) { trouble(sender, reason, at: now) }
        if breaker.isOpen || row.isFull && (row.senders.count > 1 || !othersPass(sender, at: now)) {
            breaker.open(reason, isUnreachable: false, at: now)
        }
        forgetSome(at: now)
    }

    /// Whether so many jobs of the sender in a row met the same that the job is not at fault.
    private func hasFullRow(_ sender: String) -> Bool { troubled[sender]?.row.isFull == true }

    /// Whether another sender was accepted lately.
    private func othersPass(_ sender: String, at now: Int64) -> Bool {
        accepted.contains { !$0.sender.isExactly(sender) && now - $0.at < Self.recently.nanoseconds }
    }

    /// The sender rests, the longer the more often it was refused.
    private mutating func trouble(_ sender: String, _ reason: String, at now: Int64) {
        var trouble = troubled[sender] ?? Trouble()
        // An attempt that was under way together with the first is not a second try.
        if trouble.isResting, trouble.until > now { return }
        let rest = min(Span.seconds(1 << Int64(min(trouble.rests, 6))), Self.longestRest)
        trouble.rests += 1
        trouble.until = now + rest.nanoseconds
        trouble.reason = reason
        troubled[sender] = trouble
    }

    /// The relay is at work, whatever it says of this job.
    private mutating func works(pastMail: Bool, _ sender: String) {
        breaker.succeeded()
        if pastMail, row.key.isExactly("MAIL") { row = Row() }
        if pastMail, let trouble = troubled[sender], trouble.row.jobs.isEmpty { troubled[sender] = nil }
    }

    private mutating func accept(_ sender: String, at now: Int64) {
        breaker.succeeded()
        if row.jobs.count == 1, let job = row.jobs.first {
            if alone.count >= Self.sendersLimit { alone = [:] }
            alone[job, default: 0] += 1
        }
        row = Row()
        if !troubled.isEmpty { troubled[sender] = nil }
        if let last = accepted.first, last.sender.isExactly(sender) {
            accepted[0].at = now
        } else {
            accepted = [(sender, now)] + accepted.filter { !$0.sender.isExactly(sender) }.prefix(1)
        }
    }

    /// Many senders at once are not remembered one by one: a sender that is forgotten is tried again.
    private mutating func forgetSome(at now: Int64) {
        guard troubled.count > Self.sendersLimit else { return }
        troubled = troubled.filter { $0.value.isTried || $0.value.isResting && $0.value.until > now }
        if troubled.count > Self.sendersLimit { (troubled, tries) = ([:], 0) }
    }
}
