import Testing

@testable import Command

@Suite("The flow of a pump")
struct PumpFlowTests {
    private let second: Int64 = 1_000_000_000

    private func flow(apart: Bool = true, isOnce: Bool = false) -> PumpFlow {
        PumpFlow(batch: 10, acknowledgesApart: apart, isOnce: isOnce)
    }

    @Test("Messages are taken, submitted, acknowledged, and only then taken again")
    func round() {
        var flow = flow()
        #expect(flow.next(at: 0) == .take)
        flow.isTaking = true
        #expect(flow.next(at: 0) == .wait(until: nil))
        #expect(flow.reads(at: 0))
        (flow.taken, flow.isTaking, flow.broughtAny) = (3, false, true)
        #expect(flow.next(at: 0) == .submit)
        (flow.taken, flow.receipts) = (0, 3)
        #expect(flow.next(at: 0) == .acknowledge)
        (flow.receipts, flow.underWay) = (0, 3)
        #expect(flow.next(at: 0) == .wait(until: nil))
        flow.underWay = 0
        #expect(flow.next(at: 0) == .take)
    }

    @Test("A small batch waits for more, a full one does not, nor one whose program has ended")
    func batch() {
        var flow = flow()
        (flow.isTaking, flow.taken, flow.isQuiet) = (true, 3, false)
        #expect(flow.next(at: 0) == .wait(until: nil))
        flow.isQuiet = true
        #expect(flow.next(at: 0) == .submit)
        (flow.isQuiet, flow.taken) = (false, 10)
        #expect(flow.next(at: 0) == .submit)
        #expect(!flow.reads(at: 0))
        (flow.taken, flow.takenBytes) = (3, PumpFlow.batchBytes)
        #expect(flow.next(at: 0) == .submit)
        (flow.takenBytes, flow.isTaking) = (0, false)
        #expect(flow.next(at: 0) == .submit)
    }

    @Test("A full spool is not filled further, and what was taken before goes in")
    func full() {
        var flow = flow()
        flow.isFull = true
        #expect(flow.next(at: 0) == .wait(until: nil))
        flow.isTaking = true
        #expect(!flow.reads(at: 0))
        flow.taken = 1
        #expect(flow.next(at: 0) == .submit)
    }

    @Test("What the spool refused waits, and nothing is acknowledged meanwhile")
    func refused() {
        var flow = flow()
        (flow.taken, flow.receipts, flow.hasRest, flow.submitAt) = (2, 8, true, second)
        #expect(flow.next(at: 0) == .wait(until: second))
        #expect(flow.next(at: second) == .submit)
        (flow.taken, flow.receipts, flow.hasRest) = (0, 10, false)
        #expect(flow.next(at: second) == .acknowledge)
    }

    @Test("What the engine refused waits, and nothing is taken meanwhile")
    func unacknowledged() {
        var flow = flow()
        (flow.receipts, flow.acknowledgeAt) = (5, second)
        #expect(flow.next(at: 0) == .wait(until: second))
        #expect(flow.next(at: second) == .acknowledge)
    }

    @Test("Receipts that nobody takes stop the reading")
    func bounded() {
        var flow = flow()
        flow.isTaking = true
        (flow.receipts, flow.underWay) = (20, 19)
        #expect(flow.reads(at: 0))
        flow.receipts = 21
        #expect(!flow.reads(at: 0))
    }

    @Test("A stop finishes the batch; a program that reads receipts is asked to end when it has them")
    func stop() {
        var flow = flow(apart: false)
        (flow.isTaking, flow.taken, flow.isQuiet, flow.isStopping) = (true, 1, false, true)
        // To drop it: who writes into a full pipe does not read.
        #expect(flow.reads(at: 0))
        #expect(flow.next(at: 0) == .submit)
        (flow.taken, flow.receipts) = (0, 1)
        #expect(flow.next(at: 0) == .acknowledge)
        (flow.receipts, flow.underWay) = (0, 1)
        #expect(flow.next(at: 0) == .wait(until: nil))
        flow.underWay = 0
        #expect(flow.next(at: 0) == .stopTaking)
        #expect(flow.next(at: 0) == .wait(until: nil))
        flow.isTaking = false
        #expect(flow.next(at: 0) == .end)
    }

    @Test("A stop asks a program that only takes to end at once, and waits for the receipts")
    func stopApart() {
        var flow = flow()
        (flow.isTaking, flow.isStopping, flow.underWay) = (true, true, 1)
        #expect(flow.next(at: 0) == .stopTaking)
        flow.isTaking = false
        #expect(flow.next(at: 0) == .wait(until: nil))
        flow.hasGivenUp = true
        #expect(flow.next(at: 0) == .end)
    }

    @Test("Once: the pump ends when take brings nothing")
    func once() {
        var flow = flow(isOnce: true)
        #expect(flow.next(at: 0) == .take)
        flow.isTaking = true
        (flow.isTaking, flow.broughtAny) = (false, true)
        #expect(flow.next(at: 0) == .take)
        #expect(flow.next(at: 0) == .end)
    }
}
