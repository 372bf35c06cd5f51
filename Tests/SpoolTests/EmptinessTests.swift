import Testing

@testable import Spool

@Suite("Directories that are known to be empty")
struct EmptinessTests {
    @Test("What was read counts as long as the mtime stays")
    func mtime() {
        var emptiness = Emptiness()
        #expect(emptiness.isEmpty(.dead, modified: 5) == nil)
        emptiness.note(.dead, modified: 5, isEmpty: true)
        emptiness.note(.hold, modified: 5, isEmpty: false)
        #expect(emptiness.isEmpty(.dead, modified: 5) == true && emptiness.isEmpty(.hold, modified: 5) == false)
        #expect(emptiness.isEmpty(.dead, modified: 6) == nil && emptiness.isEmpty(.dead, modified: 4) == nil)
        emptiness.forget(.dead)
        #expect(emptiness.isEmpty(.dead, modified: 5) == nil)
        #expect(emptiness.days(modified: 5) == nil)
        emptiness.note(days: ["2026-11-23"], modified: 5)
        #expect(emptiness.days(modified: 5) == ["2026-11-23"] && emptiness.days(modified: 6) == nil)
    }

    @Test(
        "A look is believed for five milliseconds, and until the daemon puts a file where there was none",
        arguments: [
            (nil, 4_999_999, true), (nil, 5_000_000, false), (.dead, 1, true), (.hold, 1, false),
            (.claimed(instance: "main"), 1, true), (.done(day: "2026-11-23"), 1, false),
        ] as [(State?, Int64, Bool)])
    func look(filled: State?, age: Int64, isBelieved: Bool) {
        var emptiness = Emptiness()
        #expect(emptiness.inhabited(at: 0) == nil)
        emptiness.note(inhabited: [.new, .dead], at: 10)
        if let filled { emptiness.willFill(filled) }
        #expect(emptiness.inhabited(at: 10 + age) == (isBelieved ? [.new, .dead] : nil))
        emptiness.distrust()
        #expect(emptiness.inhabited(at: 11) == nil)
    }
}
