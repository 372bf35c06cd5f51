import Feedback
import Linux
import Spool
import Testing
import Time

@testable import Daemon

@Suite("Suppressed addresses and the queue")
struct SuppressionsTests {
    private static let refuses = ["--fail", "rcpt(gone@example.net)=550 5.1.1 No such user"]

    private func job(_ to: String, _ more: String = "") -> String {
        #"{"to":[\#(to)],"subject":"s","text":"t"\#(more)}"#
    }

    /// Submits a job and tells the queue of it, as the kernel would.
    private func submit(
        _ place: QueuePlace, _ text: String = #"{"to":"zoe@example.net","subject":"s","text":"t"}"#, id: String
    ) throws {
        try place.submit(text, id: id)
        place.queue.arrived(DirectoryName(id), in: .new)
    }

    private func events(_ place: QueuePlace, _ id: String, in directory: String) throws -> [Event] {
        try JobFile(Array(try place.scratch.read("spool/\(directory)/\(id)").utf8)).history.events
    }

    @Test("An address of which the relay says that it does not exist gets no further mail")
    func learns() throws {
        let place = try QueuePlace(relay: Self.refuses)
        place.queue.open()
        try submit(place, job("\"gone@example.net\""), id: "first")
        try place.run(until: "first", isIn: "dead")
        #expect(try place.scratch.list("spool/suppressed") == ["gone@example.net"])
        try submit(place, job("\"gone@Example.NET\",\"zoe@example.net\""), id: "second")
        try place.run(until: "second", isIn: "dead")
        let history = try events(place, "second", in: "dead")
        #expect(history.map(\.kind) == [.sending, .refused, .sent])
        #expect(history[1].reason == "suppressed: bad-address since \(Timestamp.now.day), by job first")
        #expect(history[1].to == ["gone@example.net"] && history[1].isSuppression)
        try submit(place, job("\"gone@example.net\""), id: "third")
        try place.run(until: "third", isIn: "dead")
        #expect(try events(place, "third", in: "dead").map(\.kind) == [.refused])
        #expect(place.letters.map(\.id) == ["first", "second", "third"])
        #expect(place.ledger.counters.recipients["suppressed"] == 2)
        place.log.flush()
        let log = try place.scratch.read("log")
        #expect(log.contains("first: gone@example.net is suppressed: bad-address"))
        #expect(log.contains("relay=none, ") && log.contains("status=bounced (suppressed: bad-address since "))
    }

    @Test(
        "Other refusals teach nothing, nor does any where it is off or 5yz counts as 4yz",
        arguments: [
            ("rcpt=550 5.7.1 Denied:1", ""), ("rcpt=550 No such user:1", ""), ("rcpt=552 5.2.2 Full:1", ""),
            ("dot=550 5.1.1 No such user:1", ""), ("mail=550 5.1.1 No:1", ""), ("rcpt=450 4.1.1 Later:1", ""),
            ("rcpt=550 5.1.1 No such user:1", "suppression = off"),
            ("rcpt=550 5.1.1 No such user:1", "soft_bounce = yes"),
        ])
    func teachesNothing(fault: String, settings: String) throws {
        let place = try QueuePlace(relay: ["--fail", fault], settings: settings)
        place.queue.open()
        try submit(place, job("\"gone@example.net\""), id: "first")
        try place.run(until: {
            ["dead", "retry/01-30s", place.done].contains {
                (try? place.scratch.list("spool/\($0)"))?.contains("first") == true
            }
        })
        #expect(try place.scratch.list("spool/suppressed").isEmpty)
    }

    @Test("What the operator removes and adds is heeded at the next attempt, and off heeds nothing")
    func byHand() throws {
        let place = try QueuePlace(settings: "suppression = on")
        try place.put("", "suppressed/zoe@example.net")
        place.queue.open()
        try submit(place, id: "first")
        try place.run(until: "first", isIn: "dead")
        try place.scratch.remove("spool/suppressed/zoe@example.net")
        try submit(place, id: "second")
        try place.run(until: "second", isIn: place.done)
        try place.put("", "suppressed/zoe@example.net")
        place.queue.suppressions.look(now: .now)
        try submit(place, id: "third")
        try place.run(until: "third", isIn: "dead")
        place.queue.suppressions.policy.isOn = false
        try submit(place, id: "fourth")
        try place.run(until: "fourth", isIn: place.done)
    }

    @Test("A job that the operator moves to new/ is tried again, whatever it taught itself; another job is not")
    func retried() throws {
        let place = try QueuePlace(relay: ["--fail", "rcpt=550 5.1.1 No such user:1"])
        place.queue.open()
        try submit(place, id: "first")
        try place.run(until: "first", isIn: "dead")
        try submit(place, id: "other")
        try place.run(until: "other", isIn: "dead")
        for (id, end) in [("first", place.done), ("other", "dead")] {
            try place.spool.dead.rename(id, into: place.spool.new, as: id)
            place.queue.arrived(DirectoryName(id), in: .new)
            try place.run(until: id, isIn: end)
        }
        #expect(try place.events("first", in: place.done) == ["refused", "requeued", "sending", "sent"])
        #expect(try place.events("other", in: "dead") == ["refused", "requeued", "refused"])
    }

    private func learn(
        _ suppressions: Suppressions, _ address: String, _ kind: Feedback.Report.Kind,
        _ class: Feedback.Report.Class, permanent: Bool = true, job: String = "a", tags: [String] = [],
        template: String? = nil
    ) throws {
        try suppressions.learn(
            address: address, kind: kind, class: `class`, isPermanent: permanent, job: try #require(JobID(job)),
            template: template, tags: tags, at: .now, reason: "550 5.1.1 <zoe@example.net>: no\u{1B}")
    }

    @Test("A report teaches the address in its canonical form, once, whatever it has in it")
    func reports() throws {
        let place = try SpoolPlace()
        let suppressions = Suppressions(place.spool, place.log, policy: SuppressionPolicy())
        for _ in 0..<3 { try learn(suppressions, "zoe@BÜCHER.example", .bounced, .badAddress) }
        #expect(try place.names("suppressed") == ["zoe@xn--bcher-kva.example"])
        let text = try place.scratch.read("spool/suppressed/zoe@xn--bcher-kva.example")
        #expect(text.split(separator: "\n").count == 1 && text.contains(#""why":"bad-address""#))
        #expect(!text.contains("\u{1B}"))
        try learn(suppressions, "no address", .bounced, .badAddress)
        try learn(suppressions, "", .complained, .complaint)
        #expect(try place.names("suppressed").count == 1)
    }

    @Test("What is about the sender, the content or a login teaches nothing; nor do answers and delays")
    func unrelated() throws {
        let place = try SpoolPlace()
        let suppressions = Suppressions(place.spool, place.log, policy: SuppressionPolicy(bounceLimit: 1))
        for `class` in [Feedback.Report.Class.policy, .content, .auth, .complaint, .autoReply, .delivered] {
            try learn(suppressions, "zoe@example.net", .bounced, `class`)
        }
        try learn(suppressions, "zoe@example.net", .delayed, .temporary)
        try learn(suppressions, "zoe@example.net", .autoReply, .autoReply)
        try learn(suppressions, "zoe@example.net", .delivered, .delivered)
        #expect(try place.names("suppressed").isEmpty)
        try learn(suppressions, "zoe@example.net", .bounced, .badAddress, permanent: false)
        #expect(try place.names("suppressed").count == 1)
    }

    @Test("A complaint stops its stream; a template that ignores complaints goes on; a bad address stops all")
    func streams() throws {
        let place = try QueuePlace()
        for name in ["news", "reset"] {
            try place.scratch.write("Hi\n", to: "templates/\(name)/subject.mustache")
            try place.scratch.write("Hello\n", to: "templates/\(name)/text.mustache")
        }
        try place.scratch.write("suppression = ignore\n", to: "templates/reset/template.conf")
        place.queue.open()
        try learn(place.queue.suppressions, "zoe@example.net", .complained, .complaint, template: "news")
        func sent(_ template: String, _ id: String, _ more: String = "") throws -> Bool {
            try submit(place, #"{"template":"\#(template)","to":"zoe@example.net"\#(more)}"#, id: id)
            var isSent = false
            try place.run(until: {
                isSent = (try? place.scratch.list("spool/\(place.done)"))?.contains(id) == true
                return isSent || (try? place.scratch.list("spool/dead"))?.contains(id) == true
            })
            return isSent
        }
        #expect(try !sent("news", "a"))
        #expect(try sent("news", "b", #","tags":["order"]"#))
        #expect(try sent("reset", "c"))
        try learn(place.queue.suppressions, "zoe@example.net", .complained, .complaint, job: "b", template: "reset")
        #expect(try sent("reset", "d"))
        try learn(place.queue.suppressions, "zoe@example.net", .bounced, .badAddress, job: "c")
        #expect(try !sent("reset", "e"))
    }

    @Test("What has had its time is removed, and the rest of a file stays")
    func sweep() throws {
        let place = try SpoolPlace()
        let zoe = "zoe@example.net"
        let over = SuppressionEntry(zoe, at: .now - .days(40), why: .bounces, until: .now - .days(10))
        let soft = SuppressionEntry(zoe, at: .now - .days(40), why: .soft, job: "a")
        let bad = SuppressionEntry(zoe, at: .now - .days(400), why: .badAddress)
        func text(_ entries: [SuppressionEntry]) -> String { String(decoding: entries.flatMap(\.line), as: UTF8.self) }
        try place.put("suppressed/zoe@example.net", text([soft, over]))
        try place.put("suppressed/adam@example.net", text([soft, bad]))
        try place.put("suppressed/hand@example.net", "")
        try place.put("suppressed/README", "x")
        let sweep = SuppressionSweep(spool: place.spool, loop: place.loop, log: place.log, policy: SuppressionPolicy())
        sweep.sweepIfDue()
        try place.run(until: { try place.names("suppressed") == ["README", "adam@example.net", "hand@example.net"] })
        try place.run(until: { try place.scratch.read("spool/suppressed/adam@example.net") == text([bad]) })
        #expect(try place.names("tmp").isEmpty)
        #expect(try place.logged == "")
    }
}
