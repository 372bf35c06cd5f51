@testable import Command
import JSON
import Spool
import Testing
import Time

@Suite("What is to be said against a spool")
struct DiagnosisTests {
    private static let now = Timestamp(rfc3339: "2026-11-24T12:00:00Z")!

    private static func daemon(_ more: String = "", state: String = "running", at: String = "12:00:00") -> DaemonStatus?
    {
        DaemonStatus(try! JSON(parsing: "{\"at\":\"2026-11-24T\(at)Z\",\"state\":\"\(state)\"\(more)}"))
    }

    private static func limits(_ set: (inout Diagnosis.Limits) -> Void) -> Diagnosis.Limits {
        var limits = Diagnosis.Limits()
        set(&limits)
        return limits
    }

    private func diagnosis(
        _ daemon: DaemonStatus?, pauses: Int = 0, waiting: Int = 0, held: Int = 0, dead: Int = 0, oldest: Span? = nil,
        _ limits: Diagnosis.Limits = .init()
    ) -> Diagnosis {
        var numbers = Diagnosis.Numbers()
        (numbers.waiting, numbers.held, numbers.dead, numbers.oldest) = (waiting, held, dead, oldest)
        return Diagnosis(daemon: daemon, pauses: pauses, numbers: numbers, limits: limits, now: Self.now)
    }

    @Test("The daemon")
    func daemons() {
        #expect(diagnosis(Self.daemon()).health == .ok)
        #expect(diagnosis(nil).findings.map(\.text) == ["no daemon has ever run here"])
        #expect(diagnosis(nil).health == .critical)
        #expect(
            diagnosis(Self.daemon(at: "11:59:00")).findings.map(\.text)
                == ["the daemon is not running: it was last heard of at 2026-11-24T11:59:00Z"])
        #expect(
            diagnosis(Self.daemon(state: "stopped")).findings.map(\.text)
                == ["the daemon is not running: it was stopped at 2026-11-24T12:00:00Z"])
        #expect(diagnosis(Self.daemon(",\"unwritten\":3")).health == .critical)
        for (daemon, since) in [(nil, ""), (Self.daemon(at: "11:59:00"), " since 2026-11-24T11:59:00Z")] {
            let locked = Diagnosis(
                daemon: daemon, isLocked: true, pauses: 0, numbers: .init(), limits: .init(), now: Self.now)
            #expect(
                locked.findings.map(\.text)
                    == [
                        "a daemon has the spool and has not written status.json\(since): it is stopped or blocked, or may not write there"
                    ])
            #expect(locked.health == .critical)
        }
        #expect(diagnosis(Self.daemon(), pauses: 1).health == .warning)
        let refused = diagnosis(Self.daemon(#","configuration":"refused at X: outspool.conf:3: unknown key""#))
        #expect(refused.findings.map(\.text) == ["the configuration: refused at X: outspool.conf:3: unknown key"])
        #expect(refused.health == .warning)
    }

    @Test(
        "One relay of several that does not work is a warning, all of them are critical",
        arguments: [
            (["closed"], .ok), (["open"], .critical), (["open", "closed"], .warning), (["open", "open"], .critical),
        ]
            as [([String], Health)])
    func relays(breakers: [String], health: Health) {
        let relays = breakers.map { "{\"name\":\"a\",\"breaker\":\"\($0)\",\"reason\":\"refused\"}" }.joined(
            separator: ",")
        #expect(diagnosis(Self.daemon(",\"relays\":[\(relays)]")).health == health)
    }

    @Test("Limits are held against numbers, the worst first")
    func thresholds() {
        let limits = Self.limits {
            $0.age = Threshold("1h,2h") { Span($0) }
            $0.dead = Threshold("10,20") { Int($0) }
            $0.held = Threshold("0") { Int($0) }
        }
        #expect(diagnosis(Self.daemon(), waiting: 1_000_000, dead: 10, oldest: .hours(1), limits).health == .ok)
        #expect(diagnosis(Self.daemon(), held: 1, limits).findings.map(\.text) == ["1 held"])
        #expect(
            diagnosis(Self.daemon(), held: 1, dead: 21, oldest: .minutes(90), limits).findings.map(\.text)
                == ["21 dead", "the oldest job has waited for 1h 30m", "1 held"])
        #expect(diagnosis(Self.daemon(), oldest: .hours(3), limits).health == .critical)
        #expect(diagnosis(Self.daemon(), held: 5, dead: 500, oldest: .days(3)).health == .ok)
    }
}
