package import EventLoop
internal import Linux
internal import Mail
internal import Relay
internal import Spool
internal import Time

/// A running daemon that is one process: the queue's side and the housekeeping, and the order of a start, a reload and a
/// stop. With workers see ``Parent``.
///
/// The order of a start is: lock, recovery of orphans, drop boxes, watches, the first reading, work.
package final class Daemon {
    let loop: EventLoop
    let log: Log
    let spool: SpoolTree
    private let supervisor = Supervisor()
    private let clock: ClockWatch
    private var watcher: SpoolWatcher?
    private(set) var settings: Settings
    private var intake: SettingsIntake
    private(set) var isFinished = false
    /// The exit status once the loop has stopped.
    package private(set) var exitStatus: Int32 = 0

    private(set) lazy var ledger: Ledger = Ledger(
        log, kind: { [unowned self] in queue.templates.facts(of: $0)?.kind },
        buried: { [unowned self] in housekeeping.buried($0) })
    private let curl: CurlLoop
    private(set) lazy var delivery = Delivery(
        spool: spool, loop: loop, ledger: ledger, curl: curl, clock: clock, settings: settings,
        tell: { [unowned self] in hear($0) })
    private let version: String
    private lazy var housekeeping = Housekeeping(
        spool: spool, loop: loop, ledger: ledger, watcher: watcher, clock: clock,
        settings: settings, version: version)
    var queue: Queue { delivery.queue }

    /// Why a daemon cannot start, or cannot use a configuration.
    package struct StartError: Error, CustomStringConvertible {
        package let description: String
        package init(description: String) { self.description = description }
    }

    /// Takes the spool; `descriptors` is how many this process may have open. Nothing is claimed before the loop runs.
    package init(
        _ settings: Settings, version: String, descriptors: Int, loop: EventLoop, log: Log,
        reload: @escaping () -> Result<Settings, StartError>
    ) throws(StartError) {
        self.loop = loop
        self.log = log
        self.settings = settings
        self.version = version
        do throws(SpoolTree.OpenError) {
            spool = try SpoolTree(path: settings.spool, instance: settings.instance)
        } catch { throw StartError(description: "\(error)") }
        do throws(CurlError) { curl = try CurlLoop(loop) } catch { throw StartError(description: "libcurl: \(error)") }
        intake = SettingsIntake(settings, descriptors: descriptors, reload: reload)
        clock = ClockWatch(log)
        watcher = makeWatcher { [unowned self] in changed($0) }
        use(settings)
        log.loop = loop
    }

    private func hear(_ notice: Queue.Notice) {
        switch notice {
        case .sent(let id, let size): housekeeping.sent(id, size: size)
        case .idle: finish()
        }
    }

    private func use(_ fresh: Settings) {
        settings = intake.fit(fresh, log)
        settings.loadBounceKey(in: spool, log)
        delivery.use(settings)
        housekeeping.use(settings)
    }

    /// Begins to work: recovery, boxes, then everything else. Returns at once; the loop does it.
    package func start() {
        log.write("starting on \(settings.spool), instance \(settings.instance)")
        housekeeping.beginTelling()
        // Who asks meanwhile is not told of the daemon before.
        writeStatus()
        queue.strays.endAll(but: livingClaims())
        watch(delivery.places + [.boxes], by: watcher) { delivery.isNotWatched($0) }
        delivery.recover { [unowned self] in housekeeping.open { [unowned self] in open() } }
        every(.seconds(1)) { [unowned self] in tick() }
        every(.minutes(1)) { [unowned self] in readAgain() }
        every(.seconds(15)) { [unowned self] in writeMetrics() }
        every(.minutes(10)) { [unowned self] in sweep() }
        if let interval = supervisor.watchdogInterval {
            every(interval) { [unowned self] in supervisor.tell("WATCHDOG=1") }
        }
    }

    private func sweep() {
        // Before anything is taken for old.
        clock.look()
        housekeeping.sweep()
    }

    /// Begins to deliver.
    private func open() {
        delivery.open { [unowned self] in
            sweep()
            writeStatus()
            writeMetrics()
            supervisor.tell("READY=1\nSTATUS=delivering")
            log.write("ready")
        }
    }

    private func changed(_ change: SpoolWatcher.Change) {
        switch change {
        case .overflow:
            ledger.counters.inotifyOverflows += 1
            log.write("inotify overflow: everything is read again", .warning)
            delivery.readEverything()
            housekeeping.readAgain()
        case _ where change.isOfDoors: housekeeping.changed(change)
        case .end(let place): hasGone("\(place)")
        default: delivery.changed(change)
        }
    }

    private func tick() {
        delivery.tick()
        let now = Timestamp.now
        queue.allowances.keep(at: now)
        let measures = Measures(of: queue, now: now)
        writeStatus(measures, now)
        housekeeping.tick(measures.relays.map(\.status), now: now)
        housekeeping.told(until: measures.told)
        queue.strays.sweep()
        queue.schedule()
    }

    private func readAgain() {
        guard queue.scheduler.isOpen, !queue.scheduler.isStopping else { return }
        lookForDirectories()
        delivery.readAgain()
        housekeeping.readAgain()
    }

    private func writeStatus(_ measures: Measures? = nil, _ now: Timestamp = .now) {
        housekeeping.writeStatus(
            isFinished ? "stopped" : delivery.state, measures ?? Measures(of: queue, now: now),
            isPaused: !delivery.steering.pauses.isEmpty, now: now)
    }

    private func writeMetrics() {
        if settings.metricsFile == nil { return }
        housekeeping.writeMetrics(Measures(of: queue, now: .now), isPaused: !delivery.steering.pauses.isEmpty)
    }

    // What signals ask for.

    /// Reads the configuration again and uses it, if it is valid. The spool and the instance stay.
    package func reloadConfiguration() {
        supervisor.tell("RELOADING=1\nMONOTONIC_USEC=\(Clock.monotonic / 1000)")
        defer { supervisor.tell("READY=1") }
        do throws(Errno) { try log.reopen() } catch { log.write("log_to: \(settings.logTo): \(error)", .warning) }
        defer { writeStatus() }
        let (fresh, finding) = intake.read(log, &ledger.counters)
        housekeeping.finding = finding
        guard let fresh else { return }
        settings = intake.fit(fresh, log)
        settings.loadBounceKey(in: spool, log)
        delivery.reload(settings)
        housekeeping.use(settings)
        // A shorter `done_retention` holds at once.
        if queue.scheduler.isOpen { sweep() }
        log.write("configuration reloaded" + (finding == nil ? "" : ", but for what waits for a start"))
    }

    /// Claims nothing more, waits for what is in flight, returns the rest, and stops the loop.
    package func stop(status: Int32 = 0) {
        guard !queue.scheduler.isStopping else { return }
        exitStatus = status
        supervisor.tell("STOPPING=1")
        delivery.stop(within: settings.shutdownGrace) { [unowned self] in finish() }
    }

    /// The last job's end and the end of the grace may both lead here.
    private func finish() {
        if isFinished { return }
        isFinished = true
        delivery.finish()
        queue.allowances.keep(at: .now)
        housekeeping.told(until: queue.untold.since ?? .now)
        writeStatus()
        writeMetrics()
        log.write("stopped")
        log.finish()
        loop.stop()
    }
}
