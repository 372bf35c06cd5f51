import Glibc
import Linux
import Scratch
import Testing
import Time

@testable import EventLoop

@Suite("Runs of programs", .serialized, .ownThreads)
struct ProgramRunTests {
    /// Runs a shell script to its end, and the loop meanwhile.
    private func run(
        _ script: String, input: [UInt8] = [], timeout: Span = .seconds(20), limit: Int = 4096,
        change: (inout ProgramRun.Order) -> Void = { _ in }
    ) throws -> ProgramRun.Outcome {
        let loop = try EventLoop()
        var outcome: ProgramRun.Outcome?
        var order = ProgramRun.Order(
            ["/bin/sh", "-c", script, "sh", "a b", "$x"], environment: ["PATH=/usr/bin:/bin", "GREETING=hello"],
            input: input,
            timeout: timeout, outputLimit: limit)
        change(&order)
        let run = try ProgramRun(order, on: loop) {
            outcome = $0
            loop.stop()
        }
        try loop.run()
        withExtendedLifetime(run) {}
        return try #require(outcome)
    }

    @Test("Exit status and signals are told apart")
    func ends() throws {
        #expect(try run("exit 0").end == .exit(0))
        #expect(try run("exit 77").end == .exit(77))
        #expect(try run("kill -9 $$").end == .signal(9))
        #expect(try run("true").isTimedOut == false)
    }

    @Test("An end that another part of the process took is one of unknown status")
    func unknown() throws {
        let loop = try EventLoop()
        var end: ChildProcess.End?
        let order = ProgramRun.Order(["/bin/true"], environment: [], input: [], timeout: .seconds(20))
        let run = try ProgramRun(order, on: loop) {
            end = $0.end
            loop.stop()
        }
        var status: Int32 = 0
        #expect(waitpid(run.process, &status, 0) == run.process)
        try loop.run()
        #expect(end == .unknown)
    }

    @Test("It reads its input, however long, and its words and environment are those that were given")
    func input() throws {
        let long = [UInt8](repeating: 0x78, count: 3 << 20)
        #expect(String(decoding: try run("wc -c", input: long).output, as: UTF8.self) == "\(3 << 20)\n")
        #expect(String(decoding: try run("echo \"$1|$2|$GREETING|$HOME\"").output, as: UTF8.self) == "a b|$x|hello|\n")
    }

    @Test("Of a long output the end is kept, of both streams")
    func output() throws {
        let outcome = try run("head -c 1000000 /dev/zero; echo one; echo two >&2", limit: 10)
        #expect(outcome.end == .exit(0))
        #expect(String(decoding: outcome.output, as: UTF8.self).hasSuffix("one\ntwo\n"))
        #expect(outcome.output.count == 10)
    }

    @Test("When its time is over it is asked to end; what does not is killed with its children")
    func timeout() throws {
        let asked = try run("trap 'echo bye; exit 9' TERM; sleep 100 & wait", timeout: .milliseconds(200))
        #expect(asked.isTimedOut && asked.end == .exit(9))
        #expect(String(decoding: asked.output, as: UTF8.self) == "bye\n")
        let killed = try run("trap '' TERM; sleep 100; sleep 100", timeout: .milliseconds(200))
        #expect(killed.isTimedOut && killed.end == .signal(SIGKILL))
    }

    @Test("What it leaves behind in its group is killed when it ends")
    func leftovers() throws {
        let outcome = try run("sleep 1000 > /dev/null 2>&1 & echo $!")
        let pid = try #require(Int32(String(decoding: outcome.output, as: UTF8.self).split(separator: "\n")[0]))
        // The kernel ends it a moment after the signal; then it is gone, or a zombie where nobody reaps orphans.
        func isRunning() -> Bool {
            guard let stat = try? Descriptor.contents(ofFile: "/proc/\(pid)/stat", limit: 4096) else { return false }
            return !String(decoding: stat, as: UTF8.self).contains(") Z ")
        }
        let end = Clock.monotonic + Span.seconds(10).nanoseconds
        while isRunning(), Clock.monotonic < end { usleep(1000) }
        #expect(!isRunning())
    }

    @Test("A program that is not there or may not be run is an error, and nothing runs")
    func missing() throws {
        let loop = try EventLoop()
        for (path, errno) in [("/nonexistent", Errno.noEntry), ("/etc/passwd", .accessDenied)] {
            let order = ProgramRun.Order([path], environment: [], input: [], timeout: .seconds(1))
            #expect(throws: errno) { _ = try ProgramRun(order, on: loop) { _ in } }
        }
    }

    @Test("Standard output is kept apart, up to a limit, or dropped")
    func result() throws {
        let script = "echo in; echo out; echo err >&2"
        let apart = try run(script) { $0.result = .kept(7) }
        #expect(apart.result.map { String(decoding: $0, as: UTF8.self) } == "in\nout\n")
        #expect(String(decoding: apart.output, as: UTF8.self) == "err\n")
        #expect(try run(script) { $0.result = .kept(6) }.result == nil)
        let long = try run("head -c 3000000 /dev/zero") { $0.result = .kept(3_000_000) }
        #expect(long.result?.count == 3_000_000 && long.end == .exit(0))
        let dropped = try run("head -c 3000000 /dev/zero; \(script)") { $0.result = .dropped }
        #expect(dropped.end == .exit(0) && dropped.result == [])
        #expect(String(decoding: dropped.output, as: UTF8.self) == "err\n")
    }

    @Test("It starts where it is told, in a session of its own, within its limits")
    func limits() throws {
        // The niceness comes once it runs.
        let outcome = try run(
            """
            pwd; ulimit -d; ulimit -t; ulimit -c; until [ "$(nice)" = 5 ]; do :; done
            nice; cut -d' ' -f1,5,6 < /proc/$$/stat; echo $$
            """
        ) {
            $0.directory = "/usr/bin"
            $0.limits.memory = 64 << 20
            $0.limits.cpu = 7
            $0.limits.niceness = 5
            $0.limits.diesWithParent = true
        }
        let lines = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines.prefix(5) == ["/usr/bin", "65536", "7", "0", "5"])
        // Process, group and session are one.
        #expect(Set(lines[5].split(separator: " ")) == [Substring(lines[6])])
    }

    @Test("What it writes on descriptor 3 is its progress: the last whole line")
    func progress() throws {
        let loop = try EventLoop()
        var order = ProgramRun.Order(
            ["/bin/sh", "-c", "echo one >&3; printf 'two\\nthree' >&3; exec 3>&-; read line"],
            environment: ["PATH=/usr/bin:/bin"], input: [], timeout: .seconds(20))
        order.hasProgress = true
        let run = try ProgramRun(order, on: loop) { _ in loop.stop() }
        #expect(run.progress == nil)
        try loop.run()
        #expect(run.progress == "two")
    }

    @Test(
        "The last whole line is known, however it comes",
        arguments: [
            ([], nil), (["a"], nil), (["a\n"], "a"), (["a", "b\n"], "ab"), (["a\nb"], "a"), (["a\nb", "c\n"], "bc"),
            (["a\nb\nc\n"], "c"), (["\n"], ""), (["x", "\n", "y"], "x"),
            ([String(repeating: "x", count: 600), "y\n"], String(repeating: "x", count: 500)),
        ] as [([String], String?)])
    func lastLine(pieces: [String], line: String?) {
        var last = LastLine()
        for piece in pieces { last.take(Array(piece.utf8)) }
        #expect(last.text == line)
    }
}
