import EventLoop
import JSON
import Linux
import Spool
import Testing
import Time

@testable import Daemon

@Suite("status.json", .serialized)
struct StatusFileTests {
    private func read(_ place: QueuePlace) throws -> DaemonStatus {
        try #require(DaemonStatus(try JSON(parsing: try place.scratch.read("spool/status.json"))))
    }

    @Test("It says what is under way, and what came of the rest")
    func writes() throws {
        let place = try QueuePlace(settings: "task_concurrency = 1")
        try place.template(
            "job", program: "run", "echo half >&3; while [ ! -e \"$OUTSPOOL_SPOOL/go\" ]; do sleep 0.01; done")
        try place.submit(id: "mail")
        for id in ["first", "second"] { try place.submit(#"{"template":"job"}"#, id: id) }
        let began = Timestamp.now
        var file = StatusFile(spool: place.spool, started: began)
        place.queue.open()
        try place.run(until: "mail", isIn: place.done)
        try place.run(until: {
            place.queue.scheduler.tasksUnderWay == 1 && place.queue.tasks.running.first?.run?.program.progress == "half"
        })
        file.write("running", Measures(of: place.queue, now: .now), isPaused: false, now: .now)
        let status = try read(place)
        #expect(status.state == "running" && status.pid == Int(Process.id) && status.instance == "main")
        #expect(!status.isPaused && status.waiting == 0 && status.inFlight == 0 && status.unwritten == 0)
        #expect(status.totals[.sent] == 1 && status.lastMinute[.sent] == 1)
        #expect(status.relays.map(\.name) == ["main"] && status.relays[0].isOpen == false)
        #expect(status.tasksRunning == 1 && status.tasksWaiting == 1)
        let task = try #require(status.tasks.first)
        #expect(["first", "second"].contains(task.id) && task.template == "job" && task.attempt == 1)
        #expect(task.progress == "half" && task.process != nil)
        #expect(try #require(task.started) >= Timestamp(seconds: began.seconds))
        #expect(try #require(task.deadline) > .now)
        try place.put("", "go")
        try place.run(until: "second", isIn: place.done)
        try place.run(until: "first", isIn: place.done)
        file.write("stopped", Measures(of: place.queue, now: .now), isPaused: false, now: .now)
        #expect(try read(place).tasks.isEmpty)
        #expect(try read(place).state == "stopped")
    }

    @Test("It is replaced as a whole, with what a crash left behind; its owner and group may read it")
    func replaces() throws {
        let place = try QueuePlace()
        try place.put("half", "tmp/.status.main")
        var file = StatusFile(spool: place.spool, started: .now)
        file.write(
            "starting", Measures(of: place.queue, now: .now), isPaused: false, now: Timestamp(seconds: 1_795_455_851))
        #expect(try read(place).at == Timestamp(seconds: 1_795_455_851))
        #expect(try place.scratch.list("spool/tmp") == [])
        #expect(try place.scratch.mode("spool/status.json") == 0o640)
        // A directory in its place: nothing is said, and nothing is left.
        try place.scratch.remove("spool/status.json")
        try Directory.make(path: place.scratch.path("spool/status.json"), mode: 0o700)
        file.write("running", Measures(of: place.queue, now: .now), isPaused: false, now: .now)
        #expect(try place.scratch.list("spool/status.json") == [])
    }
}
