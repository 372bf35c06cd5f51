package import Time

/// How often a relay is logged in to, so that a wrong password does not lock the account.
///
/// The first login is made on one connection; when it has worked, a few are made at a time. Each refusal for good makes
/// the pause before the next login longer, up to an hour: fewer than ten an hour, whatever waits. A password that has
/// changed, and a reload of the configuration, end it.
package struct LoginPause: Equatable {
    /// After the first refusal; each further one doubles it.
    package static let shortest = Span.minutes(2)
    package static let longest = Span.hours(1)
    /// So many logins may be under way once one has worked.
    private static let most = 4

    private var hasWorked = false
    private var refusals = 0

    package init() {}

    /// How many logins may be under way.
    package var limit: Int { hasWorked ? Self.most : 1 }

    /// The last login was refused.
    package var isOn: Bool { refusals > 0 }

    package mutating func worked() {
        hasWorked = true
        refusals = 0
    }

    /// The login was refused for good; how long none is tried.
    package mutating func refused() -> Span {
        hasWorked = false
        let pause = min(Self.shortest.nanoseconds << Int64(refusals), Self.longest.nanoseconds)
        refusals = min(refusals + 1, 8)
        return Span(nanoseconds: pause)
    }

    /// The password may be another one: the next login is the first.
    package mutating func end() { refusals = 0 }
}
