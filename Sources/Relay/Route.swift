package import SMTP
internal import Text
package import Time

/// Which addresses of a relay one opening may try next: all, one attempt after the other, those that rest last.
package struct Route: Equatable {
    /// So many attempts, whatever the name has.
    private static let attemptLimit = 20

    /// False where there is one address only: a literal one, or a proxy that looks the name up.
    private let hasAlternatives: Bool
    private var tried: [String] = []
    private var attempts = 0
    private var ignoresRests = false
    /// Others may be left: who does not greet soon is given up, for now.
    private var isHasty: Bool
    /// Those that were given up in haste.
    private var slow: [String] = []
    /// Opportunistic TLS is left out of the next attempt.
    package private(set) var isInClear = false
    /// Why the attempts failed: the last one that reached a server, else the last one. A fault that can be fixed lies
    /// behind a refused connection no less than before it.
    package private(set) var failure: ConnectionFailure?

    package init(hasAlternatives: Bool) {
        self.hasAlternatives = hasAlternatives
        isHasty = hasAlternatives
    }

    /// How long a greeting is waited for.
    package func patience(_ greeting: Span, inHaste haste: Span) -> Span { isHasty ? min(greeting, haste) : greeting }

    /// The addresses that the next attempt leaves out.
    package func avoided(_ rests: AddressRests, at now: Int64) -> [String] {
        tried + (ignoresRests ? [] : rests.resting(at: now))
    }

    /// An attempt at `addresses` failed; true when another one may be made. A login that was refused at one address is
    /// not tried at the next: the account is the same. `byHaste`: no greeting came in the time that there was.
    package mutating func goesOn(
        after failure: ConnectionFailure, at addresses: [String], byHaste: Bool = false
    ) -> Bool {
        let isTelling = failure.phase != .connect || failure.isShortage
        if isTelling || self.failure == nil { self.failure = failure }
        attempts += 1
        isInClear = false
        let isOurs = failure.phase == .auth && failure.isConfigurationFault
        guard hasAlternatives, !addresses.isEmpty, attempts < Self.attemptLimit, !isOurs, !failure.isShortage else {
            return false
        }
        tried += addresses
        if byHaste { slow += addresses }
        return true
    }

    /// The next attempt is at the same addresses, without TLS.
    package mutating func goInClear() { isInClear = true }

    /// Nothing was left but `refused`; true when some of them are to be tried after all: those that rest, then those that
    /// were given up in haste.
    package mutating func exhausted(_ refused: [String]) -> Bool {
        if !ignoresRests, refused.contains(where: { !tried.holds(exactly: $0) }) {
            ignoresRests = true
            return true
        }
        if slow.isEmpty { return false }
        tried.removeAll { slow.holds(exactly: $0) }
        slow = []
        (isHasty, ignoresRests) = (false, true)
        return true
    }
}
