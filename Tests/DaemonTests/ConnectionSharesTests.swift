import Testing
import Time

@testable import Daemon

@Suite("Shares of connections")
struct ConnectionSharesTests {
    private let second: Int64 = 1_000_000_000

    /// Workers that want so many each, and take and give back what they are told.
    private struct World {
        var shares = ConnectionShares()
        var returned: [Int: Int] = [:]
        var now: Int64 = 0

        init(_ workers: ClosedRange<Int>) { for worker in workers { shares.begin(worker) } }

        mutating func want(_ worker: Int, _ count: Int, isUrgent: Bool = false) {
            shares.tell(
                worker, .init(returned: returned[worker] ?? 0, wanted: count, isUrgent: isUrgent), at: now)
        }

        mutating func giveBack(_ worker: Int, _ count: Int) {
            returned[worker, default: 0] += count
            shares.tell(worker, .init(returned: returned[worker] ?? 0), at: now)
        }

        /// Deals, and gives back what is recalled, until nothing changes; what each has then.
        mutating func settle(limit: Int, openings: Int = .max) -> [Int] {
            while true {
                let changed = shares.deal(limit: limit, openings: openings, at: now)
                #expect(shares.held <= limit || !changed.isEmpty || shares.held == 0)
                if changed.isEmpty { break }
                for worker in changed {
                    let owed = shares.dealt(to: worker).recalled - (returned[worker] ?? 0)
                    if owed > 0 { giveBack(worker, owed) }
                }
            }
            return (1...3).map { shares.kept(by: $0) }
        }
    }

    @Test("Who wants gets, as long as there are some; together never more than there may be")
    func free() {
        var it = World(1...3)
        it.want(1, 4)
        #expect(it.settle(limit: 10) == [4, 0, 0])
        it.want(2, 9)
        // Six are free; one more comes from who has most, until the difference is one.
        #expect(it.settle(limit: 10) == [4, 6, 0])
        #expect(it.shares.held == 10)
    }

    @Test(
        "All that want have their fair share",
        arguments: [
            (10, [10, 10, 10], [4, 3, 3]), (10, [10, 1, 10], [5, 1, 4]), (3, [5, 5, 5], [1, 1, 1]),
            (4, [9, 0, 9], [2, 0, 2]), (2, [5, 5, 0], [1, 1, 0]),
        ] as [(Int, [Int], [Int])])
    func fair(limit: Int, wanted: [Int], expected: [Int]) {
        var it = World(1...3)
        it.want(1, wanted[0])
        _ = it.settle(limit: limit)
        it.want(2, wanted[1])
        it.want(3, wanted[2])
        let kept = it.settle(limit: limit)
        #expect(kept.sorted() == expected.sorted() && kept.reduce(0, +) <= limit)
    }

    @Test("Fewer connections than workers: each is lent for a second, to who has waited longest")
    func lent() {
        var it = World(1...3)
        it.want(1, 1)
        #expect(it.settle(limit: 1) == [1, 0, 0])
        it.want(2, 1)
        it.now += second / 2
        it.want(3, 1)
        #expect(it.settle(limit: 1) == [1, 0, 0])
        it.now += second / 2
        #expect(it.settle(limit: 1) == [0, 1, 0])
        it.want(1, 1)
        it.now += second
        it.want(3, 1)
        #expect(it.settle(limit: 1) == [0, 0, 1])
    }

    @Test("An urgent job does not wait for the end of the second, but for one that is as urgent")
    func urgent() {
        var it = World(1...3)
        it.want(1, 1)
        _ = it.settle(limit: 1)
        it.want(2, 1, isUrgent: true)
        #expect(it.settle(limit: 1) == [0, 1, 0])
        it.want(3, 1, isUrgent: true)
        #expect(it.settle(limit: 1) == [0, 1, 0])
        it.now += second
        #expect(it.settle(limit: 1) == [0, 0, 1])
    }

    @Test("A lower limit recalls from who has most; what is recalled is not dealt before it is back")
    func lower() {
        var it = World(1...3)
        it.want(1, 5)
        it.want(2, 3)
        #expect(it.settle(limit: 8) == [5, 3, 0])
        #expect(it.settle(limit: 2) == [1, 1, 0])
        it.want(3, 1)
        let changed = it.shares.deal(limit: 2, openings: .max, at: it.now)
        #expect(changed == [] && it.shares.held == 2)
        // Before the limit is lower, a recall; before that is answered, no grant.
        it.now += second
        let recalled = it.shares.deal(limit: 2, openings: .max, at: it.now)
        #expect(recalled.count == 1 && it.shares.kept(by: 3) == 0)
        it.giveBack(recalled[0], 1)
        #expect(it.shares.deal(limit: 2, openings: .max, at: it.now) == [3])
        #expect(it.settle(limit: 0) == [0, 0, 0])
    }

    @Test("No more are granted than may be on their way")
    func openings() {
        var it = World(1...3)
        it.want(1, 5)
        #expect(it.shares.deal(limit: 10, openings: 1, at: 0) == [1])
        #expect(it.shares.held == 1)
        #expect(it.shares.deal(limit: 10, openings: 0, at: 0) == [])
    }

    @Test("A wish that is not told again is forgotten, and what a dead worker had is free")
    func over() {
        var it = World(1...3)
        it.want(1, 1)
        _ = it.settle(limit: 1)
        it.want(2, 1)
        it.now += 3 * second
        #expect(it.settle(limit: 1) == [1, 0, 0])
        it.shares.end(1)
        it.want(2, 1)
        #expect(it.settle(limit: 1) == [0, 1, 0])
    }

    @Test("Messages that come twice change nothing")
    func twice() {
        var it = World(1...2)
        it.want(1, 2)
        _ = it.settle(limit: 4)
        it.giveBack(1, 1)
        it.giveBack(1, 0)
        #expect(it.shares.held == 1)
        // More than it ever had.
        it.giveBack(1, 9)
        #expect(it.shares.held == 0)
    }

    @Test("A relay that none wants is tried by one worker after the other, once a second")
    func tries() {
        var it = World(1...2)
        #expect(it.shares.grantTry(at: 0) == 1)
        #expect(it.shares.grantTry(at: second) == nil)
        it.giveBack(1, 1)
        #expect(it.shares.grantTry(at: second / 2) == nil)
        #expect(it.shares.grantTry(at: second) == 2)
        it.giveBack(2, 1)
        #expect(it.shares.grantTry(at: 2 * second) == 1)
    }
}
