import Foundation
import Linux
import Scratch
@testable import Spool
import Testing
import Time

@Suite("Feedback on disk")
struct FeedbackAppendTests {
    private let fixture: Fixture

    init() throws { fixture = try Fixture() }

    private let now = Timestamp(rfc3339: "2026-11-24T10:00:00Z")!
    private let id = JobID("a")!
    private static let object = "{\"to\":\"a@example.com\",\"subject\":\"s\",\"text\":\"t\"}\n"

    private func bounced() -> Event {
        var event = Event(.bounced, at: now)
        event.to = ["a@example.com"]
        event.report = "r1"
        return event
    }

    @Test(
        "A job that has ended is told where it is, and keeps its mtime", arguments: ["done/2026-11-23", "dead", "hold"])
    func appends(place: String) throws {
        try fixture.put(FeedbackAppendTests.object, "\(place)/a")
        let old = now - .days(1)
        try fixture.tree.root.setModified("\(place)/a", nanoseconds: old.nanoseconds)
        switch try fixture.tree.whereabouts(ofTold: id) {
        case .told(let job):
            let telling = try fixture.tree.append([bounced()], to: job)
            #expect(telling == .appended)
        default: Issue.record("the job is not found")
        }
        #expect(
            try fixture.read("\(place)/a") == FeedbackAppendTests.object
                + String(decoding: bounced().line, as: UTF8.self))
        #expect(try fixture.tree.root.status("\(place)/a").modified == old.nanoseconds)
    }

    @Test("A torn line does not swallow the event")
    func torn() throws {
        try fixture.put(FeedbackAppendTests.object + "{\"at\":\"2026", "dead/a")
        if case .told(let job) = try fixture.tree.whereabouts(ofTold: id) {
            _ = try fixture.tree.append([bounced()], to: job)
        }
        #expect(try JobFile(Array(fixture.read("dead/a").utf8)).history.events == [bounced()])
    }

    @Test("A file that is moved before its name is looked at again is told at the next look")
    func moved() throws {
        try fixture.put(FeedbackAppendTests.object, "dead/a")
        if case .told(let job) = try fixture.tree.whereabouts(ofTold: id) {
            try fixture.tree.dead.rename("a", into: fixture.tree.new, as: "a")
            let telling = try fixture.tree.append([bounced()], to: job)
            #expect(telling == .moved)
        }
    }

    @Test("A job that waits or is claimed is busy", arguments: ["new", "retry/03-2m", "scheduled", "cur/main"])
    func busy(place: String) throws {
        try fixture.put(FeedbackAppendTests.object, "\(place)/a")
        guard case .busy = try fixture.tree.whereabouts(ofTold: id) else {
            Issue.record("the job is not busy")
            return
        }
    }

    @Test("No id, a link and a file of another kind are no jobs")
    func none() throws {
        try fixture.put("no object", "dead/text")
        #expect(symlink("/etc/passwd", fixture.scratch.path("spool/dead/link")) == 0)
        #expect(mkfifo(fixture.scratch.path("spool/dead/fifo"), 0o600) == 0)
        for name in ["text", "link", "fifo", "nowhere"] {
            let id = try #require(JobID(name))
            guard case .none = try fixture.tree.whereabouts(ofTold: id) else {
                Issue.record("\(name) is told")
                continue
            }
        }
    }

    // The door.

    @Test("A report is brought and looked at; its door is made where an older spool has none")
    func brings() throws {
        try fixture.scratch.remove("spool/feedback")
        let box = try FeedbackBox(in: fixture.tree)
        let name = try FeedbackEntrance(spool: fixture.path).bring(Array("report".utf8), now: now)
        #expect(try fixture.list("feedback/tmp") == [])
        #expect(try fixture.list("feedback/new") == [name])
        guard case .report(let bytes, let status) = try box.look(DirectoryName(name), now: now) else {
            Issue.record("no report")
            return
        }
        #expect(bytes == Array("report".utf8))
        let kept = try box.keepUnmatched(DirectoryName(name), bytes, status, now: now)
        let days = try fixture.list("feedback/unmatched/2026-11-24")
        #expect(kept == .file("feedback/unmatched/2026-11-24/\(days.first ?? "")"))
        #expect(try fixture.read("feedback/unmatched/2026-11-24/\(days[0])") == "report")
        #expect(try fixture.list("feedback/new") == [])
        #expect(try box.days() == ["2026-11-24"])
        try box.remove(day: "2026-11-24")
        #expect(try fixture.list("feedback/unmatched") == [])
    }

    @Test("Nothing but a regular file of one name is opened; the rest is moved aside as it is")
    func hostile() throws {
        let box = try FeedbackBox(in: fixture.tree)
        let new = fixture.scratch.path("spool/feedback/new")
        #expect(symlink("/etc/passwd", new + "/link") == 0)
        #expect(mkfifo(new + "/fifo", 0o600) == 0)
        try fixture.put("x", "feedback/new/two")
        #expect(link(new + "/two", fixture.scratch.path("spool/tmp/other")) == 0)
        for name in ["link", "fifo", "two"] {
            guard case .refused = try box.look(DirectoryName(name), now: now + .days(30)) else {
                Issue.record("\(name) is read")
                continue
            }
            _ = try box.putAside(DirectoryName(name), now: now)
        }
        #expect(try fixture.list("feedback/new") == [])
        #expect(try fixture.list("feedback/unmatched/2026-11-24").count == 3)
    }

    @Test("A large report is read as far as the limit")
    func large() throws {
        let box = try FeedbackBox(in: fixture.tree)
        try fixture.put(String(repeating: "x", count: FeedbackBox.sizeLimit + 10), "feedback/new/large")
        guard case .report(let bytes, let status) = try box.look(DirectoryName("large"), now: now) else {
            Issue.record("no report")
            return
        }
        #expect(bytes.count == FeedbackBox.sizeLimit)
        #expect(status.size == FeedbackBox.sizeLimit + 10)
    }
}
