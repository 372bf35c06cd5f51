@testable import Command
import JSON
import Spool
import Testing
import Time

@Suite("What the verbs do")
struct JobChangeTests {
    private static let done = State.done(day: "2026-11-23")
    private static let cur = State.claimed(instance: "main")

    @Test(
        "One system call for each state",
        arguments: [
            (.retry, .new, .nothing("waits for its turn already")), (.retry, .retry(.oneHour), .touch),
            (.retry, .scheduled, .touch), (.retry, .dead, .release),
            (.retry, .hold, .refuse("is held: release it")),
            (.retry, done, .refuse("was sent")),
            (.hold, .new, .rename(.hold)), (.hold, .retry(.first), .rename(.hold)), (.hold, .scheduled, .rename(.hold)),
            (.hold, .dead, .rename(.hold)), (.hold, .hold, .nothing("is held already")),
            (.hold, done, .refuse("was sent")),
            (.release, .hold, .release), (.release, .retry(.twoMinutes), .refuse("is not held, it is in retry/03-2m")),
            (.release, .dead, .refuse("is not held, it is in dead")),
            (.postpone, .new, .postpone), (.postpone, .retry(.last), .postpone), (.postpone, .scheduled, .postpone),
            (.postpone, .hold, .refuse("is held: release it first")), (.postpone, done, .refuse("was sent")),
            (.postpone, .dead, .refuse("is a dead letter: retry it first")),
            (.remove, .new, .unlink), (.remove, .retry(.last), .unlink), (.remove, .dead, .unlink),
            (.remove, done, .unlink),
            (.remove, .hold, .unlink), (.remove, .scheduled, .unlink),
        ] as [(JobChange, State, JobChange.Step)])
    func steps(change: JobChange, state: State, step: JobChange.Step) { #expect(change.step(in: state) == step) }

    @Test("What is being sent is left alone", arguments: JobChange.allCases)
    func busy(change: JobChange) {
        #expect(change.step(in: Self.cur) == .busy)
        #expect(!change.isMeant(Self.cur))
    }

    @Test("Dead letters and sent jobs are changed only when they are named", arguments: JobChange.allCases)
    func meant(change: JobChange) {
        #expect(!change.isMeant(.dead))
        #expect(!change.isMeant(Self.done))
        for state in State.waiting + [.hold] where change.isMeant(state) {
            switch change.step(in: state) {
            case .refuse, .busy, .nothing: Issue.record("\(change) is not for \(state)")
            default: break
            }
        }
    }

    private static let now = Timestamp(rfc3339: "2026-11-24T12:00:00Z")!
    private static let later = Timestamp(rfc3339: "2026-11-25T12:00:00Z")!

    @Test(
        "A released job waits for a sendAt that is still to come, unless it was tried",
        arguments: [
            ([], nil, .new), ([], later, .new), ([.scheduled], later, .scheduled(later)), ([.scheduled], nil, .new),
            ([.scheduled], now, .new), ([.scheduled, .sending, .deferred], later, .new),
            ([.held], later, .scheduled(later)),
            ([.deferred], nil, .new), ([.returned], later, .scheduled(later)),
        ] as [([Event.Kind], Timestamp?, Release)])
    func released(kinds: [Event.Kind], sendAt: Timestamp?, release: Release) {
        let history = History(kinds.map { Event($0, at: Self.now) })
        #expect(Release(history: history, sendAt: sendAt, now: Self.now) == release)
    }

    @Test(
        "An edited object is put before the same history",
        arguments: [
            ("{\"a\":1}\n{\"at\":\"x\"}\n", "{\"a\":1}", "{\"b\":2}", "{\"b\":2}\n{\"at\":\"x\"}\n"),
            ("{\"a\":1}", "{\"a\":1}", "{\"b\":\n2}\n\n", "{\"b\":\n2}\n"),
            ("{\"a\":1}\n\n{torn", "{\"a\":1}", "{}", "{}\n\n{torn"),
            ("{\"a\":1} {\"at\":\"x\"}", "{\"a\":1}", "{}", "{}\n {\"at\":\"x\"}"),
            // No job: the object is what is before the first event.
            (
                "{oops\n{\"at\":\"2026-11-24T12:00:00Z\",\"event\":\"dead\"}\n", "{oops\n", "{}",
                "{}\n{\"at\":\"2026-11-24T12:00:00Z\",\"event\":\"dead\"}\n"
            ),
            ("", "", "{}", "{}\n"),
        ] as [(String, String, String, String)])
    func edited(file: String, object: String, edited: String, result: String) {
        let job = EditableJob(Array(file.utf8))
        #expect(String(decoding: job.object, as: UTF8.self) == object)
        #expect(String(decoding: job.file(with: Array(edited.utf8)), as: UTF8.self) == result)
    }
}
