import EventLoop
import JSON
import Linux
import Spool
import Testing
import Time

@testable import Daemon

@Suite("on_dead", .serialized)
struct OnDeadTests {
    private let place: SpoolPlace
    private let onDead: OnDead

    init() throws {
        place = try SpoolPlace()
        let strays = Strays(spool: place.spool, loop: place.loop, log: place.log)
        onDead = OnDead(loop: place.loop, ledger: place.ledger, strays: strays)
    }

    private func use(_ body: String, _ more: String = "") throws {
        let script = try place.script("on-dead", body)
        onDead.use(try place.settings("on_dead = \(script) \"one word\"\n\(more)"))
    }

    private func note(_ id: String) {
        var event = Event(.dead, at: .now)
        event.reason = "too \u{1B}old\n"
        onDead.note(
            DeadLetter(id, template: "hello", events: [event], recipients: ["a@x"], submitted: nil, at: .now),
            spool: place.spool.path)
    }

    private func runs(_ end: String) -> Int { place.ledger.counters.deadRuns[end] }

    @Test("Each dead letter is a line of JSON on its standard input, one program at a time")
    func lines() throws {
        try use(#"read -r line; printf '%s|%s|%s\n' "$1" "$OUTSPOOL_SPOOL" "$line" >> "$(dirname "$0")/heard""#)
        for id in ["first", "second", "third"] { note(id) }
        try place.run(until: { runs("ok") == 3 })
        let heard = try place.scratch.read("heard").split(separator: "\n")
        #expect(heard.count == 3)
        for (line, id) in zip(heard, ["first", "second", "third"]) {
            let words = line.split(separator: "|", maxSplits: 2)
            #expect(words[0] == "one word" && words[1] == place.spool.path)
            let object = try #require(try JSON(parsing: String(words[2])).object)
            #expect(object["id"]?.string == id && object["event"] == "dead" && object["reason"] == "too \u{1B}old\n")
            #expect(object["file"]?.string == "\(place.spool.path)/dead/\(id)")
        }
        #expect(try place.logged == "")
    }

    @Test(
        "What it fails with is logged, and the next one runs",
        arguments: [
            ("echo no such channel >&2; exit 3", "failed", "on_dead: exit status 3, for a: no such channel"),
            ("kill -9 $$", "failed", "for a"), ("sleep 100", "timeout", "on_dead: did not end within "),
        ])
    func fails(body: String, end: String, line: String) throws {
        try use("read line; case $line in *'\"a\"'*) \(body);; esac", "on_dead_timeout = 200ms")
        note("a")
        note("b")
        try place.run(until: { runs("ok") == 1 })
        #expect(runs(end) == 1)
        let logged = try place.logged
        #expect(logged.contains(line), "\(logged)")
        #expect(logged.split(separator: "\n").count == 1)
    }

    @Test("A program that is not there is told of")
    func missing() throws {
        onDead.use(try place.settings("on_dead = /nonexistent/program"))
        note("a")
        #expect(runs("failed") == 1)
        #expect(try place.logged.contains("on_dead: /nonexistent/program: No such file or directory; a is not told of"))
    }

    @Test("Beyond a thousand that wait, events are counted and skipped; without on_dead nothing runs")
    func skips() throws {
        try use(#"while [ ! -e "$(dirname "$0")/go" ]; do sleep 0.01; done"#)
        for index in 0..<(OnDead.capacity + 3) { note("job-\(index)") }
        #expect(runs("skipped") == 2)
        #expect(try place.logged.contains("on_dead: 1000 events wait for it; more are skipped"))
        onDead.use(try place.settings())
        try place.scratch.write("", to: "go")
        try place.run(until: { runs("ok") == 1 })
        #expect(try place.logged.contains("on_dead: 2 events were skipped"))
        note("late")
        // Nothing must run any more, and no event tells of that.
        try place.loop.pass(.milliseconds(50))
        #expect(runs("ok") == 1)
    }
}
