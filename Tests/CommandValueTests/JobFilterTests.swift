@testable import Command
import Spool
import Testing
import Time

@Suite("Which jobs are meant")
struct JobFilterTests {
    private static let now = Timestamp(rfc3339: "2026-11-24T12:00:00Z")!
    private static let job = JobTraits(
        state: .retry(.twoMinutes), template: "hello", recipients: ["Zoë <zoe@example.com>", "b@x.org"],
        tags: ["vip", "uk"],
        submitted: Timestamp(rfc3339: "2026-11-24T10:00:00Z")!, last: "451 4.7.1 Greylisted")

    private static func filter(_ set: (inout JobFilter) -> Void) -> JobFilter {
        var filter = JobFilter()
        set(&filter)
        return filter
    }

    @Test(
        "Every condition has to hold; of several values one",
        arguments: [
            (filter { _ in }, true),
            (filter { $0.states = ["retry"] }, true), (filter { $0.states = ["retry/03-2m"] }, true),
            (filter { $0.states = ["retry/04-4m"] }, false), (filter { $0.states = ["new", "dead"] }, false),
            (filter { $0.states = ["new", "retry"] }, true),
            (filter { $0.templates = ["hello"] }, true), (filter { $0.templates = ["x", "hello"] }, true),
            (filter { $0.templates = ["hell"] }, false),
            (filter { $0.to = "ZOE@" }, true), (filter { $0.to = "x.org" }, true), (filter { $0.to = "x.net" }, false),
            (filter { $0.older = .hours(2) }, true), (filter { $0.older = .minutes(121) }, false),
            (filter { $0.error = "grey" }, true), (filter { $0.error = "4.7.1" }, true),
            (filter { $0.error = "550" }, false),
            (filter { $0.tags = ["uk"] }, true), (filter { $0.tags = ["de", "vip"] }, true),
            (filter { $0.tags = ["u"] }, false),
            (
                filter {
                    $0.to = "zoe"
                    $0.error = "451"
                    $0.states = ["retry"]
                }, true
            ),
            (
                filter {
                    $0.to = "zoe"
                    $0.error = "450"
                }, false
            ),
        ] as [(JobFilter, Bool)])
    func matches(filter: JobFilter, isMeant: Bool) { #expect(filter.matches(Self.job, now: Self.now) == isMeant) }

    @Test(
        "What a job does not say of itself fits no condition",
        arguments: [
            filter { $0.templates = ["hello"] }, filter { $0.to = "" }, filter { $0.older = .zero },
            filter { $0.error = "" },
            filter { $0.tags = ["x"] },
        ])
    func unknown(filter: JobFilter) { #expect(!filter.matches(JobTraits(state: .new), now: Self.now)) }

    @Test(
        "Only the directory is asked where that is enough",
        arguments: [
            (filter { $0.states = ["new"] }, false), (filter { _ in }, false), (filter { $0.templates = ["a"] }, true),
            (filter { $0.to = "a" }, true), (filter { $0.older = .zero }, true), (filter { $0.error = "a" }, true),
            (filter { $0.tags = ["a"] }, true),
        ] as [(JobFilter, Bool)])
    func contents(filter: JobFilter, isNeeded: Bool) { #expect(filter.needsContents == isNeeded) }

    @Test(
        "Words for states",
        arguments: [
            ("new", .new), ("hold", .hold), ("retry/10-4h", .retry(.fourHours)),
            ("cur/other", .claimed(instance: "other")),
            ("done/2026-11-23", .done(day: "2026-11-23")), ("retry/11-8h", nil), ("cur/../x", nil), ("done/today", nil),
            ("held", nil), ("", nil), ("tmp", nil),
        ] as [(String, State?)])
    func words(word: String, state: State?) { #expect(JobFilter.example(of: word) == state) }

    @Test("All jobs are meant only when that is said")
    func selections() throws {
        let template = Self.filter { $0.templates = ["a"] }
        #expect(throws: Selection.Fault.nothing) { try Selection(ids: [], filter: JobFilter(), all: false) }
        #expect(throws: Selection.Fault.both) { try Selection(ids: ["a"], filter: template, all: false) }
        #expect(throws: Selection.Fault.both) { try Selection(ids: ["a"], filter: JobFilter(), all: true) }
        #expect(try Selection(ids: [], filter: JobFilter(), all: true) == .matching(JobFilter()))
        #expect(try Selection(ids: [], filter: template, all: false) == .matching(template))
        #expect(try Selection(ids: [], filter: template, all: true) == .matching(template))
        #expect(try Selection(ids: ["a", "-"], filter: JobFilter(), all: false) == .ids(["a", "-"]))
    }
}
