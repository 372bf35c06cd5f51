import Foundation
import Scratch
import Testing

/// What the kernel refuses, drops or takes away while the daemon runs: nothing is lost, it says so, and it goes on by
/// itself when the cause is gone.
@Suite("The kernel refuses", .serialized, .ownThreads)
struct KernelTests {
    private static let queueLimit =
        (try? String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8))
        .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) } ?? .max

    @Test(
        "More events than inotify keeps, while the daemon stands still: jobs, due times and the pause are found",
        .enabled(if: queueLimit <= 100_000, "fs.inotify.max_queued_events is too large to fill"))
    func overflow() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt=451 4.7.1 Later:1"))
        let daemon = try place.daemon()
        try place.hello("touched")
        try place.wait(for: "touched", in: "retry/01-30s")
        place.sendAll(SIGSTOP, daemon)
        defer { place.sendAll(SIGCONT, daemon) }
        try place.wait("the daemon to stand still") {
            place.text(URL(fileURLWithPath: "/proc/\(daemon.pid)/stat")).contains(") T ")
        }
        // Hidden names are nothing to the daemon, and events to the kernel.
        for index in 0..<(Self.queueLimit + 100) {
            let path = place.spool.appending(path: "new/.\(index)").path
            close(open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600))
            unlink(path)
        }
        for index in 0..<20 { try place.hello("job\(index)") }
        try FileManager.default.setAttributes(
            [.modificationDate: Date()], ofItemAtPath: place.spool.appending(path: "retry/01-30s/touched").path)
        try place.write("spool/pause", "")
        place.sendAll(SIGCONT, daemon)
        try place.wait("the overflow to be told") { place.log.contains("inotify overflow: everything is read again") }
        try place.wait("the pause to be seen") { place.log.contains("paused: everything") }
        try FileManager.default.removeItem(at: place.spool.appending(path: "pause"))
        try place.wait("all to be sent") { place.names("done").count == 21 }
        #expect(place.mails().count == 21)
    }

    @Test("No descriptor left: jobs wait, and are sent when there is one")
    func descriptors() throws {
        let place = try Workplace(workers: 1)
        try place.configure(port: try place.sink())
        let daemon = try place.daemon()
        func limit(_ count: Int) throws {
            let ran = try place.run(
                "/usr/bin/env", ["prlimit", "--pid", "\(daemon.pid)", "--nofile=\(count):4096"])
            #expect(ran.status == 0, "\(ran.err)")
        }
        // Every number below is in use.
        try limit(5)
        for index in 0..<5 { try place.hello("job\(index)") }
        try place.wait("the trouble to be told") { place.log.contains("Too many open files") }
        // A drop box that comes meanwhile cannot be opened, nor watched.
        #expect(place.names("new").count == 5)
        #expect(daemon.isRunning)
        try limit(1024)
        try place.wait("all to be sent") { place.names("done").count == 5 }
        #expect(place.mails().count == 5)
        #expect(place.names("dead").isEmpty)
        for index in 0..<5 { #expect(try place.events("job\(index)") == ["sending", "sent"]) }
        #expect(daemon.stop() == 0)
    }

    @Test(
        "The spool is mounted read-only and writable again: submissions fail at once, jobs wait and are sent",
        .enabled(if: mayMount, "needs root and the right to mount"))
    func readOnly() throws {
        let disk = try FullDiskTests.SmallDisk(kibibytes: 4096)
        let place = disk.place
        // A port that nobody listens on, until somebody does.
        let port = try place.sink()
        try #require(place.lastStarted).stop()
        try place.configure(port: port)
        let daemon = try place.daemon()
        for index in 0..<5 { try place.hello("job\(index)") }
        try place.wait("the relay to be found down") { place.log.contains("relay main failed at connect") }
        func remount(_ flags: Int) throws {
            // status.json may just be open for writing, for a moment.
            try place.wait("the remount") {
                mount("none", place.spool.path, "tmpfs", UInt(Int(MS_REMOUNT) | flags), "") == 0
            }
        }
        try remount(Int(MS_RDONLY))
        let refused = try place.outspool("submit", "--job", "-", input: #"{"template":"hello","to":"a@example.com"}"#)
        #expect(refused.status == 75)
        #expect(refused.err.contains("Read-only file system"))
        #expect(refused.out.isEmpty)
        _ = try place.start(
            Program.built("outspool-sink").path,
            ["--listen", "127.0.0.1:\(port)", "--maildir", place.root.appending(path: "Maildir").path], name: "again")
        try place.wait("the trouble to be told") { place.log.contains("Read-only file system; trying again") }
        #expect(place.names("new").count == 5)
        #expect(place.mails().isEmpty)
        try remount(0)
        try place.wait("all to be sent") { place.names("done").count == 5 }
        #expect(place.mails().count == 5)
        #expect(place.names("dead").isEmpty)
        #expect(daemon.stop() == 0)
    }

    @Test(
        "A directory is moved away and another put in its place: the daemon uses neither, says so and ends",
        arguments: [
            ".", "new", "retry/03-2m", "retry", "scheduled", "drop", "tmp", "cur", "cur/main", "hold", "dead", "done",
        ])
    func replaced(path: String) throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let daemon = try place.daemon()
        let directory = place.spool.appending(path: path).standardizedFileURL
        let aside = place.root.appending(path: "aside")
        try FileManager.default.moveItem(at: directory, to: aside)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        try place.wait("the daemon to end") { !daemon.isRunning }
        #expect(daemon.status == 75)
        let name = path == "." ? "spool" : "spool/\(path)"
        #expect(place.log.contains("/\(name): the directory was moved or removed; stopping"))
        // A directory of another name is nothing to the next one.
        #expect(try place.outspool("init", place.spool.path).status == 0)
        _ = try place.daemon()
        try place.hello("job")
        try place.wait(for: "job", in: "done")
    }

    @Test("A day of done/ is moved away: what is sent next is not moved with it")
    func dayMovedAway() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.hello("first")
        try place.wait(for: "first", in: "done")
        let day = try place.file("first").deletingLastPathComponent()
        try FileManager.default.moveItem(at: day, to: place.root.appending(path: "archive"))
        for id in ["second", "third"] {
            try place.hello(id)
            try place.wait(for: id, in: "done")
        }
        try FileManager.default.removeItem(at: day)
        try place.hello("fourth")
        try place.wait(for: "fourth", in: "done")
        #expect(place.names("done") == ["fourth"])
        #expect(place.names("cur/main").isEmpty)
    }

    @Test("A second daemon is refused, whatever its instance is called, and the first goes on")
    func secondDaemon() throws {
        let place = try Workplace()
        let port = try place.sink()
        try place.configure(port: port, main: "instance = other")
        try FileManager.default.moveItem(at: place.configuration, to: place.root.appending(path: "other.conf"))
        try place.configure(port: port)
        let first = try place.daemon()
        let configurations = [place.configuration, place.root.appending(path: "other.conf")]
        for configuration in configurations {
            // One that is not refused runs until it is ended.
            let second = try place.run(
                "/usr/bin/env",
                ["timeout", "10", Program.built("outspoold").path, "--config", configuration.path])
            #expect(second.status == 75)
            #expect(second.err.contains("/cur is locked: another outspoold runs on this spool"))
        }
        try place.hello("job")
        try place.wait(for: "job", in: "done")
        // Its lock goes with it.
        first.kill()
        _ = try place.daemon()
    }
}
