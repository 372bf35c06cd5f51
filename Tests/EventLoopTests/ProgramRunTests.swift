import Glibc
import Linux
import Testing
import Time

@testable import EventLoop

@Suite("Runs of programs")
struct ProgramRunTests {
    /// Runs a shell script to its end, and the loop meanwhile.
    private func run(
        _ script: String, input: [UInt8] = [], timeout: Span = .seconds(20), limit: Int = 4096
    ) throws -> ProgramRun.Outcome {
        let loop = try EventLoop()
        var outcome: ProgramRun.Outcome?
        let order = ProgramRun.Order(
            ["/bin/sh", "-c", script, "sh", "a b", "$x"], environment: ["PATH=/usr/bin:/bin", "GREETING=hello"],
            input: input,
            timeout: timeout, outputLimit: limit)
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
}
