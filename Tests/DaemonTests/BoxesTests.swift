import Linux
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
            spool: place.spool, loop: place.loop, ledger: place.ledger, watcher: nil,
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

    @Test("A full box waits until a quarter of its room is free")
    func quota() throws {
        for index in 1...6 { try place.submit(id: "j\(index)", box: "shop") }
        let boxes = boxes(jobs: 4)
        #expect(try reconcile(boxes) == 1)
        #expect(try (place.names("new").count, left()) == (4, 2))
        #expect(try place.logged.contains("drop/shop: 4 jobs, "))
        let waiting = try place.names("new").map { try #require(JobID($0)) }
        boxes.claimed(try #require(JobID("j1@elsewhere")), size: 50)
        boxes.claimed(waiting[0], size: 50)
        // Three are no quarter less than four: nothing must come, and no event tells of that.
        try place.loop.pass(.milliseconds(20))
        #expect(try left() == 2)
        boxes.claimed(waiting[1], size: 50)
        try place.run(until: { try left() == 0 })
        #expect(try place.names("new").count == 6)
    }

    @Test("Bytes count as jobs do")
    func bytes() throws {
        let object = #"{"to":"a@example.org","subject":"s","text":"\#(String(repeating: "x", count: 400))"}"#
        for index in 1...3 { try place.submit(object, id: "j\(index)", box: "shop") }
        let boxes = boxes(bytes: 800)
        #expect(try reconcile(boxes) == 1)
        #expect(try left() == 1)
        boxes.claimed(try #require(JobID("j1@shop")), size: 450)
        try place.run(until: { try left() == 0 })
    }

    @Test("Jobs that somebody else took out of new/ are found missing at a count")
    func recount() throws {
        for index in 1...6 { try place.submit(id: "j\(index)", box: "shop") }
        let boxes = boxes(jobs: 4)
        #expect(try reconcile(boxes) == 1)
        for name in try place.names("new").prefix(2) { try place.scratch.remove("spool/new/\(name)") }
        boxes.recount()
        try place.run(until: { try left() == 0 })
        #expect(try place.names("new").count == 4)
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
