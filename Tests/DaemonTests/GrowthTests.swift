import Testing

@testable import Daemon

@Suite("Growth")
struct GrowthTests {
    @Test("Numbers are compared with those of a minute ago, or nothing")
    func grows() {
        var growth = Growth()
        func second(_ count: Int64) -> Int64 { count * 1_000_000_000 }
        #expect(growth.note([10, 0], at: second(100)) == [10, 0])
        #expect(growth.note([15, 1], at: second(101)) == [15, 1])
        #expect(growth.note([20, 1], at: second(160)) == [20, 1])
        // The first is older than a minute now.
        #expect(growth.note([21, 1], at: second(161)) == [6, 0])
        #expect(growth.note([21, 1], at: second(300)) == [0, 0])
    }
}
