internal import EventLoop
internal import JSON
internal import Linux
internal import Text
internal import Time

/// The worker processes of a parent: started, watched by their pidfds, and started again when they die.
final class Workers {
    /// The status with which a worker ends whose directory of `cur/` another process has the lock of.
    static let lockedStatus: Int32 = 76
    /// The descriptor on which a worker finds its ``Channel``.
    static let channelNumber: Int32 = 3
    /// How long a worker has, beyond the grace, to end before it is killed.
    private static let margin = Span.seconds(5)
    /// The variables that a worker must not inherit: the supervisor listens to the parent alone.
    private static let withheld = ["NOTIFY_SOCKET=", "WATCHDOG_PID=", "WATCHDOG_USEC="]

    enum News {
        /// A worker's process was started, or ended: nothing that it has told or was given holds any more.
        case began(Int)
        case ended(Int)
        /// Messages to it were dropped: it has to be sent all lasting state anew.
        case behind(Int)
        /// All have ended, after ``stop(within:)``.
        case allEnded
    }

    private final class Crew {
        var life: WorkerLife
        var child: ChildProcess?
        var watch: EventLoop.Watch?
        var channel: Channel?
        init(_ number: Int) { life = WorkerLife(number: number) }
    }

    private let loop: EventLoop
    private let log: Log
    private let strays: Strays
    private let crews: [Crew]
    private let brief: (Int) -> WorkerBrief
    private let hear: (JSON, Int) -> JSON?
    private let tellNews: (News) -> Void
    private(set) var isStopping = false
    private var killTimer: EventLoop.Timer?

    /// `brief` gives what a worker is to read when it is started, `hear` gets what workers tell, and answers what they
    /// ask.
    init(
        count: Int, loop: EventLoop, log: Log, strays: Strays, brief: @escaping (Int) -> WorkerBrief,
        hear: @escaping (JSON, Int) -> JSON?, news: @escaping (News) -> Void
    ) {
        self.loop = loop
        self.log = log
        self.strays = strays
        self.brief = brief
        self.hear = hear
        tellNews = news
        crews = (1...count).map { Crew($0) }
    }

    var lives: [WorkerLife] { crews.map(\.life) }
    /// How many run.
    var alive: Int { crews.count { $0.life.process != nil } }
    var numbers: ClosedRange<Int> { 1...crews.count }

    // Lives.

    /// Starts them all.
    func start() { for crew in crews { start(crew) } }

    private func start(_ crew: Crew) {
        if isStopping { return }
        let number = crew.life.number
        do throws(Errno) { try spawn(crew) } catch {
            let wait = crew.life.refused(at: Clock.monotonic)
            log.write("worker \(number) cannot be started: \(error); tried again in \(wait.approximate)", .warning)
            loop.schedule(after: wait) { [weak self, weak crew] in if let crew { self?.start(crew) } }
            return
        }
        tellNews(.began(number))
    }

    private func spawn(_ crew: Crew) throws(Errno) {
        let number = crew.life.number
        let (own, other) = try PacketSocket.pair()
        // Closed here once the worker has it.
        let theirs = Descriptor(owning: other)
        let channel = try Channel(
            own, on: loop, hear: { [weak self] in self?.hear($0, number) }, ended: {})
        let input = try Descriptor(inMemory: brief(number).encoded)
        var environment = (Process.environment(of: Process.id) ?? []).filter { line in
            !Workers.withheld.contains { line.begins(with: $0) }
        }
        environment.append("\(Invocation.workerVariable)=\(number)")
        let child = try ChildProcess(
            ["outspoold", "--worker", String(number)], at: Process.ownProgram, environment: environment,
            files: .init(input: input.raw, output: 2, error: 2, progress: theirs.raw))
        let process = child.id
        strays.began("worker \(number)", process)
        let watch: EventLoop.Watch
        do throws(Errno) {
            watch = try loop.watch(child.descriptor.raw, for: .read) { [weak self, weak crew] _ in
                if let crew { self?.ended(crew) }
            }
        } catch {
            // Without a pidfd its end would go unnoticed.
            var child = consume child
            _ = child.reap()
            strays.ended("worker \(number)")
            channel.close()
            throw error
        }
        channel.caughtUp = { [weak self] in self?.tellNews(.behind(number)) }
        crew.child = consume child
        (crew.watch, crew.channel) = (watch, channel)
        crew.life.began(process, at: Clock.monotonic, wall: .now)
    }

    private func ended(_ crew: Crew) {
        guard let end = crew.child?.reap() else { return }
        let number = crew.life.number
        crew.watch?.cancel()
        // What it told last counts.
        crew.channel?.drain()
        crew.channel?.close()
        crew.channel = nil
        crew.child = nil
        let isLocked = end == .exit(Workers.lockedStatus)
        let wasWaiting = crew.life.state == .waiting
        let wait = crew.life.ended(isLocked: isLocked, at: Clock.monotonic)
        strays.ended("worker \(number)")
        tellNews(.ended(number))
        if isStopping {
            if end != .exit(0) { log.write("worker \(number) has ended: \(end)", .warning) }
            return finishIfAllEnded()
        }
        let when = wait == .zero ? "at once" : "in \(wait.approximate)"
        if !isLocked {
            log.write("worker \(number) has ended: \(end); it is started again \(when)", .warning)
        } else if !wasWaiting {
            log.write(
                "worker \(number): a process of an earlier start works there still; it waits for that to end", .warning)
        }
        if wait == .zero { return start(crew) }
        loop.schedule(after: wait) { [weak self, weak crew] in if let crew { self?.start(crew) } }
    }

    /// Tells once of each worker that is silent; to be called once a second.
    func look(at now: Int64) {
        for crew in crews {
            if let silence = crew.life.look(at: now) {
                log.write("worker \(crew.life.number): no sign of life for \(silence.approximate)", .warning)
            }
        }
    }

    /// A worker told of itself, and what it does.
    func heard(from number: Int, _ state: WorkerLife.State?) {
        let crew = crews[number - 1]
        if let silence = crew.life.heard(state, at: Clock.monotonic, wall: .now) {
            log.write("worker \(number): goes on after \(silence.approximate)")
        }
    }

    // Telling.

    /// Tells a worker; nothing where it does not run.
    func tell(_ message: JSON, to number: Int) { crews[number - 1].channel?.tell(message) }

    func tellAll(_ message: JSON) { for crew in crews { crew.channel?.tell(message) } }

    // The end.

    /// Asks all to stop, and kills what is left after the grace and a margin; ``News/allEnded`` tells when they have
    /// ended.
    func stop(within grace: Span) {
        isStopping = true
        tellAll(WorkerMessage.stop)
        killTimer = loop.schedule(after: Span(nanoseconds: grace.nanoseconds + Workers.margin.nanoseconds)) {
            [weak self] in
            guard let self else { return }
            for crew in crews where crew.child != nil {
                log.write("worker \(crew.life.number) does not stop, and is killed", .warning)
                crew.child?.signalGroup(9)
            }
        }
        loop.later { [weak self] in self?.finishIfAllEnded() }
    }

    private func finishIfAllEnded() {
        guard crews.allSatisfy({ $0.child == nil }) else { return }
        killTimer?.cancel()
        tellNews(.allEnded)
    }
}
