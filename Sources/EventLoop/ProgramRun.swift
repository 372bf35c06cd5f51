internal import Glibc
package import Linux
package import Time

/// One run of a program, watched by the loop: it gets its input, is ended when its time is over, and is reaped.
///
/// Nothing waits for it. The program and all that it starts in its process group end with it, or with its time:
/// SIGTERM, and SIGKILL two seconds later.
package final class ProgramRun {
    /// What is to be run.
    package struct Order: Sendable {
        /// The program's path, and its arguments; no shell is asked.
        package var words: [String]
        /// As `NAME=VALUE`.
        package var environment: [String]
        /// What it reads on its standard input.
        package var input: [UInt8]
        package var timeout: Span
        /// How many bytes of its output are kept: the last ones.
        package var outputLimit: Int

        package init(
            _ words: [String], environment: [String], input: [UInt8], timeout: Span, outputLimit: Int = 4096
        ) {
            self.words = words
            self.environment = environment
            self.input = input
            self.timeout = timeout
            self.outputLimit = outputLimit
        }
    }

    package struct Outcome {
        package let end: ChildProcess.End
        package let isTimedOut: Bool
        /// The end of what it wrote to standard output and standard error.
        package let output: [UInt8]
    }

    private static let grace = Span.seconds(2)

    private let loop: EventLoop
    private let limit: Int
    private var child: ChildProcess
    private let reader: Descriptor
    private var tail: [UInt8] = []
    private var childWatch: EventLoop.Watch?
    private var outputWatch: EventLoop.Watch?
    private var timer: EventLoop.Timer?
    private var isTimedOut = false
    private var completion: ((Outcome) -> Void)?

    /// Starts the program; `completion` comes once, from the loop, after its end. On error nothing runs.
    package init(_ order: Order, on loop: EventLoop, completion: @escaping (Outcome) -> Void) throws(Errno) {
        self.loop = loop
        limit = order.outputLimit
        let input = try Descriptor(holding: order.input)
        let pipe = try Descriptor.pipe()
        let output = Descriptor(owning: pipe.input)
        reader = Descriptor(owning: pipe.output)
        child = try ChildProcess(order.words, environment: order.environment, input: input, output: output)
        self.completion = completion
        do throws(Errno) {
            childWatch = try loop.watch(child.descriptor.raw, for: .read) { [unowned self] _ in ended() }
            outputWatch = try loop.watch(reader.raw, for: .read) { [unowned self] _ in _ = read() }
        } catch {
            childWatch?.cancel()
            _ = child.reap()
            throw error
        }
        timer = loop.schedule(after: order.timeout) { [weak self] in self?.stop() }
    }

    deinit {
        timer?.cancel()
        childWatch?.cancel()
        outputWatch?.cancel()
    }

    /// Its time is over: asked to end now, killed after the grace.
    package func stop() {
        guard completion != nil, !isTimedOut else { return }
        isTimedOut = true
        child.signalGroup(SIGTERM)
        timer?.cancel()
        timer = loop.schedule(after: ProgramRun.grace) { [weak self] in self?.child.signalGroup(SIGKILL) }
    }

    /// One buffer a round, so that a program that writes for ever holds up nobody; false when there was nothing.
    private func read() -> Bool {
        var count = 0
        var isOver = false
        let bytes = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, used in
            do throws(Errno) {
                count = try reader.read(into: UnsafeMutableRawBufferPointer(buffer))
                isOver = count == 0
            } catch { isOver = error != .again }
            used = count
        }
        if isOver { outputWatch?.cancel() }
        tail += bytes
        if tail.count > limit { tail.removeFirst(tail.count - limit) }
        return count > 0
    }

    private func ended() {
        guard let end = child.reap(), let completion else { return }
        self.completion = nil
        timer?.cancel()
        childWatch?.cancel()
        // What it wrote last; a pipe holds 64 KiB, and nobody writes any more.
        var rounds = 0
        while rounds < 16, read() { rounds += 1 }
        outputWatch?.cancel()
        completion(Outcome(end: end, isTimedOut: isTimedOut, output: tail))
    }
}
