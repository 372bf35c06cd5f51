import Foundation
import JSON
import Scratch
import Spool
import Testing
import Time

/// How a job with secrets leaves cur/.
@Suite("Masked copy")
struct MaskedCopyTests {
    static let original = #"{ "template" : "otp", "to":"a@example.com", "params":{"code":"4711","n":1.50} }"#
    static let masked: JSON = [
        "template": "otp", "to": "a@example.com",
        "params": .object(.init([("code", "***"), ("n", .number(.init(text: "1.50")))])),
    ]
    static let day = State.done(day: "2026-11-23")
    private let events = [event("sending a@example.com 1"), event("sent a@example.com 1")]

    private func claimed(_ spool: Fixture) throws -> Claim {
        try spool.put(Self.original + "\n", "new/a")
        return try spool.claim("a")
    }

    private func settlement(to target: State = day) -> Verdict {
        Verdict(at: start, events, target: target, masked: Self.masked)
    }

    /// What was written, and the events behind it.
    private func expectCopy(_ text: String) {
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.first == #"{"template":"otp","to":"a@example.com","params":{"code":"***","n":1.50}}"#)
        #expect(Array(lines.dropFirst()) == events.map { String(decoding: $0.line.dropLast(), as: UTF8.self) })
    }

    @Test("The copy has the job and its history, and not the secret; nothing else is left")
    func copies() throws {
        let spool = try Fixture()
        guard case .settled(Self.day, _) = try claimed(spool).settle(settlement(), in: spool.tree) else {
            Issue.record("not settled")
            return
        }
        expectCopy(try spool.read("done/2026-11-23/a"))
        #expect(try spool.list("cur/main") == [])
        #expect(try spool.list("tmp") == [])
        #expect(try spool.scratch.mode("spool/done/2026-11-23/a") == 0o600)
    }

    @Test("Lines behind the object that are no events are not copied: they may hold anything")
    func dropsTornLines() throws {
        let spool = try Fixture()
        try spool.put(Self.original + "\n{\"at\":\"4711\n4711\u{0}\n", "new/a")
        guard case .settled = try spool.claim("a").settle(settlement(), in: spool.tree) else {
            Issue.record("not settled")
            return
        }
        expectCopy(try spool.read("done/2026-11-23/a"))
    }

    @Test("A copy that is there already, from before the file could be removed, is taken for what it is")
    func again() throws {
        let spool = try Fixture()
        _ = try claimed(spool).settle(settlement(), in: spool.tree)
        let copy = try spool.read("done/2026-11-23/a")
        // As it was before the unlink.
        let lines = events.map { String(decoding: $0.line, as: UTF8.self) }.joined()
        try spool.put(Self.original + "\n" + lines, "cur/main/a")
        let rest = Verdict(at: start, [], target: Self.day, masked: Self.masked)
        let claim = try spool.claim("a", from: .claimed(instance: "main"))
        guard case .settled(Self.day, _) = claim.settle(rest, in: spool.tree) else {
            Issue.record("not settled")
            return
        }
        #expect(try spool.read("done/2026-11-23/a") == copy)
        #expect(try spool.list("cur/main") == [])
        #expect(try spool.list("tmp") == [])
        #expect(try spool.list("dead") == [])
    }

    @Test("Where another job has the id, the copy is a dead letter: both are kept, neither with the secret")
    func taken() throws {
        let spool = try Fixture()
        let claim = try claimed(spool)
        try Program.shell("mkdir '\(spool.path)/done/2026-11-23'")
        try spool.put("{\"template\":\"other\"}", "done/2026-11-23/a")
        guard case .settled(.dead, _) = claim.settle(settlement(), in: spool.tree) else {
            Issue.record("not dead")
            return
        }
        #expect(try spool.read("done/2026-11-23/a") == "{\"template\":\"other\"}")
        let name = try #require(try spool.list("dead").first)
        let text = try spool.read("dead/\(name)")
        #expect(!text.contains("4711"))
        #expect(try JobFile(Array(text.utf8)).history.events.map(\.kind) == [.sending, .sent, .dead])
        #expect(try spool.list("cur/main") == [])
        #expect(try spool.list("tmp") == [])
    }

    @Test("A job that the operator moved meanwhile leaves nothing there; one that was removed is gone")
    func byHand() throws {
        let spool = try Fixture()
        var claim = try claimed(spool)
        try Program.shell("mv '\(spool.path)/cur/main/a' '\(spool.path)/hold/a'")
        guard case .settled(Self.day, _) = claim.settle(settlement(), in: spool.tree) else {
            Issue.record("not settled")
            return
        }
        #expect(try spool.list("hold") == [])
        try Program.shell("rm '\(spool.path)/done/2026-11-23/a'")
        claim = try claimed(spool)
        try Program.shell("rm '\(spool.path)/cur/main/a'")
        guard case .gone = claim.settle(settlement(), in: spool.tree) else {
            Issue.record("not gone")
            return
        }
        #expect(try spool.list("done/2026-11-23") == [])
    }

    @Test("A day that was removed while it was open is made again")
    func removedDay() throws {
        let spool = try Fixture()
        _ = try claimed(spool).settle(settlement(), in: spool.tree)
        try Program.shell("rm -r '\(spool.path)/done/2026-11-23'")
        _ = try claimed(spool).settle(settlement(), in: spool.tree)
        expectCopy(try spool.read("done/2026-11-23/a"))
    }

    @Test("What the disk does not take is tried again, and the story is told once")
    func unfinished() throws {
        let spool = try Fixture()
        try spool.put("", "done/2026-11-23")
        switch try claimed(spool).settle(settlement(), in: spool.tree) {
        case .unfinished(let claim, let rest, let error):
            #expect(error.errno == .notDirectory)
            #expect(try spool.list("tmp") == [])
            #expect(try spool.list("cur/main") == ["a"])
            try Program.shell("rm '\(spool.path)/done/2026-11-23'")
            guard case .settled(.done, _) = claim.settle(rest, in: spool.tree) else {
                Issue.record("not settled")
                return
            }
        default: Issue.record("settled in a file")
        }
        expectCopy(try spool.read("done/2026-11-23/a"))
    }

    @Test(
        "A copy is told by what is not masked",
        arguments: [
            (#"{"a":1,"b":"x"}"#, #"{"a":1,"b":"***"}"#, true),
            (#"{"a":1,"b":[1,{"c":2}]}"#, #"{"a":1,"b":"***"}"#, true),
            (#"{"a":[1,2,3]}"#, #"{"a":[1,"***",3]}"#, true), (#"{"a":1}"#, #"{"a":1}"#, true),
            (#"{"a":1}"#, #"{"a":1.0}"#, false), (#"{"a":1,"b":2}"#, #"{"a":"***"}"#, false),
            (#"{"a":1}"#, #"{"b":"***"}"#, false), (#"{"a":[1,2]}"#, #"{"a":["***"]}"#, false),
            (#"{"a":"***"}"#, #"{"a":1}"#, false),
        ])
    func isMasked(original: String, copy: String, isCopy: Bool) throws {
        #expect(try JSON(parsing: copy).isMasked(of: try JSON(parsing: original), by: "***") == isCopy)
    }
}
