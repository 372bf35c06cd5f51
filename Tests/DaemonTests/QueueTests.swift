import EventLoop
import Linux
import Spool
import Testing
import Time

@testable import Daemon

/// The queue with its couriers, on real files and with a real relay.
@Suite("Queue", .serialized)
struct QueueTests {
    @Test("A job that is in new/ at the start is sent, and a later name too")
    func sends() throws {
        let place = try QueuePlace()
        try place.submit(id: "early")
        place.queue.open()
        try place.run(until: "early", isIn: place.done)
        #expect(try place.events("early", in: place.done) == ["sending", "sent"])
        try place.submit(id: "late")
        place.queue.arrived(DirectoryName("late"), in: .new)
        try place.run(until: "late", isIn: place.done)
        #expect(place.relay.summary.hasPrefix("1 sessions, 2 messages (0 refused)"))
        #expect(place.notices == ["sent early", "sent late"])
        #expect(place.queue.scheduler.mailsUnderWay == 0)
    }

    @Test("A refused recipient makes a dead letter, a deferred one a retry that its bucket knows")
    func outcomes() throws {
        let place = try QueuePlace(relay: [
            "--fail", "rcpt=550 5.1.1 No such user:1", "--fail", "rcpt=451 4.7.1 Later:1",
        ])
        place.queue.open()
        for id in ["a", "b"] {
            try place.submit(#"{"to":"\#(id)@example.net","subject":"Hi","text":"Hello"}"#, id: id)
            place.queue.arrived(DirectoryName(id), in: .new)
        }
        try place.run(until: { place.letters.count == 1 && place.queue.buckets.count(.retry(.first)) == 1 })
        #expect(
            place.letters[0].event == .refused
                && ["a@example.net", "b@example.net"].contains(place.letters[0].recipients.first))
        #expect(place.ledger.counters.total(.dead) == 1)
    }

    @Test("What is no job, is over its time, or is to be sent later ends without a relay")
    func endings() throws {
        let place = try QueuePlace()
        try place.submit(#"{"template":5}"#, id: "bad")
        try place.submit(
            #"{"to":"a@example.org","subject":"s","text":"t","expiresAt":"2020-01-01T00:00:00Z"}"#, id: "old")
        try place.submit(#"{"to":"a@example.org","subject":"s","text":"t","sendAt":"2120-01-01T00:00:00Z"}"#, id: "far")
        try place.submit(#"{"to":"nowhere","subject":"s","text":"t"}"#, id: "lost")
        place.queue.open()
        try place.run(until: {
            place.letters.count == 3 && place.queue.buckets.count(.scheduled) == 1
                && place.queue.scheduler.mailsUnderWay == 0
        })
        #expect(try place.events("bad", in: "dead") == ["dead"])
        #expect(try place.events("old", in: "dead") == ["expired"])
        #expect(try place.events("far", in: "scheduled") == ["scheduled"])
        #expect(try place.events("lost", in: "dead") == ["dead"])
        #expect(place.relay.summary.hasPrefix("0 sessions") || place.relay.summary.contains("0 messages"))
    }

    @Test("Two files of one id: the same job is discarded, another is a dead letter under a new id")
    func twins() throws {
        let place = try QueuePlace()
        try place.submit(id: "same")
        try place.submit(id: "other")
        place.queue.open()
        try place.run(until: { (try? place.scratch.list("spool/\(place.done)").count) == 2 })
        try place.submit(id: "same")
        try place.submit(#"{"to":"z@example.net","subject":"Another","text":"x"}"#, id: "other")
        for id in ["same", "other"] { place.queue.arrived(DirectoryName(id), in: .new) }
        try place.run(until: { place.letters.count == 1 && (try? place.scratch.list("spool/new")) == [] })
        #expect(place.letters[0].reason.hasPrefix("another job of that id is in done/"))
    }

    @Test("A template that is missing blocks its jobs, and they go when it is there")
    func blocked() throws {
        let place = try QueuePlace()
        try place.submit(#"{"template":"hello","to":"z@example.net"}"#, id: "b")
        place.queue.open()
        try place.run(until: "b", isIn: "retry/01-30s")
        #expect(try place.events("b", in: "retry/01-30s") == ["blocked"])
        try place.template("hello", program: "unused", "", files: ["subject.mustache": "Hi", "text.mustache": "Hello"])
        #expect(place.queue.templates.hasChanged())
        place.queue.hastenBlocked()
        try place.run(until: "b", isIn: place.done)
        #expect(try place.events("b", in: place.done) == ["blocked", "sending", "sent"])
    }

    @Test("A task's program runs with its marker before it, and its status decides")
    func tasks() throws {
        let place = try QueuePlace(settings: "task_concurrency = 1")
        try place.template(
            "job", program: "run", #"read object; echo "said $object" >&2; case $object in *bad*) exit 65;; esac"#)
        for name in ["good", "bad"] { try place.submit(#"{"template":"job","params":{"n":"\#(name)"}}"#, id: name) }
        place.queue.open()
        try place.run(until: "good", isIn: place.done)
        try place.run(until: "bad", isIn: "dead")
        #expect(try place.events("good", in: place.done) == ["running", "done"])
        #expect(try place.events("bad", in: "dead") == ["running", "dead"])
        #expect(place.letters[0].reason == #"said {"n":"bad"}"#)
        #expect(place.queue.scheduler.tasksUnderWay == 0)
    }

    @Test("A mail with data is made by its program first, and then sent")
    func data() throws {
        let place = try QueuePlace()
        try place.template(
            "order", program: "data", #"read object; echo '{"total":"38"}'"#,
            files: ["subject.mustache": "Order", "text.mustache": "Total: {{total}}"])
        try place.submit(#"{"template":"order","to":"z@example.net","params":{"number":7}}"#, id: "o")
        place.queue.open()
        try place.run(until: "o", isIn: place.done)
        #expect(try place.events("o", in: place.done) == ["sending", "sent"])
    }

    @Test("A job whose relay does not answer goes back to new/ without an attempt, and is sent when one does")
    func returned() throws {
        let place = try QueuePlace(relay: ["--fail", "greeting=421 4.3.2 Busy:1"])
        try place.submit(id: "a")
        place.queue.open()
        try place.run(until: "a", isIn: place.done)
        #expect(place.ledger.counters.breakerOpenings["main"] == 1)
        #expect(try place.events("a", in: place.done) == ["sending", "sent"])
    }

    @Test("A stop gives back what is not on its way, and says when nothing is left")
    func stop() throws {
        let place = try QueuePlace(relay: ["--delay", "dot=300ms"], settings: "task_shutdown = return")
        try place.template("job", program: "run", "sleep 20")
        try place.submit(id: "mail")
        try place.submit(#"{"template":"job"}"#, id: "task")
        place.queue.open()
        try place.run(until: {
            place.queue.scheduler.mailsUnderWay == 1 && place.queue.scheduler.tasksUnderWay == 1
        })
        place.queue.stop(within: .seconds(5))
        try place.run(until: { place.notices.contains("idle") })
        #expect(try place.events("task", in: "new") == ["running", "returned"])
        let isSent = (try? place.scratch.list("spool/\(place.done)").contains("mail")) == true
        let isReturned = try place.scratch.list("spool/new").contains("mail")
        #expect(isSent || isReturned)
        #expect(try place.scratch.list("spool/cur/main") == [])
    }

    @Test("An orphan is judged by its history: what had not begun goes back, what may have been sent is in doubt")
    func orphans() throws {
        let place = try QueuePlace()
        let object = #"{"to":"zoe@example.net","subject":"Hi","text":"Hello"}"#
        try place.put(object + "\n", "cur/main/fresh")
        try place.put(
            object + "\n" + #"{"at":"2026-11-23T17:44:11Z","event":"sending","attempt":1,"to":["zoe@example.net"]}"#
                + "\n",
            "cur/main/doubt")
        try place.put("no job\n", "cur/main/bad")
        let orphans = Orphans(
            spool: place.spool, templates: place.queue.templates, settings: place.settings, ledger: place.ledger,
            finish: { place.queue.finish($0, $1) })
        let found = try orphans.recover(now: .now)
        #expect(found.settled == 3 && found.refused.isEmpty && found.locked.isEmpty)
        #expect(try place.events("fresh", in: "new") == ["recovered"])
        #expect(try place.events("doubt", in: "retry/01-30s") == ["sending", "in-doubt"])
        #expect(try place.scratch.list("spool/dead") == ["bad"])
        place.queue.open()
        try place.run(until: "fresh", isIn: place.done)
    }
}
