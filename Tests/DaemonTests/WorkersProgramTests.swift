import Scratch
import Testing
import Time

@testable import Daemon

/// The places of programs, with three workers that run them.
@Suite("Workers and programs", .serialized)
struct WorkersProgramTests {
    /// The most programs that ran at a time, by what they wrote at their start and end.
    private func most(_ place: WorkersPlace) throws -> Int {
        var (running, most) = (0, 0)
        for line in try place.scratch.read("runs").split(separator: "\n") {
            running += line == "begin" ? 1 : -1
            most = max(most, running)
        }
        return most
    }

    private func body(_ place: WorkersPlace) -> String {
        let file = place.scratch.path("runs")
        return "echo begin >> \(file)\nsleep 0.03\necho end >> \(file)"
    }

    @Test("One program of a template at a time, whoever runs it")
    func template() throws {
        let place = try WorkersPlace()
        try place.task("job", body(place), configuration: "concurrency = 1\n")
        for index in 0..<4 { try place.submit(#"{"template":"job"}"#, id: "t\(index)") }
        place.open()
        try place.run(until: { place.count(in: place.done) == 12 })
        #expect(try most(place) == 1)
    }

    @Test("task_concurrency is for all workers, and each gets its turn")
    func all() throws {
        let place = try WorkersPlace(settings: "task_concurrency = 2")
        try place.task("job", body(place))
        for index in 0..<6 { try place.submit(#"{"template":"job"}"#, id: "t\(index)") }
        place.open()
        try place.run(until: { place.count(in: place.done) == 18 })
        #expect(try most(place) <= 2)
    }

    @Test("bulk leaves the last place to others, of whatever worker")
    func bulk() throws {
        let place = try WorkersPlace(settings: "task_concurrency = 3")
        try place.task("job", body(place))
        let bulk = #"{"template":"job","priority":"bulk"}"#
        for index in 0..<5 { try place.submit(bulk, id: "t\(index)") }
        place.open()
        try place.run(until: { place.count(in: place.done) == 15 })
        #expect(try most(place) <= 2)
    }
}
