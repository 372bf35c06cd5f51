internal import Glibc
package import Linux
package import Time

/// One run of a program, watched by the loop: it gets its input, is ended when its time is over, and is reaped.
///
/// Nothing waits for it. Its input is a file in memory, which it may leave unread. The program and all that it starts
/// in its process group end with it, or with its time: SIGTERM, and SIGKILL after the grace.
package final class ProgramRun {
    /// A program to run.
    package struct Order: Sendable {
        /// The program's path, and its arguments; no shell is asked.
        package var words: [String]
        /// As `NAME=VALUE`.
        package var environment: [String]
        /// Where it starts; nil: where this process is.
        package var directory: String?
        /// The bytes on its standard input.
        package var input: [UInt8]
        package var timeout: Span
        /// Between SIGTERM and SIGKILL.
        package var grace = Span.seconds(2)
        /// How many bytes of its output are kept: the last ones.
        package var outputLimit: Int
        package var result = Result.merged
        package var limits = ChildProcess.Limits()
        /// Whether it gets a descriptor 3, on which it writes lines.
        package var hasProgress = false

        /// The use of its standard output.
        package enum Result: Equatable, Sendable {
            /// It is one with standard error.
            case merged
            case dropped
            /// Its first bytes are kept, up to so many.
            case kept(Int)
        }

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
        /// The end of what it wrote to standard error, and to standard output where they are one.
        package let output: [UInt8]
        /// Its standard output, where that is kept; nil when it was more than is kept.
        package let result: [UInt8]?
    }

    private let loop: EventLoop
    private let order: Order
    private var child: ChildProcess
    private var readers: [PipeReader] = []
    private var tail: [UInt8] = []
    private var result: [UInt8]? = []
    private var lines = LastLine()
    private var childWatch: EventLoop.Watch?
    private var timer: EventLoop.Timer?
    private var isTimedOut = false
    private var completion: ((Outcome) -> Void)?

    /// Starts the program; `completion` comes once, from the loop, after its end. On error nothing runs.
    package init(_ order: Order, on loop: EventLoop, completion: @escaping (Outcome) -> Void) throws(Errno) {
        self.loop = loop
        self.order = order
        let input = try Descriptor(inMemory: order.input)
        let sinks = Sinks()
        var readers: [PipeReader] = []
        readers.append(
            try PipeReader(on: loop, take: { sinks.error?($0) }, writer: { sinks.writers[0] = $0.release() }))
        if case .kept = order.result {
            readers.append(
                try PipeReader(on: loop, take: { sinks.result?($0) }, writer: { sinks.writers[1] = $0.release() }))
        } else if order.result == .dropped {
            sinks.writers[1] = try Descriptor.null().release()
        }
        if order.hasProgress {
            readers.append(
                try PipeReader(on: loop, take: { sinks.progress?($0) }, writer: { sinks.writers[2] = $0.release() }))
        }
        let error = sinks.writers[0] ?? -1
        child = try ChildProcess(
            order.words, environment: order.environment, directory: order.directory,
            files: .init(
                input: input.raw, output: sinks.writers[1] ?? error, error: error, progress: sinks.writers[2]),
            limits: order.limits)
        sinks.close()
        self.readers = readers
        self.completion = completion
        do throws(Errno) {
            childWatch = try loop.watch(child.descriptor.raw, for: .read) { [unowned self] _ in ended() }
        } catch {
            _ = child.reap()
            throw error
        }
        sinks.error = { [unowned self] bytes in
            tail = Array((tail + bytes).suffix(order.outputLimit))
        }
        sinks.result = { [unowned self] bytes in
            guard case .kept(let limit) = order.result else { return }
            result = result.flatMap { $0.count + bytes.count <= limit ? $0 + bytes : nil }
        }
        sinks.progress = { [unowned self] bytes in lines.take(bytes) }
        timer = loop.schedule(after: order.timeout) { [weak self] in
            guard let self, self.completion != nil else { return }
            isTimedOut = true
            stop(grace: order.grace)
        }
    }

    /// Where the bytes go once the run exists, and the ends of the pipes that the program gets.
    private final class Sinks {
        var writers: [Int: Int32] = [:]
        var error: (([UInt8]) -> Void)?
        var result: (([UInt8]) -> Void)?
        var progress: (([UInt8]) -> Void)?

        func close() {
            for number in writers.values { _ = Descriptor(owning: number) }
            writers = [:]
        }
        deinit { close() }
    }

    deinit {
        timer?.cancel()
        childWatch?.cancel()
    }

    /// The program's process, and the number of its group.
    package var process: Int32 { child.id }

    /// The last line that it wrote on its descriptor 3, without its end; nil before the first.
    package var progress: String? { lines.text }

    /// It is to end: asked now, killed after the grace.
    package func stop(grace: Span) {
        guard completion != nil else { return }
        child.signalGroup(SIGTERM)
        timer?.cancel()
        timer = loop.schedule(after: grace) { [weak self] in self?.child.signalGroup(SIGKILL) }
    }

    private func ended() {
        guard let end = child.reap(), let completion else { return }
        self.completion = nil
        timer?.cancel()
        childWatch?.cancel()
        for reader in readers { reader.finish() }
        readers = []
        completion(Outcome(end: end, isTimedOut: isTimedOut, output: tail, result: result))
    }
}

/// The last whole line of a stream, of whatever length the stream is.
struct LastLine {
    /// Bytes; the rest of a longer line is dropped.
    private static let limit = 500
    private var begun: [UInt8] = []
    private var last: [UInt8]?

    mutating func take(_ bytes: [UInt8]) {
        guard let end = bytes.lastIndex(of: 0x0A) else {
            begun = Array((begun + bytes).prefix(LastLine.limit))
            return
        }
        let rest = bytes[..<end]
        if let start = rest.lastIndex(of: 0x0A) {
            last = Array(rest[(start + 1)...].prefix(LastLine.limit))
        } else {
            last = Array((begun + rest).prefix(LastLine.limit))
        }
        begun = Array(bytes[(end + 1)...].prefix(LastLine.limit))
    }

    var text: String? { last.map { String(decoding: $0, as: UTF8.self) } }
}
