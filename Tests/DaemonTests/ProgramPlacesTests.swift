import Testing

@testable import Daemon

@Suite("Places of programs of all workers")
struct ProgramPlacesTests {
    private func task(_ template: String = "t", limit: Int? = nil, isBulk: Bool = false) -> ProgramPlaces.Request {
        .init(kind: .task, template: template, templateLimit: limit, isBulk: isBulk)
    }

    private func places(tasks: Int, data: Int = 1) -> ProgramPlaces {
        var places = ProgramPlaces()
        places.use(tasks: tasks, data: data)
        return places
    }

    @Test("Places are taken until there are none; each kind has its own")
    func kinds() {
        var it = places(tasks: 2)
        let first = it.take(task(), for: 1)
        let second = it.take(task(), for: 2)
        let third = it.take(task(), for: 3)
        let data = it.take(.init(kind: .mailWithData, template: "t"), for: 3)
        #expect(first == nil && second == nil && third == .kind && data == nil)
    }

    @Test("A place that becomes free is offered to who waits longest, and is not taken by who gave it back")
    func line() {
        var it = places(tasks: 1)
        _ = it.take(task(), for: 1)
        _ = it.take(task(), for: 2)
        _ = it.take(task(), for: 3)
        it.free(task(), of: 1)
        let told = it.offer().map(\.worker)
        #expect(told == [2])
        let again = it.take(task(), for: 1)
        let offered = it.take(task("other"), for: 2)
        #expect(again == .kind && offered == nil)
        it.free(task("other"), of: 2)
        let next = it.offer().map(\.worker)
        #expect(next == [3])
    }

    @Test("An offer that is declined goes to the next")
    func declined() {
        var it = places(tasks: 1)
        _ = it.take(task(), for: 1)
        _ = it.take(task(), for: 2)
        _ = it.take(task(), for: 3)
        it.free(task(), of: 1)
        _ = it.offer()
        it.decline(.task, of: 2)
        let next = it.offer().map(\.worker)
        #expect(next == [3])
    }

    @Test("A template's limit holds for all workers, and stops no other template")
    func template() {
        var it = places(tasks: 4)
        let first = it.take(task("slow", limit: 1), for: 1)
        let second = it.take(task("slow", limit: 1), for: 2)
        let other = it.take(task("fast"), for: 2)
        #expect(first == nil && second == .template && other == nil)
        it.free(task("slow", limit: 1), of: 1)
        let told = it.offer().map(\.worker)
        #expect(told == [2])
    }

    @Test("bulk leaves one place; where there is one only, it may have it", arguments: [(1, 1), (2, 1), (4, 3)])
    func bulk(limit: Int, most: Int) {
        var it = places(tasks: limit)
        var taken = 0
        for worker in 1...limit where it.take(task(isBulk: true), for: worker) == nil { taken += 1 }
        #expect(taken == most)
    }

    @Test("What a dead worker ran, was offered and waited for is free")
    func death() {
        var it = places(tasks: 1)
        _ = it.take(task(), for: 1)
        _ = it.take(task(), for: 2)
        it.end(1)
        let told = it.offer().map(\.worker)
        #expect(told == [2])
        it.end(2)
        let count = it.count(.task)
        let free = it.take(task(), for: 3)
        #expect(count == 0 && free == nil)
    }

    @Test("What a worker says of itself counts, where messages were lost")
    func told() {
        var it = places(tasks: 2)
        _ = it.take(task(), for: 1)
        it.set([task("a"), task("b")], of: 1)
        let refused = it.take(task(), for: 2)
        it.set([], of: 1)
        #expect(refused == .kind && it.count(.task) == 0)
    }
}
