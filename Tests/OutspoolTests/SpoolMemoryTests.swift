import Outspool
import Scratch
import Testing

@Suite("A spool in memory, and where a job is")
struct SpoolMemoryTests {
    struct Hello: TypedJob { let name: String }

    @Test("It has what was queued, for all copies, and nothing else")
    func queued() throws {
        let spool = Spool.inMemory()
        let copy = spool
        var job = Job(Hello(name: "Zoë"), to: "zoe@example.com")
        job.id = "a"
        try copy.submit(job)
        let results = spool.submit(batch: [Job(subject: "s", text: "t", to: ["a@b.example"]), job])
        #expect(spool.queued.count == 2)
        #expect(
            spool.queued.first
                == Queued(
                    id: "a", job: #"{"template":"hello","params":{"name":"Zoë"},"to":"zoe@example.com"}"#))
        guard case .failure(.alreadyQueued("a")) = results[1] else { Issue.record("\(results)"); return }
        #expect(try spool.outcome(of: "a")?.state == .new)
        #expect(try spool.outcome(of: "b") == nil)
        #expect(Spool.inMemory().queued == [])
    }

    @Test("It refuses what a spool on disk would, and a draft is queued when it is published")
    func refuses() throws {
        let spool = try Spool(path: "memory:")
        #expect(spool.path == "memory:")
        #expect(throws: SubmitError.self) { try spool.submit(Job(subject: "s", text: "t", to: ["nobody"])) }
        var job = Job(subject: "s", text: "t", to: ["a@b.example"])
        job.id = "a"
        let draft = try spool.prepare(job)
        #expect(spool.queued == [])
        #expect(try draft.publish() == "a")
        job.tags = ["another"]
        let other = job
        #expect(
            throws: SubmitError.invalid(
                field: "id", reason: "another job of that id is queued; a new job needs a new id")
        ) {
            try spool.submit(other)
        }
    }

    @Test("Where a job is, with the last event of its history, in a spool and in a drop box")
    func outcome() throws {
        let box = try Box()
        var job = Job(subject: "s", text: "t", to: ["a@b.example"])
        job.id = "a"
        try box.spool.submit(job)
        #expect(try box.spool.outcome(of: "a") == Outcome(state: .new, event: nil, kind: nil))
        let event = #"{"at":"2026-11-23T17:44:11.502Z","event":"sent"}"#
        _ = try box.scratch.write("{}\n\(event)\ntorn", to: "done/2026-11-23/b")
        #expect(try box.spool.outcome(of: "b") == Outcome(state: .done, event: event, kind: "sent"))
        _ = try box.scratch.write(#"{"id":"c","state":"dead","event":\#(event)}"#, to: "out/c")
        #expect(try box.spool.outcome(of: "c")?.state == .dead)
        #expect(try box.spool.outcome(of: "d") == nil)
        #expect(try box.spool.outcome(of: "../a") == nil)
    }
}
