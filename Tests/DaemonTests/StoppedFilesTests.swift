import Linux
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

@Suite("Files that wait and are not touched")
struct StoppedFilesTests {
    private let minute = Span.minutes(1).nanoseconds

    @Test("A reason is news once, and again when it is another or the file went on")
    func news() {
        var stopped = StoppedFiles()
        let news = [("EACCES", Int64(0)), ("EACCES", minute), ("EPERM", minute)].map {
            stopped.note("new/a", $0, at: $1)
        }
        #expect(news == [true, false, true])
        #expect(stopped.lines(5) == ["new/a: EPERM"])
        stopped.clear("new/a")
        #expect(stopped.count == 0)
        let isNews = stopped.note("new/a", "EPERM", at: minute)
        #expect(isNews)
    }

    @Test("What nobody has met for three minutes is forgotten; many are counted, a thousand are known")
    func bounds() {
        var stopped = StoppedFiles()
        for index in 0..<1500 { _ = stopped.note("new/\(index)", "x", at: 0) }
        #expect(stopped.count == 1000)
        _ = stopped.note("new/7", "x", at: 2 * minute)
        stopped.sweep(at: 4 * minute)
        #expect(stopped.lines(5) == ["new/7: x"])
    }

    @Test("A name that is no id goes to dead/ from every state in which jobs wait, and says what it was")
    func names() throws {
        let place = try QueuePlace()
        let states = ["new", "retry/01-30s", "scheduled"]
        for state in states { try place.put("{\"template\":\"x\"}\n", "\(state)/no id") }
        try Program.shell("mkfifo '\(place.spool.path)/retry/02-1m/fifo'")
        place.queue.open()
        try place.run(until: { place.letters.count == 4 })
        for state in states { #expect(try place.scratch.list("spool/\(state)") == []) }
        #expect(Set(place.letters.map(\.reason)).count == 4)
        for letter in place.letters {
            let file = try JobFile(Array(try place.scratch.read("spool/dead/\(letter.id)").utf8))
            #expect(["no id", "fifo"].contains(file.history.last?.name))
        }
    }

    @Test("A job with a further hard link is sent from every state, and the link keeps what it had")
    func links() throws {
        let place = try QueuePlace()
        for (id, state) in [("a", "new"), ("b", "retry/01-30s"), ("c", "scheduled")] {
            try place.put(#"{"to":"zoe@example.net","subject":"Hi","text":"Hello"}"#, "\(state)/\(id)")
        }
        try Program.shell("cp -al '\(place.spool.path)' '\(place.scratch.path("backup"))'")
        place.queue.open()
        for id in ["a", "b", "c"] { try place.run(until: id, isIn: place.done) }
        #expect(try place.scratch.list("spool/dead") == [])
        #expect(try place.scratch.list("backup/scheduled") == ["c"])
    }

    @Test("Mails of more bytes than may be under way wait for one another, and all are sent")
    func load() throws {
        let place = try QueuePlace()
        let text = String(repeating: "The quick brown fox.\\n", count: 100)
        for index in 1...9 {
            try place.submit(#"{"to":"zoe@example.net","subject":"Hi","text":"\#(text)"}"#, id: "large\(index)")
        }
        var most = 0
        place.queue.load.limit = 4000
        place.queue.open()
        try place.run(until: {
            most = max(most, place.queue.scheduler.mailsUnderWay)
            return (try? place.scratch.list("spool/\(place.done)"))?.count == 9
        })
        #expect((1...2).contains(most))
    }
}
