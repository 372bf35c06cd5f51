package import Time

/// The right to give a relay mail: its `rate` and its quotas, with what it has taken.
///
/// It belongs to the relay's name, and outlives connections, reloads and restarts. A transaction under way has its
/// recipients reserved, so that connections side by side do not exceed a quota together. `clock` is monotonic time in
/// nanoseconds.
package struct Allowance: Equatable, Sendable {
    package private(set) var quotas: [Quota]
    private var rate: RateLimit?
    /// When the next mail may start, as a daemon before this one wrote; nil once a rate goes by it.
    private var nextStart: Timestamp?
    /// How many recipients transactions under way have.
    private var reserved = 0

    /// Makes an allowance of what was written down, to be used with ``use(rate:quotas:at:clock:)``.
    package init(quotas: [Quota] = [], nextStart: Timestamp? = nil) {
        self.quotas = quotas
        self.nextStart = nextStart
    }

    /// Goes by these settings from now on. A quota goes on from the count of the one of the same unit. The pause that the
    /// rate asks for goes on, at most for as long as there is between two mails.
    package mutating func use(rate: RateLimit?, quotas: [Quota], at now: Timestamp, clock: Int64) {
        let wait = max(self.rate?.wait(at: clock) ?? .zero, nextStart.map { $0 - now } ?? .zero)
        nextStart = nil
        self.rate = rate
        self.rate?.rest(for: wait, at: clock)
        self.quotas = quotas.map { quota in
            var quota = quota
            if let last = self.quotas.first(where: { $0.unit == quota.unit }) { quota.adopt(last.slices) }
            return quota
        }
    }

    // The rate.

    /// How long to wait before the next mail may start; nil where it may now.
    package func pause(at clock: Int64) -> Span? {
        guard let wait = rate?.wait(at: clock), wait > .zero else { return nil }
        return wait
    }

    /// A mail starts.
    package mutating func start(at clock: Int64) { _ = rate?.take(at: clock) }

    /// The mail that was to start last did not.
    package mutating func takeBack() { rate?.giveBack() }

    /// When the next mail may start by the rate, rounded up to a second; nil where that is less than a second away,
    /// which any restart takes.
    package func nextStart(at now: Timestamp, clock: Int64) -> Timestamp? {
        guard let rate else { return nextStart }
        let wait = rate.wait(at: clock)
        return wait < .seconds(1) ? nil : Timestamp(seconds: (now + wait).seconds + 1)
    }

    // The quotas.

    /// How many recipients may be given to the relay now.
    package func room(at now: Timestamp) -> Int {
        var room = Int.max
        for quota in quotas { room = min(room, quota.limit - quota.used(at: now) - reserved) }
        return max(room, 0)
    }

    /// A transaction with so many recipients begins.
    package mutating func reserve(_ recipients: Int) { reserved += recipients }

    /// A transaction has ended for which `reserved` were reserved, of which the relay took some, or may have.
    package mutating func settle(reserved: Int, taken: Int, at now: Timestamp) {
        self.reserved -= reserved
        for index in quotas.indices { quotas[index].count(taken, at: now) }
    }

    /// Forgets what counts no longer.
    package mutating func tidy(at now: Timestamp) {
        for index in quotas.indices { quotas[index].tidy(at: now) }
        if let nextStart, nextStart <= now { self.nextStart = nil }
    }
}
