import EventLoop
import Glibc
import Linux
import Scratch
import Testing
import Time

@testable import Daemon

/// Processes that leave their program's group, and what ends them.
@Suite("Strays", .serialized)
struct StraysTests {
    private let place: SpoolPlace
    private let strays: Strays

    init() throws {
        place = try SpoolPlace()
        strays = Strays(spool: place.spool, loop: place.loop, log: place.log)
    }

    /// Starts a process in a session of its own that nobody waits for, with that in its environment; its id.
    private func leave(_ variable: String) throws -> Int32 {
        let ran = try Program.shell("env '\(variable)' setsid sleep 1000 < /dev/null > /dev/null 2>&1 & echo $!")
        let pid = try #require(Int32(ran.lines[0]))
        // It has its environment once it is what it is to be.
        try place.run(until: { try Program.shell("cat /proc/\(pid)/comm").out == "sleep\n" })
        return pid
    }

    private func isRunning(_ pid: Int32) -> Bool { kill(pid, 0) == 0 && (try? state(pid)) != "Z" }

    private func state(_ pid: Int32) throws -> String {
        let stat = String(decoding: try Descriptor.contents(ofFile: "/proc/\(pid)/stat", limit: 4096), as: UTF8.self)
        return String(stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].dropFirst(2).prefix(1))
    }

    @Test("What a program has left behind is ended when the program is, and not before")
    func leftBehind() throws {
        let mark = strays.mark("job-1")
        try Program.shell("mkfifo '\(place.scratch.path("go"))'")
        var isOver = false
        let run = try ProgramRun(
            .init(
                ["/bin/sh", "-c", "setsid sleep 1000 > /dev/null 2>&1 & echo $! > pid; read line < go"],
                environment: ["PATH=/usr/bin:/bin", mark], input: [], timeout: .seconds(20)
            ).starting(in: place.scratch.path), on: place.loop
        ) { _ in
            isOver = true
            strays.ended(mark)
        }
        strays.began(mark, run.process)
        var pid: Int32?
        try place.run(until: {
            pid = Int32(try place.scratch.read("pid").split(separator: "\n").first ?? "")
            return pid != nil
        })
        let child = try #require(pid)
        strays.sweep()
        #expect(isRunning(child))
        try Program.shell("echo > '\(place.scratch.path("go"))'")
        try place.run(until: { isOver && !isRunning(child) })
    }

    @Test("A start ends what a dead daemon's programs have left, of this spool and of no other")
    func deadDaemon() throws {
        let ours = try leave(strays.mark("job-1"))
        let other = try leave("OUTSPOOL_MARK=1:2:job-1")
        let unmarked = try leave("OUTSPOOL_MARKED=no")
        defer { for pid in [ours, other, unmarked] { kill(pid, SIGKILL) } }
        strays.endAll()
        #expect(!isRunning(ours))
        #expect(isRunning(other) && isRunning(unmarked))
        #expect(try place.logged.contains("ended 1 processes of tasks that were left by a daemon that died"))
    }

    @Test("A daemon that stops returns when its children are gone")
    func stopping() throws {
        let child = try leave(strays.mark("job-1"))
        // Adopted, it is a child of this process.
        try place.run(until: { Linux.Process.children().contains(child) })
        strays.sweepAll()
        #expect(!isRunning(child))
    }
}

extension ProgramRun.Order {
    fileprivate func starting(in directory: String) -> ProgramRun.Order {
        var order = self
        order.directory = directory
        return order
    }
}
