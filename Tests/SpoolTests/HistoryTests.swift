import JSON
@testable import Spool
import Scratch
import Testing
import Time

/// `kind recipient attempt next`, as in `deferred a 2 +30` or `-5`: an event for the tables below.
func event(_ text: String, at seconds: Int64 = 0) -> Event {
    let words = text.split(separator: " ")
    var event = Event(Event.Kind(rawValue: String(words[0]))!, at: start + .seconds(seconds))
    for word in words.dropFirst() {
        if let number = Int(word) {
            if word.first == "+" || number < 0 {
                event.next = start + .seconds(Int64(number))
            } else {
                event.attempt = number
            }
        } else {
            event.to = word.split(separator: ",").map(String.init)
        }
    }
    return event
}

func history(_ lines: String...) -> History { History(lines.map { event($0) }) }

let start = Timestamp(seconds: 1_795_455_851)

@Suite("Event")
struct EventTests {
    @Test("Every kind survives the line", arguments: Event.Kind.allCases)
    func roundTrip(kind: Event.Kind) throws {
        var event = Event(kind, at: start + .milliseconds(502))
        event.attempt = 2
        event.to = ["a@example.com", "b@example.com"]
        event.relay = "main"
        event.code = 451
        event.dsn = "4.7.1"
        event.reply = "Greylisted\r\n\u{1B}[2J\u{2028}\"\\"
        event.reason = "why"
        event.name = "../x"
        event.next = start + .seconds(30)
        event.submitted = start
        let line = event.line
        #expect(line.last == 0x0A)
        #expect(line.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        let object = try #require(try JSON(parsing: line).object)
        #expect(Event(object) == event)
    }

    @Test("The line of the manual")
    func manual() {
        var event = Event(.sending, at: start + .milliseconds(502))
        event.attempt = 1
        event.to = ["zoe@example.com"]
        event.relay = "main"
        #expect(
            String(decoding: event.line, as: UTF8.self)
                == #"{"at":"2026-11-23T17:44:11.502Z","event":"sending","attempt":1,"to":["zoe@example.com"],"relay":"main"}"#
                + "\n")
    }

    @Test(
        "What is no event is none",
        arguments: [
            "{}", #"{"at":"2026-11-23T17:44:11Z"}"#, #"{"event":"sent"}"#, #"{"at":"yesterday","event":"sent"}"#,
            #"{"at":"2026-11-23T17:44:11Z","event":"eaten"}"#, #"{"at":1,"event":"sent"}"#,
        ])
    func refuses(text: String) throws {
        let object = try #require(try JSON(parsing: text).object)
        #expect(Event(object) == nil)
    }

    @Test("Hostile numbers and unknown members do no harm")
    func hostile() throws {
        let text =
            #"{"at":"2026-11-23T17:44:11Z","event":"deferred","attempt":9223372036854775807,"code":1e99,"to":[1,"a"],"new":{}}"#
        let object = try #require(try JSON(parsing: text).object)
        let event = try #require(Event(object))
        #expect(event.attempt == 1_000_000)
        #expect(event.code == nil)
        #expect(event.to == ["a"])
    }
}

@Suite("History")
struct HistoryTests {
    @Test(
        "Attempts count outcomes since the last requeueing",
        arguments: [
            ([], 0), (["sending a 1"], 1), (["sending a 1", "deferred a 1"], 1), (["sending a 1", "returned"], 0),
            (["sending a 1", "deferred a 1", "sending a 2", "returned"], 1),
            (["deferred a 1", "deferred a 2", "requeued"], 0),
            (["deferred a 3", "requeued", "sending a 1", "deferred a 1"], 1),
            (["blocked +30", "recovered"], 0), (["sending a 1", "in-doubt a 1"], 1),
        ] as [([String], Int)])
    func attempts(lines: [String], count: Int) { #expect(History(lines.map { event($0) }).attempts == count) }

    @Test(
        "A sending is open until every recipient has an outcome",
        arguments: [
            (["sending a,b 1"], ["a", "b"]), (["sending a,b 1", "sent a 1"], ["b"]),
            (["sending a,b 1", "sent a 1", "refused b 1"], nil), (["sending a 1", "returned"], nil),
            (["sending a 1", "in-doubt a 1"], nil), (["sending a 1", "deferred a 1", "sending a 2"], ["a"]),
            (["sending a 1", "recovered"], ["a"]), (["sending a 1", "sent c 1"], ["a"]),
        ] as [([String], [String]?)])
    func open(lines: [String], recipients: [String]?) {
        #expect(History(lines.map { event($0) }).openSending?.to == recipients)
    }

    @Test(
        "Accepted recipients stay accepted, refused ones are tried again after requeueing",
        arguments: [
            ([], ["a", "b", "c"]), (["sent a 1", "refused b 1", "deferred c 1"], ["c"]),
            (["sent a 1", "refused b 1", "requeued"], ["b", "c"]),
        ] as [([String], [String])])
    func recipients(lines: [String], open: [String]) {
        #expect(History(lines.map { event($0) }).open(of: ["a", "b", "c"]) == open)
    }

    @Test(
        "Doubts are deliveries, not recipients",
        arguments: [
            ([], 0), (["in-doubt a 1"], 1), (["in-doubt a 1", "in-doubt b 1"], 1),
            (["in-doubt a 1", "in-doubt a 2"], 2),
            (["in-doubt a 1", "requeued"], 0), (["in-doubt a 1", "requeued", "in-doubt a 1"], 1),
        ] as [([String], Int)])
    func doubts(lines: [String], count: Int) { #expect(History(lines.map { event($0) }).doubts == count) }

    @Test(
        "Whoever moves a job to new/ by hand is noticed",
        arguments: [
            ([], false), (["returned"], false), (["recovered"], false), (["deferred a 1 +30"], true), (["held"], true),
            (["refused a 1"], true), (["sent a 1"], true), (["scheduled +30"], true), (["dead"], true),
            // It was noticed before the claim, and the daemon died between the two.
            (["dead", "requeued"], false),
        ] as [([String], Bool)])
    func movedByHand(lines: [String], isMoved: Bool) {
        #expect(History(lines.map { event($0) }).isMovedByHand == isMoved)
    }

    @Test(
        "Before a claim it is noted what the operator meant, and what a daemon that died left open",
        arguments: [
            (["sending a,b 1"], .new, ["in-doubt a 1", "in-doubt b 1", "requeued"]),
            (["sending a,b 1", "sent a 1"], .new, ["in-doubt b 1", "requeued"]),
            (["sending a 2"], .retry(.first), ["in-doubt a 2"]), (["sending a 1"], .scheduled, ["in-doubt a 1"]),
            (["sending a 1", "in-doubt a 1", "requeued"], .new, []), (["dead"], .new, ["requeued"]),
            (["sending a 1", "deferred a 1 +30"], .retry(.first), []), (["sending a 1", "returned"], .new, []),
            ([], .new, []),
        ] as [([String], State, [String])])
    func notes(lines: [String], state: State, notes: [String]) {
        let history = History(lines.map { event($0) })
        let noted = history.notes(beforeClaimFrom: state, at: event("dead").at)
        #expect(
            noted.map {
                [$0.kind.rawValue, $0.to.first, $0.attempt.map { "\($0)" }].compactMap(\.self).joined(separator: " ")
            } == notes)
    }

    @Test(
        "A job is fresh until something has become of it",
        arguments: [
            ([], true), (["recovered", "recovered"], true), (["scheduled +30"], false), (["returned"], false),
            (["recovered", "deferred a 1 +30"], false),
        ] as [([String], Bool)])
    func fresh(lines: [String], isFresh: Bool) { #expect(History(lines.map { event($0) }).isFresh == isFresh) }

    @Test("The submission is the first event's")
    func submitted() {
        var first = event("sending a 1")
        first.submitted = start
        #expect(History([first, event("deferred a 1")]).submitted == start)
        #expect(history("deferred a 1").submitted == nil)
    }

    @Test(
        "Until an event says when a job was submitted its mtime does, unless that is a due time or in the future",
        arguments: [
            (State.new, -60, -60), (.new, 60, 0), (.claimed(instance: "main"), -60, -60),
            (.claimed(instance: "main"), 60, 0), (.hold, -60, -60), (.dead, -60, -60),
            (.done(day: "2026-11-23"), -60, -60),
            (.retry(.first), -60, 0), (.retry(.last), 60, 0), (.scheduled, -60, 0), (.scheduled, 60, 0),
        ] as [(State, Int64, Int64)])
    func submitted(state: State, modified: Int64, expected: Int64) {
        let mtime = start + .seconds(modified)
        #expect(
            history("deferred a 1").submitted(in: state, modified: mtime, now: start) == start + .seconds(expected))
        var first = event("sending a 1")
        first.submitted = start - .days(2)
        #expect(History([first]).submitted(in: state, modified: mtime, now: start) == start - .days(2))
    }

    @Test(
        "A job has made as many attempts as its events tell, and as its bucket stands for",
        arguments: [
            ([], State.new, 0), (["deferred a 2"], .new, 2), (["deferred a 2"], .retry(.eightMinutes), 5),
            (["deferred a 12"], .retry(.last), 12), ([], .retry(.first), 1), ([], .scheduled, 0), ([], .hold, 0),
            (["blocked"], .retry(.first), 0), (["deferred a 2", "blocked"], .retry(.first), 2),
            (["blocked", "deferred a 1"], .retry(.oneMinute), 2), (["deferred a 2", "requeued"], .new, 0),
        ] as [([String], State, Int)])
    func attempts(lines: [String], state: State, attempts: Int) {
        #expect(History(lines.map { event($0) }).attempts(in: state) == attempts)
    }

    @Test("A run counts as an attempt until it is given back, and its doubt is announced before the next claim")
    func runs() {
        #expect(history("running 1").attempts == 1)
        #expect(history("running 1", "returned").attempts == 0)
        #expect(history("running 1", "dead 1").attempts == 1)
        #expect(history("running 1", "dead 1", "requeued").attempts == 0)
        #expect(history("running 1", "in-doubt 1 +30", "running 2", "in-doubt 2").doubts == 2)
        #expect(history("running 1", "done 1").isDone)
        // Somebody took it out of cur/ while it ran.
        let notes = history("running 1").notes(beforeClaimFrom: .new, at: start)
        #expect(notes.map(\.kind) == [.inDoubt, .requeued])
        #expect(notes[0].attempt == 1 && notes[0].to == [])
        #expect(history("running 1", "deferred 1 -5").notes(beforeClaimFrom: .retry(.first), at: start).isEmpty)
    }
}

@Suite("Job file")
struct JobFileTests {
    private let sent = #"{"at":"2026-11-23T17:44:12Z","event":"sent","attempt":1,"to":"a"}"#
    private let sending = #"{"at":"2026-11-23T17:44:11Z","event":"sending","attempt":1,"to":["a"]}"#

    @Test(
        "What a power cut leaves behind the object is ignored",
        arguments: [
            ("", 0, false), ("\n", 0, true), ("\nSENDING\n", 1, true), ("\nSENDING\nSENT\n", 2, true),
            ("\nSENDING\nSENT", 2, false), ("\nSENDING\n{\"at\":\"2026-11-23T17:4", 1, false),
            ("\nSENDING\n{\"at\":\"2026-1\nSENT\n", 2, true), ("\nSENDING\n\0\0\0\0\0\0", 1, false),
            ("\nSENDING\n\0\0\0\nSENT\n", 2, true), ("\n\0\0\0\0", 0, false), ("\nnull\n[]\n\"x\"\nSENT\n", 1, true),
            ("SENDING\n", 1, true), ("\n\n\nSENDING\n\n", 1, true), ("\n\u{FFFD}\nSENT\n", 1, true),
        ])
    func tornTails(tail: String, events: Int, endsInNewline: Bool) throws {
        let text = tail.replacingSending(with: sending).replacingSent(with: sent)
        let file = try JobFile(Array("{\n \"template\": \"x\"\n}\(text)".utf8))
        #expect(file.history.events.count == events)
        #expect(file.endsInNewline == endsInNewline)
        #expect(String(decoding: file.object, as: UTF8.self) == "{\n \"template\": \"x\"\n}")
    }

    @Test(
        "What is wrong with the object is an error",
        arguments: ["", "\0\0\0", "{", "{\"a\":1", "not json", "{\"a\":1,\"a\":2}"])
    func brokenObjects(text: String) { #expect(throws: JSONError.self) { try JobFile(Array(text.utf8)) } }
}

@Suite("What a long history costs", .serialized, .ownThreads)
struct HistoryCostTests {
    @Test("A long history costs its length, not its square")
    func longHistory() throws {
        let sent = #"{"at":"2026-11-23T17:44:12Z","event":"sent","attempt":1,"to":"a"}"#
        let line = Array((sent + "\n{\"torn\n").utf8)
        var bytes = Array("{}\n".utf8)
        for _ in 0..<20_000 { bytes += line }
        #expect(try JobFile(bytes).history.events.count == 20_000)
    }
}

extension String {
    fileprivate func replacingSending(with text: String) -> String { replacing("SENDING", with: text) }
    fileprivate func replacingSent(with text: String) -> String { replacing("SENT", with: text) }
}

@Suite("A history that is read with bounded memory")
struct FoldedHistoryTests {
    private func folded(_ events: [Event]) -> History {
        var history = History()
        for event in events { history.fold(event.line.dropLast()[...]) }
        return history
    }

    @Test("Every question has the answer of the whole history, and what is kept grows with the recipients only")
    func answers() {
        let recipients = (0..<3000).map { "r\($0)" }
        var events: [Event] = []
        for attempt in 1...12 {
            // A hundred are accepted each time, one is refused, the rest is deferred.
            let open = recipients.dropFirst((attempt - 1) * 101)
            events.append(event("sending \(open.joined(separator: ",")) \(attempt)"))
            for (index, name) in open.enumerated() {
                let word = index < 100 ? "sent" : index == 100 ? "refused" : "deferred"
                events.append(event("\(word) \(name) \(attempt)" + (word == "deferred" ? " +\(attempt)" : "")))
            }
        }
        for length in [10, 1500, events.count - 40, events.count] {
            let all = Array(events.prefix(length))
            let (whole, read) = (History(all), folded(all))
            #expect(read.attempts == whole.attempts)
            #expect(read.open(of: recipients) == whole.open(of: recipients))
            #expect(read.openSending?.to == whole.openSending?.to)
            #expect(read.due == whole.due)
            #expect(read.hasSent == whole.hasSent && read.hasRefused == whole.hasRefused)
            #expect(read.isHeldInDoubt == whole.isHeldInDoubt && read.doubts == whole.doubts)
            #expect(read.isFolded == (length > 1500 || length == 1500) || length == 10)
        }
        let read = folded(events)
        let kept = read.events.reduce(0) { $0 + max($1.to.count, 1) }
        #expect(kept < 3 * recipients.count)
        let isBeginning = folded(Array(events.prefix(1500))).isBeginning(of: read)
        #expect(isBeginning)
    }

    @Test("Attempts without a marker cost no more, and answer the marker before them")
    func withoutMarker() {
        let recipients = (0..<2000).map { "r\($0)" }
        var events = [event("sending \(recipients.joined(separator: ",")) 1")]
        for attempt in 1...5 {
            // The last is not answered at first.
            events += recipients.dropLast(attempt == 1 ? 1 : 0).map { event("deferred \($0) \(attempt) +\(attempt)") }
        }
        for length in [1500, 2000, 2500, events.count] {
            let (whole, read) = (History(Array(events.prefix(length))), folded(Array(events.prefix(length))))
            #expect(read.openSending?.to == whole.openSending?.to, "\(length)")
            #expect(read.attempts == whole.attempts && read.due == whole.due)
        }
        let kept = folded(events).events.reduce(0) { $0 + max($1.to.count, 1) }
        #expect(kept < 2 * recipients.count)
    }

    @Test("A relay that fails again and again after the marker costs no more")
    func returned() {
        let marker = "sending \((0..<2000).map { "r\($0)" }.joined(separator: ",")) 1"
        let events = (0..<10).flatMap { _ in [event(marker), event("returned")] } + [event(marker)]
        let read = folded(events)
        #expect(read.openSending?.to.count == 2000 && read.attempts == 1)
        let kept = read.events.reduce(0) { $0 + max($1.to.count, 1) }
        #expect(kept < 5000)
    }

    @Test("Doubts are told apart by their attempts, and a requeueing begins anew")
    func rounds() {
        let filler = (0..<2000).map { event("deferred x\($0) 1 +5") }
        let more = [
            event("sending a 2"), event("in-doubt a 2 +9"), event("sending a 3"), event("in-doubt a 3"),
            event("requeued"), event("refused b 1"),
        ]
        let (whole, read) = (History(filler + more), folded(filler + more))
        #expect(read.doubts == whole.doubts && read.attempts == whole.attempts)
        #expect(read.open(of: ["a", "b", "x1"]) == whole.open(of: ["a", "b", "x1"]))
        let doubted = folded(filler + more.prefix(4))
        #expect(doubted.doubts == 2 && doubted.isHeldInDoubt)
    }

    @Test("A scheduled job that is due by its mtime and not by its history says so when it begins")
    func lostTime() {
        let scheduled = history("scheduled +3600")
        let reason = "due by its mtime, and by its history at \((start + .seconds(3600)).rfc3339Seconds)"
        #expect(scheduled.haste(from: .scheduled, at: start + .seconds(60)) == reason)
        #expect(scheduled.haste(from: .scheduled, at: start + .seconds(3600)) == nil)
        #expect(scheduled.haste(from: .new, at: start + .seconds(60)) == nil)
        #expect(history("sending a 1").haste(from: .scheduled, at: start) == nil)
    }
}
