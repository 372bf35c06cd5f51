package import SMTP
package import Time

/// Whether a relay is to be used now, and through how many connections.
///
/// Closed, it lets all through. A failure of the relay opens it; one probe follows after 1, 2, 4 … 60 s, and after a
/// success the flow ramps up: 1, 2, 4 … connections. Times are monotonic, in nanoseconds.
package struct Breaker: Equatable {
    /// So many different jobs in a row whose transactions were interrupted open it: one alone may be poison.
    package static let interruptionLimit = 3
    /// So many different jobs in a row that met the same 5yz to MAIL open it: a mistyped sender must not bury
    /// the queue.
    package static let refusalLimit = 5
    private static let longestDelay = Span.seconds(60)

    private let limit: Int
    private var state: State
    /// How often it opened since the last success.
    private var openings = 0
    /// It opened because the relay could not be reached or would not begin, not for what became of transactions.
    private var wasUnreachable = false
    private var interruptedJobs: [String] = []
    private var refusedJobs: [String] = []
    private var refusal: Refusal?
    /// Why it opened last.
    package private(set) var reason: String?

    private enum State: Equatable {
        case closed(allowed: Int)
        case open(until: Int64)
    }

    private struct Refusal: Equatable {
        let code: Int
        let enhanced: EnhancedStatus?
    }

    /// `limit` is the relay's `connections`.
    package init(limit: Int) {
        self.limit = max(limit, 1)
        state = .closed(allowed: self.limit)
    }

    package var isOpen: Bool { nextProbe != nil }

    /// When one connection may try the relay again; nil while closed.
    package var nextProbe: Int64? {
        if case .open(let until) = state { until } else { nil }
    }

    /// How many connections may be in use or connecting now: 0 while open, 1 once the probe is due. Who counts
    /// the probe among those has one at a time.
    package func allowed(at now: Int64) -> Int {
        switch state {
        case .closed(let allowed): allowed
        case .open(let until): now >= until ? 1 : 0
        }
    }

    /// A transaction took its course, whatever became of its recipients.
    package mutating func succeeded() {
        switch state {
        case .open: state = .closed(allowed: 1)
        case .closed(let allowed): state = .closed(allowed: allowed < limit - allowed ? allowed * 2 : limit)
        }
        openings = 0
        interruptedJobs = []
        refusedJobs = []
        refusal = nil
    }

    /// A probe connected and logged in, and no job is at hand to send: where the relay could not be reached before,
    /// one connection may be used. Only a success makes the next delay short again.
    package mutating func connected(at now: Int64) {
        guard wasUnreachable, case .open(let until) = state, now >= until else { return }
        state = .closed(allowed: 1)
    }

    /// The relay failed before the first reply to MAIL. `pause` is when the next probe follows, in place of seconds.
    package mutating func relayFailed(_ reason: String, pause: Span? = nil, at now: Int64) {
        open(reason, isUnreachable: true, pause: pause, at: now)
    }

    /// What it opened for may have been put right: a probe may follow at once.
    package mutating func probeNow(at now: Int64) {
        if case .open = state { state = .open(until: now) }
    }

    /// `job`'s transaction met a 421, a close or a timeout after the first reply to MAIL.
    package mutating func interrupted(job: String, _ reason: String, at now: Int64) {
        refusedJobs = []
        refusal = nil
        if Self.note(job, in: &interruptedJobs, limit: Self.interruptionLimit) || isOpen {
            open(reason, isUnreachable: false, at: now)
        }
    }

    /// MAIL was refused for `job`. A 4yz is the job's affair, and the relay at work.
    package mutating func mailRefused(_ reply: Reply, job: String, at now: Int64) {
        guard reply.kind == .permanent else { return succeeded() }
        interruptedJobs = []
        let seen = Refusal(code: reply.code, enhanced: reply.enhanced)
        if seen != refusal { refusedJobs = [] }
        refusal = seen
        if Self.note(job, in: &refusedJobs, limit: Self.refusalLimit) || isOpen {
            open("MAIL refused: \(reply)", isUnreachable: false, at: now)
        }
    }

    /// Calls the one of the above that `outcome` asks for. A stale connection, our own abort and a
    /// message that was refused without asking the relay say nothing about it.
    package mutating func record(_ outcome: TransactionOutcome, job: String, at now: Int64) {
        switch outcome.fault {
        case .relay(let reason): relayFailed(reason, at: now)
        case .interrupted(_, let reason): interrupted(job: job, reason, at: now)
        case .stale, .aborted: break
        case .none:
            if let reply = outcome.mailRefused {
                mailRefused(reply, job: job, at: now)
            } else if outcome.heardFromServer {
                succeeded()
            }
        }
    }

    /// Adds `job` to a row of different ones; whether the row is as long as the limit.
    private static func note(_ job: String, in row: inout [String], limit: Int) -> Bool {
        if !row.contains(job), row.count < limit { row.append(job) }
        return row.count >= limit
    }

    private mutating func open(_ reason: String, isUnreachable: Bool, pause: Span? = nil, at now: Int64) {
        // What ends while it is open already began before: it is no news, and no probe.
        if case .open(let until) = state, now < until { return }
        let delay = pause ?? min(Span.seconds(1 << Int64(openings)), Self.longestDelay)
        openings = min(openings + 1, 6)
        state = .open(until: now + delay.nanoseconds)
        wasUnreachable = isUnreachable
        self.reason = reason
    }
}

extension TransactionOutcome {
    /// Some recipient's fate was decided by a reply.
    fileprivate var heardFromServer: Bool {
        recipients.contains { recipient in
            switch recipient {
            case .sent, .deferred(.reply), .refused(.reply): true
            case .deferred(.local), .refused(.local), .inDoubt, .notTried: false
            }
        }
    }
}
