import Daemon
import Testing
import Time

@Suite("The wall clock is set")
struct WallClockTests {
    /// Seconds that pass by the wall and since boot between two looks, and the jump that is seen.
    static let looks: [(wall: Int64, boot: Int64, jump: Int64?)] = [
        (1, 1, nil), (60, 60, nil), (86400, 86400, nil), (5, 1, nil), (1, 9, nil),
        (12, 1, 11), (86401, 1, 86400), (-86399, 1, -86400), (1, 86401, -86400), (-20, 0, -20),
    ]

    @Test("A jump is what the time since boot does not explain", arguments: looks)
    func jumps(wall: Int64, boot: Int64, jump: Int64?) {
        let start = Timestamp(seconds: 1_700_000_000)
        var clock = WallClock(wall: start, sinceBoot: .hours(3))
        let seen = clock.look(
            wall: start + .seconds(wall), sinceBoot: Span(nanoseconds: (3 * 3600 + boot) * 1_000_000_000))
        #expect(seen == jump.map { .seconds($0) })
        // It is told once.
        #expect(
            clock.look(
                wall: start + .seconds(wall + 1),
                sinceBoot: Span(nanoseconds: (3 * 3600 + boot + 1) * 1_000_000_000)) == nil)
    }

    @Test(
        "How far it was set is told to the nearest second, in either direction",
        arguments: [(518_400_000_000_000, "6d"), (518_399_999_990_000, "6d"), (-3_600_000_020_000, "1h")]
            as [(Int64, String)])
    func distance(nanoseconds: Int64, text: String) {
        #expect(WallClock.distance(of: Span(nanoseconds: nanoseconds)).approximate == text)
    }

    /// Minutes: submission, expiry, and whether the jump from 12:00 to 13:00 went over it.
    private static let expiries: [(submitted: Int64, expiry: Int64, isSkipped: Bool)] = [
        (-30, 15, true), (0, 60, true), (-30, 0, false), (-30, -5, false), (-30, 61, false), (1, 30, false),
        (70, 75, false),
    ]

    @Test("An expiry that a jump went over, of a job that was there before", arguments: expiries)
    func skips(submitted: Int64, expiry: Int64, isSkipped: Bool) {
        let noon = Timestamp(seconds: 1_700_000_000)
        var clock = WallClock(wall: noon, sinceBoot: .zero)
        func skip() -> WallClock.Skip? {
            clock.skip(over: noon + .minutes(expiry), submitted: noon + .minutes(submitted))
        }
        #expect(skip() == nil)
        _ = clock.look(wall: noon + .minutes(60), sinceBoot: .zero)
        #expect(skip() == (isSkipped ? .init(from: noon, to: noon + .minutes(60)) : nil))
        // Later jumps change nothing, but one back does.
        _ = clock.look(wall: noon + .days(9), sinceBoot: .zero)
        #expect((skip() != nil) == (isSkipped || expiry > 60 && submitted < 60))
        _ = clock.look(wall: noon + .minutes(1), sinceBoot: .zero)
        #expect(skip() == nil)
    }

    @Test("The ends of time")
    func ends() {
        var clock = WallClock(wall: Timestamp(nanoseconds: .min), sinceBoot: .zero)
        #expect(clock.look(wall: .distantFuture, sinceBoot: .seconds(1))! > .days(365))
        #expect(clock.look(wall: Timestamp(nanoseconds: .min), sinceBoot: .seconds(2))! < .days(-365))
    }
}
