import Linux
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

@Suite("Drop boxes")
struct BoxesTests {
    private let place: SpoolPlace

    init() throws {
        place = try SpoolPlace()
        try box("shop")
    }

    private func box(_ name: String) throws {
        try Creation.dropBox(name, group: Process.effectiveGroup, in: place.spool.path)
    }

    private func boxes(jobs: Int = 1000, bytes: Int = 1 << 20, sizeLimit: Int = 10_000) -> Boxes {
        Boxes(
            spool: place.spool, loop: place.loop, ledger: place.ledger,
            outcomes: Outcomes(spool: place.spool, log: place.log), watcher: nil,
            quota: .init(jobs: jobs, bytes: bytes), sizeLimit: sizeLimit)
    }

    /// Takes in what is there, and returns how often that was told.
    private func reconcile(_ boxes: Boxes) throws -> Int {
        var count = 0
        boxes.reconcile { count += 1 }
        try place.run(until: { count > 0 })
        return count
    }

    private func left() throws -> Int { try place.names("drop/shop/new").count }

    @Test("What lies in the boxes is taken in before anything is claimed, and that is told once")
    func reconciles() throws {
        try box("other")
        for id in ["a", "b"] { try place.submit(id: id, box: "shop") }
        try place.submit(id: "a", box: "other")
        let boxes = boxes()
        #expect(try reconcile(boxes) == 1)
        #expect(try place.names("new") == ["a@other", "a@shop", "b@shop"])
        #expect(try left() == 0)
        #expect(place.ledger.counters.received == 3)
        #expect(place.ledger.boxes == ["shop", "other"])
        #expect(Set(boxes.open.map(\.name)) == ["shop", "other"])
        // What comes later is no part of it.
        var isTold = false
        try place.submit(id: "late", box: "shop")
        boxes.reconcile { isTold = true }
        try place.run(until: { isTold })
        #expect(try place.names("new").contains("late@shop"))
    }

    private let object = #"{"to":"a@example.org","subject":"s","text":"\#(String(repeating: "x", count: 400))"}"#

    @Test("A full box waits until its jobs have left the spool, wherever they lie")
    func quota() throws {
        for index in 1...6 { try place.submit(id: "j\(index)", box: "shop") }
        let boxes = boxes(jobs: 4)
        #expect(try reconcile(boxes) == 1)
        #expect(try (place.names("new").count, left()) == (4, 2))
        let states = ["retry/01-30s", "scheduled", "hold", "dead"]
        for (name, state) in zip(try place.names("new"), states) {
            try place.spool.root.rename("new/\(name)", into: place.spool.root, as: "\(state)/\(name)")
        }
        // Nothing must come, and no event tells of that.
        try place.loop.pass(.milliseconds(1500))
        #expect(try left() == 2)
        #expect(try place.logged.contains("drop/shop: its jobs and dead letters in the spool leave no room"))
        #expect(place.ledger.stopped.lines(9).count == 1)
        for state in states.dropFirst(2) { try place.scratch.remove("spool/\(state)/\(place.names(state)[0])") }
        try place.run(until: { try left() == 0 })
        #expect(try place.names("new").count == 2)
    }

    @Test("Jobs that were sent make room, in steps of a quarter")
    func sent() throws {
        for index in 1...6 { try place.submit(id: "j\(index)", box: "shop") }
        let boxes = boxes(jobs: 4)
        #expect(try reconcile(boxes) == 1)
        let waiting = try place.names("new").map { try #require(JobID($0)) }
        boxes.sent(try #require(JobID("j1@elsewhere")), size: 50)
        try place.loop.pass(.milliseconds(20))
        #expect(try left() == 2)
        for id in waiting.prefix(2) { boxes.sent(id, size: 70) }
        try place.run(until: { try left() == 0 })
        #expect(try place.names("new").count == 6)
    }

    @Test("The quota holds over a restart, for dead letters as for jobs")
    func restart() throws {
        try place.put("dead/20260101T000000Z-0123456789@shop", String(repeating: "x", count: 5000))
        try place.put("cur/main/a@shop", String(repeating: "x", count: 3000))
        try place.put("dead/b@other", String(repeating: "x", count: 50_000))
        for index in 1...2 { try place.submit(object, id: "j\(index)", box: "shop") }
        let first = boxes(bytes: 10_200)
        #expect(try reconcile(first) == 1)
        #expect(try (place.names("new").count, left()) == (0, 2))
        let second = boxes(bytes: 10_600)
        #expect(try reconcile(second) == 1)
        #expect(try (place.names("new").count, left()) == (1, 1))
    }

    @Test("Where a box is full, what was sent for it is forgotten, the oldest first, and good jobs flow")
    func forgets() throws {
        for (day, names) in [("2026-01-01", ["a@shop", "b@shop", "z"]), ("2026-01-02", ["c@shop"])] {
            try Directory.make(path: place.scratch.path("spool/done/\(day)"), mode: 0o700)
            for name in names { try place.put("done/\(day)/\(name)", String(repeating: "x", count: 3000)) }
        }
        try place.submit(object, id: "j", box: "shop")
        let boxes = boxes(bytes: 10_000)
        #expect(try reconcile(boxes) == 1)
        try place.run(until: { try left() == 0 })
        #expect(try place.names("done/2026-01-01") == ["z"] || place.names("done/2026-01-01").count == 2)
        #expect(try place.names("done/2026-01-02") == ["c@shop"])
        #expect(try place.logged.contains("sent jobs were forgotten before their time"))
    }

    @Test("A job that is larger than the quota stays in its box and is told of; smaller ones pass it")
    func tooLarge() throws {
        try place.submit(object, id: "large", box: "shop")
        try place.submit(id: "small", box: "shop")
        let boxes = boxes(bytes: 2400)
        #expect(try reconcile(boxes) == 1)
        #expect(try place.names("new") == ["small@shop"])
        #expect(try place.names("drop/shop/new") == ["large"])
        #expect(place.ledger.stopped.lines(9).first?.hasPrefix("drop/shop/new/large: ") == true)
    }

    @Test("One user of a box of all users cannot use it up", .enabled(if: Machine.isRoot, "needs root"))
    func share() throws {
        try Creation.dropBox("local", group: nil, in: place.spool.path)
        for (user, count) in [(65534, 6), (65533, 1)] {
            for index in 1...count {
                try place.put("drop/local/new/u\(user)-\(index)", object)
                try Program.shell(
                    "chown \(user) '\(place.spool.path)/drop/local/new/u\(user)-\(index)'; chmod 604 '\(place.spool.path)'/drop/local/new/*"
                )
            }
        }
        let boxes = boxes(jobs: 8)
        #expect(try reconcile(boxes) == 1)
        let names = try place.names("new")
        #expect(names.filter { $0.hasSuffix("+65534@local") }.count == 2)
        #expect(names.contains("u65533-1+65533@local"))
        #expect(try place.names("drop/local/new").count == 4)
    }

    @Test("A box whose directories were removed and made again is taken up, and so is one that is made in steps")
    func replaced() throws {
        let boxes = boxes()
        #expect(try reconcile(boxes) == 1)
        try Program.shell("rm -rf '\(place.spool.path)/drop/shop/new'")
        try box("shop")
        try place.submit(id: "a", box: "shop")
        boxes.changed("shop")
        try place.run(until: { try place.names("new") == ["a@shop"] })
        try Directory.make(path: place.scratch.path("spool/drop/slow"), mode: 0o711)
        boxes.appeared("slow")
        #expect(boxes.open.map(\.name) == ["shop"])
        try box("slow")
        try place.submit(id: "b", box: "slow")
        try place.run(until: { try place.names("new").contains("b@slow") })
        // One that never becomes whole is told of.
        try Directory.make(path: place.scratch.path("spool/drop/half"), mode: 0o711)
        boxes.appeared("half")
        try place.run(until: { place.ledger.stopped.lines(9).contains { $0.hasPrefix("drop/half: ") } })
    }

    @Test("A box that comes is opened, and one that goes is forgotten")
    func comesAndGoes() throws {
        let boxes = boxes()
        #expect(try reconcile(boxes) == 1)
        try box("late")
        try place.submit(id: "a", box: "late")
        boxes.appeared("late")
        boxes.appeared("no box!")
        boxes.appeared("absent")
        try place.run(until: { try place.names("new") == ["a@late"] })
        #expect(boxes.open.map(\.name) == ["shop", "late"])
        boxes.vanished("late")
        #expect(boxes.open.map(\.name) == ["shop"] && place.ledger.boxes == ["shop"])
        try place.submit(id: "b", box: "late")
        boxes.arrived(DirectoryName("b"), in: "late")
        try place.submit(id: "c", box: "shop")
        boxes.arrived(DirectoryName("c"), in: "shop")
        try place.run(until: { try place.names("new") == ["a@late", "c@shop"] })
        #expect(try place.names("drop/late/new") == ["b"])
    }

    @Test("A flood in one box does not hold up another")
    func fair() throws {
        try box("quiet")
        for index in 1...2 { try place.submit(id: "f\(index)", box: "shop") }
        let boxes = boxes()
        #expect(try reconcile(boxes) == 1)
        for index in 3...22 { try place.submit(id: "f\(index)", box: "shop") }
        try place.submit(id: "one", box: "quiet")
        for index in 3...22 { boxes.arrived(DirectoryName("f\(index)"), in: "shop") }
        boxes.arrived(DirectoryName("one"), in: "quiet")
        try place.run(until: { try place.names("new").count == 23 })
        let order = try place.logged.split(separator: "\n").map { $0.contains("one@quiet") }
        #expect(order.firstIndex(of: true).map { $0 - 2 } ?? 99 < 2)
    }

    @Test("What is no job, or too large, is a dead letter that says where it was; the same job again is discarded")
    func refused() throws {
        try place.put("drop/shop/new/large", #"{"to":"a@example.org","text":"\#(String(repeating: "x", count: 900))"}"#)
        let boxes = boxes(sizeLimit: 500)
        #expect(try reconcile(boxes) == 1)
        #expect(try place.names("dead").count == 1)
        #expect(try place.logged.contains("it was drop/shop/new/large"))
        for _ in 1...2 {
            try place.submit(id: "twin", box: "shop")
            boxes.arrived(DirectoryName("twin"), in: "shop")
            try place.run(until: { try left() == 0 })
        }
        #expect(try place.names("new") == ["twin@shop"])
        #expect(try place.logged.contains("twin@shop: the same job again, discarded"))
    }
}
