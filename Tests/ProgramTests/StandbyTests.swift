import Foundation
import Scratch
import Testing

@Suite("outspoold --standby", .serialized, .ownThreads)
struct StandbyTests {
    private func standby(_ place: Workplace) throws -> RunningProgram {
        try place.start(
            Program.built("outspoold").path, ["--standby", "--config", place.configuration.path], name: "standby")
    }

    private func log(_ place: Workplace) -> String { place.text(place.root.appending(path: "standby.log")) }

    @Test("It takes over when the daemon that has the spool is killed, and delivers what that one left")
    func takesOver() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "data=silence:1"))
        let active = try place.daemon()
        let waiting = try standby(place)
        try waitUntil("the standby") { log(place).contains("standby: waiting: another outspoold has") }
        try place.hello("under-way")
        try place.wait(for: "under-way", in: "cur/main")
        #expect(!log(place).contains("starting on"))
        active.kill()
        try waitUntil("the takeover") { log(place).contains("standby: taking over") }
        try place.hello("afterwards")
        try place.wait(for: "afterwards", in: "done")
        #expect(log(place).contains("recovered 1 jobs"))
        #expect(log(place).components(separatedBy: "standby: waiting").count == 2, "each reason is said once")
        #expect(waiting.isRunning)
    }

    @Test("It waits for a spool that is not there yet")
    func waitsForDisk() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let away = place.root.appending(path: "detached")
        try FileManager.default.moveItem(at: place.spool, to: away)
        _ = try standby(place)
        try waitUntil("the standby") {
            log(place).contains("standby: waiting: ") && log(place).contains("No such file")
        }
        try FileManager.default.moveItem(at: away, to: place.spool)
        try waitUntil("the takeover") { log(place).contains(": ready") }
    }

    @Test("SIGTERM ends it while it waits")
    func ends() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        let waiting = try standby(place)
        try waitUntil("the standby") { log(place).contains("standby: waiting") }
        #expect(waiting.stop() == 0)
        #expect(!log(place).contains("taking over"))
    }

    @Test("Of two that wait, one takes over and the other waits on")
    func two() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let active = try place.daemon()
        let standbys = try ["one", "two"].map { name in
            try place.start(
                Program.built("outspoold").path, ["--standby", "--config", place.configuration.path], name: name)
        }
        func logs() -> [String] { ["one", "two"].map { place.text(place.root.appending(path: $0 + ".log")) } }
        try waitUntil("both") { logs().allSatisfy { $0.contains("standby: waiting") } }
        active.kill()
        try waitUntil("one") { logs().contains { $0.contains(": ready") } }
        #expect(logs().filter { $0.contains(": ready") }.count == 1)
        for standby in standbys { #expect(standby.isRunning) }
    }

    @Test("It does not go with --check or --probe")
    func usage() throws {
        let place = try Workplace()
        for other in [["--check"], ["--probe", "main"]] {
            #expect(try place.run(Program.built("outspoold").path, ["--standby"] + other).status == 64)
        }
    }
}
