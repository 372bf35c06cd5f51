package import Time

/// How often a relay is logged in to, so that a wrong password does not lock the account.
///
/// The first login is made on one connection; when it has worked, a few are made at a time. Each refusal makes the pause
/// before the next login longer: fewer than twelve an hour, whatever waits. A password that has changed, and a reload of
/// the configuration, end it.
package struct LoginPause: Equatable {
    /// After the first permanent refusal; each further one doubles it.
    package static let shortest = Span.minutes(2)
    package static let longest = Span.hours(1)
    /// After a login that was put off, or not answered: "too many login attempts" is reported this way, and grows with
    /// each.
    package static let shortestForNow = Span.seconds(30)
    package static let longestForNow = Span.minutes(15)
    /// So many logins may be under way once one has worked.
    private static let most = 4

    private var hasWorked = false
    private var refusals = 0
    private var until: Int64?

    package init() {}

    /// How many logins may be under way.
    package var limit: Int { hasWorked ? Self.most : 1 }

    /// The last login was refused.
    package var isOn: Bool { refusals > 0 }

    /// No login is tried at `now`, a monotonic time in nanoseconds.
    package func isPausing(at now: Int64) -> Bool { rest(at: now) != nil }

    /// Until when none is tried; nil where one may be at `now`.
    package func restEnd(at now: Int64) -> Int64? { until.flatMap { now < $0 ? $0 : nil } }

    /// How long none is tried from `now` on; nil where one may be.
    package func rest(at now: Int64) -> Span? {
        until.flatMap { now < $0 ? Span(nanoseconds: $0 - now) : nil }
    }

    package mutating func worked() {
        self = LoginPause()
        hasWorked = true
    }

    /// The login was refused, permanently or for now; returns how long none is tried.
    package mutating func refused(forGood: Bool, at now: Int64) -> Span {
        hasWorked = false
        let shortest = forGood ? Self.shortest : Self.shortestForNow
        let longest = forGood ? Self.longest : Self.longestForNow
        let pause = min(shortest.nanoseconds << Int64(refusals), longest.nanoseconds)
        refusals = min(refusals + 1, 8)
        until = now + pause
        return Span(nanoseconds: pause)
    }

    /// The password may be another one: the next login is the first.
    package mutating func end() { self = LoginPause() }
}
