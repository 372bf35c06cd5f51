import Testing
import Time

@Suite("Backoff")
struct BackoffTests {
    @Test("A second, twice as long each time, a minute at most")
    func waits() {
        var backoff = Backoff()
        #expect((0..<8).map { _ in backoff.next() } == [1, 2, 4, 8, 16, 32, 60, 60].map { Span.seconds($0) })
        backoff = Backoff()
        #expect(backoff.next() == .seconds(1))
    }
}
