package import Time

/// Whether a relay is used now, and through how many connections.
///
/// Closed, it lets all through. A failure of the relay opens it; one probe follows after 1, 2, 4 … 60 s, and after a
/// success the flow ramps up: 1, 2, 4 … connections. Times are monotonic, in nanoseconds.
package struct Breaker: Equatable, Sendable {
    private static let longestDelay = Span.seconds(60)

    private let limit: Int
    private var state: State
    /// How often it opened since the last success.
    private var openings = 0
    /// Whether it opened because the relay could not be reached, or would not begin; not for what it answered to mails.
    package private(set) var isUnreachable = false
    /// Why it opened last.
    package private(set) var reason: String?

    private enum State: Equatable {
        case closed(allowed: Int)
        case open(until: Int64)
    }

    /// `limit` is the relay's `connections`.
    package init(limit: Int) {
        self.limit = max(limit, 1)
        state = .closed(allowed: self.limit)
    }

    /// Makes one as another process sees it: open until a monotonic time, or closed.
    package init(openUntil: Int64?, isUnreachable: Bool, reason: String?) {
        limit = 1
        state = openUntil.map { .open(until: $0) } ?? .closed(allowed: 1)
        self.isUnreachable = isUnreachable
        self.reason = reason
    }

    /// Whether it is closed and ramps up no more.
    package var isAtEase: Bool { state == .closed(allowed: limit) && openings == 0 }

    package var isOpen: Bool { nextProbe != nil }

    /// When one connection may try the relay again; nil while closed.
    package var nextProbe: Int64? {
        if case .open(let until) = state { until } else { nil }
    }

    /// Whether it is open, and its probe is due.
    package func isDue(at now: Int64) -> Bool { nextProbe.map { now >= $0 } ?? false }

    /// How many connections may be in use or connecting now. While it is open that is one: for the probe once it is
    /// due, and before, where the relay can be reached, for a job that was never tried.
    package func allowed(at now: Int64) -> Int {
        switch state {
        case .closed(let allowed): allowed
        case .open(let until): now >= until || !isUnreachable ? 1 : 0
        }
    }

    /// A transaction took its course, whatever became of its recipients.
    package mutating func succeeded() {
        switch state {
        case .open: state = .closed(allowed: 1)
        case .closed(let allowed): state = .closed(allowed: allowed < limit - allowed ? allowed * 2 : limit)
        }
        openings = 0
    }

    /// A probe connected and logged in, and no job is at hand to send: where the relay could not be reached before,
    /// one connection may be used. Only a success makes the next delay short again.
    package mutating func connected(at now: Int64) {
        guard isUnreachable, isDue(at: now) else { return }
        state = .closed(allowed: 1)
    }

    /// The cause may be fixed: a probe may follow at once.
    package mutating func probeNow(at now: Int64) {
        if isOpen { state = .open(until: now) }
    }

    /// Opens it, or has the next probe wait longer. `isUnreachable` says that the relay failed before the first MAIL;
    /// `pause` is when the next probe follows, instead of seconds.
    package mutating func open(_ reason: String, isUnreachable: Bool, pause: Span? = nil, at now: Int64) {
        // An attempt that ends while it is open began before: it is not news, and not a probe.
        if case .open(let until) = state, now < until { return }
        let delay = pause ?? min(Span.seconds(1 << Int64(openings)), Self.longestDelay)
        openings = min(openings + 1, 6)
        state = .open(until: now + delay.nanoseconds)
        self.isUnreachable = isUnreachable
        self.reason = reason
    }
}
