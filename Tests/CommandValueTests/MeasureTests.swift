@testable import Command
import Testing
import Time

@Suite("Ages and thresholds")
struct MeasureTests {
    @Test("Jobs are counted by name and age, the longest rows first")
    func shape() {
        var shape = QueueShape()
        for age in [Span.seconds(59), .minutes(1), .hours(1), .days(9)] { shape.add("b", age: age) }
        shape.add("a", age: nil)
        shape.add("c", age: .zero)
        #expect(shape.rows.map(\.name) == ["b", "a", "c"])
        #expect(shape.rows[0].ages == [1, 1, 0, 0, 1, 0, 0, 0, 0, 1])
        #expect(shape.total.total == 6)
        #expect(shape.total.ages == [3, 1, 0, 0, 1, 0, 0, 0, 0, 1])
        #expect(QueueShape.titles.count == QueueShape.limits.count + 1)
    }

    @Test("A queue of a hostile producer's names is counted in bounded memory")
    func manyNames() {
        var shape = QueueShape()
        for index in 0..<5000 { shape.add("t\(index)", age: .zero) }
        #expect(shape.rows.count == QueueShape.nameLimit + 1)
        #expect(shape.rows[0].name == QueueShape.others)
        #expect(shape.rows[0].total == 4000)
        #expect(shape.total.total == 5000)
    }

    @Test(
        "A threshold is what is not too much yet",
        arguments: [
            ("10", 10, .ok), ("10", 11, .warning), ("10", 99, .warning), ("10,20", 20, .warning),
            ("10,20", 21, .critical),
            ("0,0", 1, .critical), ("10,20", 0, .ok),
        ] as [(String, Int, Health)])
    func thresholds(text: String, value: Int, health: Health) throws {
        #expect(try #require(Threshold<Int>(text) { Int($0) }).judge(value) == health)
    }

    @Test("What is no threshold", arguments: ["", "x", "1,", ",1", "2,1", "1,2,3"])
    func noThreshold(text: String) { #expect(Threshold<Int>(text) { Int($0) } == nil) }
}
