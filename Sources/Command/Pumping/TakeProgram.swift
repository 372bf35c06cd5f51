internal import EventLoop
internal import Glibc
internal import Linux
internal import Time

/// A run of `take`: lines come from its standard output, and receipts go to its standard input where no other program
/// reads them.
///
/// It dies with this process. Its standard error is this process's own.
final class TakeProgram {
    /// The events that it reports.
    enum News {
        case lines([LineSplitter.Line])
        /// It reads its receipts no more, or has read them all; only while some were under way.
        case receiptsRead
        case ended(ChildProcess.End)
    }

    /// The most bytes of one message: the default of `max_job_size`, and room for what JSON escapes.
    static let lineLimit = 64 << 20

    private let loop: EventLoop
    private var child: ChildProcess
    private let output: Descriptor
    private var input: Descriptor?
    private var outputWatch: EventLoop.Watch?
    private var inputWatch: EventLoop.Watch?
    private var childWatch: EventLoop.Watch?
    private var splitter = LineSplitter(limit: TakeProgram.lineLimit)
    private var unsent: ArraySlice<UInt8> = []
    private var timers: [EventLoop.Timer] = []
    private var tell: ((News) -> Void)?

    /// Starts the program.
    /// - Parameter readsReceipts: whether it gets a pipe for receipts; its standard input is empty otherwise.
    init(
        _ words: [String], environment: [String], readsReceipts: Bool, on loop: EventLoop,
        tell: @escaping (News) -> Void
    ) throws(Errno) {
        let out = try Descriptor.pipe()
        let output = Descriptor(owning: out.output)
        let writer = Descriptor(owning: out.input)
        let reader: Descriptor
        let input: Descriptor?
        if readsReceipts {
            let receipts = try Descriptor.pipeToProgram()
            reader = Descriptor(owning: receipts.output)
            input = Descriptor(owning: receipts.input)
        } else {
            reader = try Descriptor(readingFileAt: "/dev/null")
            input = nil
        }
        var limits = ChildProcess.Limits()
        limits.diesWithParent = true
        child = try ChildProcess(
            words, environment: environment, files: .init(input: reader.raw, output: writer.raw, error: 2),
            limits: limits)
        self.loop = loop
        self.output = output
        self.input = consume input
        self.tell = tell
        do throws(Errno) {
            outputWatch = try loop.watch(self.output.raw, for: .read) { [unowned self] _ in read() }
            childWatch = try loop.watch(child.descriptor.raw, for: .read) { [unowned self] _ in ended() }
        } catch {
            outputWatch?.cancel()
            child.signalGroup(SIGKILL)
            throw error
        }
    }

    deinit {
        outputWatch?.cancel()
        inputWatch?.cancel()
        childWatch?.cancel()
        for timer in timers { timer.cancel() }
    }

    /// Whether its output is read; what it writes otherwise waits in the pipe, and then it waits itself.
    var isRead: Bool {
        get { outputWatch?.interest == .read }
        set { outputWatch?.set(newValue ? .read : []) }
    }

    /// Sends receipts, which are told as read when the pipe has them.
    func send(_ receipts: [String]) {
        for receipt in receipts { unsent += receipt.utf8 + [0x0A] }
        write()
    }

    /// Asks it to end: by the end of its receipts where it reads them, and SIGTERM otherwise, or after the patience;
    /// two seconds later it is killed.
    func stop(patience: Span) {
        // What is closed is watched no more.
        inputWatch?.cancel()
        inputWatch = nil
        let isAsked = input != nil
        input = nil
        if !isAsked { child.signalGroup(SIGTERM) }
        let term = isAsked ? patience : .zero
        timers.append(loop.schedule(after: term) { [weak self] in self?.child.signalGroup(SIGTERM) })
        let kill = Span(nanoseconds: term.nanoseconds + Span.seconds(2).nanoseconds)
        timers.append(loop.schedule(after: kill) { [weak self] in self?.child.signalGroup(SIGKILL) })
    }

    /// Takes one buffer; false when there was nothing.
    @discardableResult
    private func read() -> Bool {
        var count = 0
        var isOver = false
        let bytes = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, used in
            do throws(Errno) {
                count = try output.read(into: UnsafeMutableRawBufferPointer(buffer))
                isOver = count == 0
            } catch { isOver = error != .again }
            used = count
        }
        if isOver { outputWatch?.cancel() }
        if count == 0 { return false }
        let lines = splitter.take(bytes[...])
        if !lines.isEmpty { tell?(.lines(lines)) }
        return true
    }

    private func write() {
        guard input != nil, !unsent.isEmpty else { return }
        do throws(Errno) {
            while !unsent.isEmpty, let count = try input?.write(some: unsent), count > 0 {
                unsent = unsent.dropFirst(count)
            }
            if unsent.isEmpty {
                unsent = []
                inputWatch?.set([])
                loop.later { [weak self] in self?.tell?(.receiptsRead) }
            } else if let inputWatch {
                inputWatch.set(.write)
            } else if let number = input?.raw {
                inputWatch = try loop.watch(number, for: .write) { [unowned self] _ in write() }
            }
        } catch {
            // EPIPE: it reads no more, and its end will tell. What it did not read comes again.
            inputWatch?.cancel()
            inputWatch = nil
            input = nil
        }
    }

    private func ended() {
        guard let end = child.reap() else { return }
        childWatch?.cancel()
        for timer in timers { timer.cancel() }
        // What it wrote last is still in the pipe: 64 KiB, or more where it made the pipe larger.
        var rounds = 0
        while rounds < 32, read() { rounds += 1 }
        outputWatch?.cancel()
        inputWatch?.cancel()
        let tell = tell
        self.tell = nil
        tell?(.ended(end))
    }
}
