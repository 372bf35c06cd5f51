package import EventLoop
internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

/// A daemon with several workers, as its parent: it has the spool's lock, does the housekeeping, and keeps the workers
/// running. It claims nothing.
///
/// The order of a start is: lock, drop boxes, the workers, each of which recovers its directory, the word to all of them
/// that they may claim.
package final class Parent {
    let loop: EventLoop
    let log: Log
    let spool: SpoolTree
    private let supervisor = Supervisor()
    private let clock: ClockWatch
    private var watcher: SpoolWatcher?
    private var settings: Settings
    private var intake: SettingsIntake
    private let ledger: Ledger
    private let strays: Strays
    private let allowances: Allowances
    private let source: Source
    private let first: Configuration
    private let version: String
    /// The last measures of each worker, and the counts of those that died.
    private var measures: [Int: Measures] = [:]
    private var past = Measures()
    /// The directories of `cur/` that a worker could not recover yet, by the worker; nil where it has not got so far.
    private var left: [Int: [String]] = [:]
    private var isOpen = false
    private var isReady = false
    private var isStopping = false
    private var isFinished = false
    package private(set) var exitStatus: Int32 = 0

    private lazy var housekeeping = Housekeeping(
        spool: spool, loop: loop, ledger: ledger, watcher: watcher, clock: clock, settings: settings,
        version: version)
    /// The relays' terms for all workers, and the places of programs.
    private lazy var terms = ParentTerms(
        loop: loop, ledger: ledger, allowances: allowances, push: { [unowned self] in workers.tell($1, to: $0) })
    private lazy var steering = SteeringFiles(spool, log, isTelling: true, use: { _ in }, cancel: { _ in })
    private lazy var workers = Workers(
        count: settings.workers, loop: loop, log: log, strays: strays,
        brief: { [unowned self] in brief(of: $0) }, hear: { [unowned self] in hear($0, from: $1) },
        news: { [unowned self] in hear($0) })

    /// A configuration: its settings, and the text that they were read from.
    package struct Configuration {
        package let path: String
        package let text: [UInt8]
        package let settings: Settings

        package init(path: String, text: [UInt8], settings: Settings) {
            (self.path, self.text, self.settings) = (path, text, settings)
        }
    }

    /// The text of the configuration in use, and that which was read last.
    private final class Source {
        var current: [UInt8]
        var latest: [UInt8]
        init(_ text: [UInt8]) { (current, latest) = (text, text) }
    }

    /// Takes the spool; `descriptors` is how many each process may have open. No worker is started before the loop runs.
    package init(
        _ configuration: Configuration, version: String, descriptors: Int, loop: EventLoop, log: Log,
        reload: @escaping () -> Result<Configuration, Daemon.StartError>
    ) throws(Daemon.StartError) {
        self.loop = loop
        self.log = log
        self.version = version
        first = configuration
        settings = configuration.settings
        do throws(SpoolTree.OpenError) {
            spool = try SpoolTree(path: settings.spool, instance: settings.instance, as: .parent)
        } catch { throw .init(description: "\(error)") }
        let source = Source(configuration.text)
        self.source = source
        intake = SettingsIntake(configuration.settings, descriptors: descriptors) {
            reload().map {
                source.latest = $0.text
                return $0.settings
            }
        }
        clock = ClockWatch(log)
        let letters = Letters()
        ledger = Ledger(log, buried: { letters.take($0) })
        strays = Strays(spool: spool, loop: loop, log: log)
        allowances = Allowances(spool, log)
        letters.take = { [unowned self] in housekeeping.buried($0) }
        watcher = makeWatcher { [unowned self] in changed($0) }
        use(settings)
        log.loop = loop
    }

    /// Lets the ledger report dead letters once the receiver has been made.
    private final class Letters { var take: (DeadLetter) -> Void = { _ in } }

    private func use(_ fresh: Settings) {
        settings = intake.fit(fresh, log)
        settings.keepKeysOfTheStart(from: first.settings)
        settings.loadBounceKey(in: spool, log)
        terms.use(settings)
        housekeeping.use(settings)
    }

    // The start.

    /// Begins to work. Returns at once; the loop does it.
    package func start() {
        let count = settings.workers
        log.write("starting on \(settings.spool), instance \(settings.instance), with \(count) workers")
        housekeeping.beginTelling()
        // Who asks meanwhile is not told of the daemon before.
        writeStatus()
        strays.endAll(but: livingClaims())
        watch(
            [.root, .boxes] + (State.waiting.map(\.path) + spool.anchors).map { .anchor($0) }, by: watcher,
            isNotWatched: { _ in })
        steering.read()
        housekeeping.open { [unowned self] in
            if isStopping { return }
            workers.start()
        }
        every(.seconds(1)) { [unowned self] in tick() }
        every(.minutes(1)) { [unowned self] in readAgain() }
        every(.seconds(15)) { [unowned self] in writeMetrics() }
        every(.minutes(10)) { [unowned self] in sweep() }
        if let interval = supervisor.watchdogInterval {
            every(interval) { [unowned self] in supervisor.tell("WATCHDOG=1") }
        }
    }

    private func brief(of number: Int) -> WorkerBrief {
        WorkerBrief(
            number: number, count: settings.workers, path: first.path, first: first.text, current: source.current)
    }

    /// Lets workers claim once each has recovered its directory, or cannot before another process ends.
    private func openIfRecovered() {
        guard !isOpen, left.count == settings.workers else { return }
        isOpen = true
        workers.tellAll(WorkerMessage.open(others: others))
    }

    /// The directories of `cur/` in which jobs of any share may lie; that of worker 1, too, which takes up what is left in
    /// others.
    private var others: [String] {
        let all = Set(left.values.joined())
        return all.isEmpty ? [] : all.union(["\(settings.instance).1"]).sorted()
    }

    private func readyIfRunning() {
        guard isOpen, !isReady, !isStopping,
            workers.lives.allSatisfy({ $0.state == .running || $0.state == .waiting })
        else { return }
        isReady = true
        sweep()
        writeStatus()
        writeMetrics()
        supervisor.tell("READY=1\nSTATUS=delivering")
        log.write("ready")
    }

    // The workers.

    private func hear(_ news: Workers.News) {
        switch news {
        case .began(let number): terms.workerStarted(number)
        case .behind(let number):
            workers.tell(WorkerMessage.use(source.current), to: number)
            if isOpen { workers.tell(WorkerMessage.open(others: others), to: number) }
            terms.pushAgain(to: number)
        case .ended(let number):
            terms.workerEnded(number)
            past.add((measures.removeValue(forKey: number) ?? Measures()).counted)
            if workers.lives[number - 1].state == .waiting {
                left[number] = ["\(settings.instance).\(number)"]
                openIfRecovered()
                readyIfRunning()
            }
            housekeeping.lostTrack()
        case .allEnded: finish()
        }
    }

    private func hear(_ message: JSON, from number: Int) -> JSON? {
        if message.isOfTerms { return terms.hear(message, from: number) }
        guard message.addressee == "parent", let object = message.object else { return nil }
        switch object["told"]?.string {
        case "measures":
            measures[number] = Measures(object["measures"] ?? .null)
            workers.heard(from: number, object["state"]?.string.flatMap { WorkerLife.State(rawValue: $0) })
            readyIfRunning()
        case "recovered":
            left[number] = (object["left"]?.array ?? []).compactMap(\.string)
            // One that was started again does not wait for the others.
            if isOpen { workers.tell(WorkerMessage.open(others: others), to: number) } else { openIfRecovered() }
        case "buried": if let letter = object["letter"].flatMap({ DeadLetter($0) }) { housekeeping.buried(letter) }
        case "sent":
            for job in object["jobs"]?.array ?? [] {
                guard let pair = job.array, pair.count == 2, let id = pair[0].string.flatMap({ JobID($0) }) else {
                    continue
                }
                housekeeping.sent(id, size: pair[1].int ?? 0)
            }
        case "refused": housekeeping.finding = "worker \(number): \(object["reason"]?.string ?? "")"
        default: break
        }
        return nil
    }

    // From second to second.

    private func changed(_ change: SpoolWatcher.Change) {
        switch change {
        case .overflow:
            ledger.counters.inotifyOverflows += 1
            log.write("inotify overflow: everything is read again", .warning)
            steering.read()
            housekeeping.readAgain()
        case _ where change.isOfDoors: housekeeping.changed(change)
        case .arrival(.root, let name): steering.appeared(name)
        case .departure(.root, let name): steering.vanished(name)
        case .end(let place): hasGone("\(place)")
        default: break
        }
    }

    /// The sum of what all tell.
    private var sum: Measures {
        var sum = past
        sum.counters.add(ledger.counters)
        sum.stopped += ledger.stopped.count
        sum.stoppedFiles = ledger.stopped.lines(Measures.stoppedLimit)
        sum.logLinesDropped += log.dropped
        for number in workers.numbers { if let one = measures[number] { sum.add(one) } }
        let underWay = sum.relays
        sum.relays = terms.relays(at: .now).map { status in
            let own = underWay.first { $0.status.name.isExactly(status.name) }
            return Measures.Relay(status, inFlight: own?.inFlight ?? 0)
        }
        return sum
    }

    private func tick() {
        clock.look()
        workers.look(at: Clock.monotonic)
        terms.tick(now: .now)
        let measures = sum
        writeStatus(measures)
        housekeeping.tick(measures.relays.map(\.status), now: .now)
        // One that died has told nothing since, until it is there again.
        if workers.numbers.allSatisfy({ self.measures[$0] != nil }) { housekeeping.told(until: measures.told) }
        strays.sweep()
    }

    private func readAgain() {
        guard !isStopping else { return }
        lookForDirectories()
        steering.read()
        housekeeping.readAgain()
        ledger.stopped.sweep(at: Clock.monotonic)
    }

    private func sweep() {
        // Before anything is taken for old.
        clock.look()
        housekeeping.sweep()
    }

    private var state: String { isFinished ? "stopped" : isStopping ? "stopping" : isReady ? "running" : "starting" }

    private func writeStatus(_ measures: Measures? = nil) {
        housekeeping.writeStatus(
            state, measures ?? sum, isPaused: !steering.pauses.isEmpty, workers: workers.lives.map(\.status), now: .now)
    }

    private func writeMetrics() {
        if settings.metricsFile == nil { return }
        housekeeping.writeMetrics(sum, isPaused: !steering.pauses.isEmpty, workers: workers.alive)
    }

    // What signals ask for.

    /// Reads the configuration again, and has all workers use it, if it is valid. What a start alone reads stays.
    package func reloadConfiguration() {
        supervisor.tell("RELOADING=1\nMONOTONIC_USEC=\(Clock.monotonic / 1000)")
        defer { supervisor.tell("READY=1") }
        do throws(Errno) { try log.reopen() } catch { log.write("log_to: \(settings.logTo): \(error)", .warning) }
        workers.tellAll(WorkerMessage.reopen)
        defer { writeStatus() }
        let (fresh, finding) = intake.read(log, &ledger.counters)
        housekeeping.finding = finding
        guard let fresh else { return }
        source.current = source.latest
        use(fresh)
        workers.tellAll(WorkerMessage.use(source.current))
        if isOpen { sweep() }
        log.write("configuration reloaded" + (finding == nil ? "" : ", but for what waits for a start"))
    }

    /// Has the workers stop, waits for them, and stops the loop.
    package func stop(status: Int32 = 0) {
        guard !isStopping else { return }
        isStopping = true
        exitStatus = status
        supervisor.tell("STOPPING=1")
        log.write("stopping: \(workers.alive) workers")
        workers.stop(within: settings.shutdownGrace)
    }

    private func finish() {
        if isFinished { return }
        isFinished = true
        terms.stop()
        allowances.keep(at: .now)
        strays.sweepAll()
        writeStatus()
        writeMetrics()
        log.write("stopped")
        log.finish()
        loop.stop()
    }
}
