import EventLoop
import JSON
import Linux
import Testing
import Time

@testable import Daemon

@Suite("The way between a parent and a worker", .serialized)
struct ChannelTests {
    /// Both ends on one loop.
    private final class Place {
        let loop: EventLoop
        private(set) var parent: Channel!
        private(set) var worker: Channel!
        private(set) var heardByParent: [JSON] = []
        private(set) var heardByWorker: [JSON] = []
        private(set) var ends: [String] = []
        var answer: (JSON) -> JSON? = { _ in nil }

        init() throws {
            loop = try EventLoop()
            let (one, other) = try PacketSocket.pair()
            parent = try Channel(
                one, on: loop,
                hear: { [unowned self] in
                    heardByParent.append($0)
                    return answer($0)
                }, ended: { [unowned self] in ends.append("parent") })
            worker = try Channel(
                other, on: loop,
                hear: { [unowned self] in
                    heardByWorker.append($0)
                    return nil
                }, ended: { [unowned self] in ends.append("worker") })
        }

        /// As when the process with it dies.
        func dropWorker() { worker = nil }

        func run(until holds: @escaping () -> Bool) throws { try loop.run(until: holds, saying: { "" }) }
    }

    @Test("Messages come in order, each once, in both directions")
    func order() throws {
        let place = try Place()
        for number in 0..<500 {
            place.worker.tell(["number": .number(.init(number))])
            place.parent.tell(.number(.init(number)))
        }
        try place.run(until: { place.heardByParent.count == 500 && place.heardByWorker.count == 500 })
        #expect(place.heardByParent.map { $0.object?["number"]?.int } == (0..<500).map { $0 })
        #expect(place.heardByWorker.map(\.int) == (0..<500).map { $0 })
    }

    @Test("A message longer than a datagram comes whole")
    func long() throws {
        let place = try Place()
        let text = String(repeating: "Zoë\"\\", count: 300_000)
        place.worker.tell(.string(text))
        place.worker.tell("behind it")
        try place.run(until: { place.heardByParent.count == 2 })
        #expect(place.heardByParent == [.string(text), "behind it"])
    }

    @Test("What has no room waits; beyond the bound messages are dropped, and that is told when there is room again")
    func full() throws {
        let place = try Place()
        let piece = JSON.string(String(repeating: "x", count: 100_000))
        var isBehind = false
        place.parent.caughtUp = { isBehind = true }
        for _ in 0..<200 { place.parent.tell(piece) }
        #expect(place.parent.isBehind)
        try place.run(until: { isBehind })
        #expect(!place.parent.isBehind)
        place.parent.tell("afterwards")
        try place.run(until: { place.heardByWorker.last == "afterwards" })
        let pieces = place.heardByWorker.dropLast()
        #expect(pieces.allSatisfy { $0 == piece } && pieces.count < 200 && pieces.count > 50)
    }

    @Test("What was told before the other end went is heard")
    func ends() throws {
        let place = try Place()
        place.worker.tell("last words")
        place.dropWorker()
        place.parent.drain()
        #expect(place.heardByParent == ["last words"])
        try place.run(until: { place.ends == ["parent"] })
        place.parent.tell("nobody hears it")
        #expect(place.parent.ask("nobody answers") == nil)
    }

    @Test("Nobody is waited for longer than the time that a question has")
    func unanswered() throws {
        let place = try Place()
        // The other end's loop does not run meanwhile.
        #expect(place.worker.ask("anybody there?", within: .milliseconds(50)) == nil)
        place.answer = { _ in "too late" }
        place.worker.tell("and on")
        try place.run(until: { place.heardByParent.count == 2 })
        #expect(place.heardByParent == ["anybody there?", "and on"])
        #expect(place.heardByWorker.isEmpty)
    }
}
