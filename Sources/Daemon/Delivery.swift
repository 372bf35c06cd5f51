internal import EventLoop
internal import Linux
internal import Relay
internal import Spool
internal import Time

/// The queue's side of a daemon: recovery, what tells of jobs, and the ``Queue`` that works at them. A daemon has one,
/// and so has each worker, for its share.
///
/// The order of a start is: recovery of orphans, the first reading, work.
final class Delivery {
    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    private let ledger: Ledger
    private let clock: ClockWatch
    let queue: Queue
    /// Whether every job of this process's own directory of `cur/` was judged at the start.
    private(set) var isRecovered = false
    private(set) var settings: Settings
    private var drainTimer: EventLoop.Timer?
    private(set) lazy var steering = SteeringFiles(
        spool, log, isTelling: spool.share == .everything, use: { [unowned self] in use($0) },
        cancel: { [unowned self] in cancel($0) })

    /// `shared` is what a worker has together with others. `tell` hears of jobs that were sent, and when nothing is under way any more.
    init(
        spool: SpoolTree, loop: EventLoop, ledger: Ledger, curl: CurlLoop, clock: ClockWatch, settings: Settings,
        shared: WorkerTerms? = nil, tell: @escaping (Queue.Notice) -> Void
    ) {
        self.spool = spool
        self.loop = loop
        self.ledger = ledger
        self.clock = clock
        self.settings = settings
        log = ledger.log
        queue = Queue(
            spool: spool, loop: loop, ledger: ledger, curl: curl, settings: settings, shared: shared, tell: tell)
        queue.skip = { clock.skip(over: $0, submitted: $1) }
        clock.whenSet { [weak self] _ in self?.clockWasSet() }
    }

    func use(_ settings: Settings) {
        self.settings = settings
        queue.use(settings)
    }

    // The start.

    /// Settles what a process that died has left in `cur/`, and calls `then`. The disk may be full: then the orphans
    /// wait, and with them everything else.
    func recover(then: @escaping () -> Void) {
        do throws(SpoolError) {
            let found = try orphans.recover(now: .now)
            if found.settled > 0 { log.write("recovered \(found.settled) jobs of a daemon that died") }
            // Where a job is left that is not judged yet, its id is looked for.
            spool.otherClaims = found.locked + found.unfinished
            isRecovered = found.refused.isEmpty
            recoverLater(found.refused, Backoff())
            for name in found.locked {
                log.write("cur/\(name): a process of an earlier start works there still; its jobs are left to it")
                recoverOther(name)
            }
            for name in found.unfinished { recoverOther(name) }
        } catch {
            log.write("recovery: \(error); trying again", .warning)
            loop.schedule(after: .seconds(1)) { [weak self] in self?.recover(then: then) }
            return
        }
        then()
    }

    private var orphans: Orphans {
        Orphans(spool: spool, templates: queue.templates, settings: settings, ledger: ledger) { [unowned self] in
            queue.finish($0, $1)
        }
    }

    /// One file that the system refuses does not hold up the start.
    private func recoverLater(_ ids: [JobID], _ backoff: Backoff) {
        if ids.isEmpty { return }
        var backoff = backoff
        loop.schedule(after: backoff.next()) { [weak self, backoff] in
            guard let self, !queue.scheduler.isStopping else { return }
            // A job of that id that was claimed since is not an orphan.
            let left = ids.filter { !queue.scheduler.isUnderWay($0) }
            recoverLater(orphans.recoverAgain(left, now: .now), backoff)
        }
    }

    /// A process of an earlier start ends what it has begun: then the jobs left in its directory are orphans. A job that
    /// the system refuses is tried again, less and less often.
    private func recoverOther(_ name: String, after wait: Span = .seconds(1), _ backoff: Backoff = Backoff()) {
        loop.schedule(after: wait) { [weak self, backoff] in
            guard let self, !queue.scheduler.isStopping else { return }
            do throws(SpoolError) {
                let refused = try orphans.recoverOther(name, strays: queue.strays, now: .now)
                if refused == 0 { return }
                var backoff = backoff
                recoverOther(name, after: refused == nil ? .seconds(1) : backoff.next(), backoff)
            } catch {
                log.write("recovery: \(error); trying again", .warning)
                recoverOther(name)
            }
        }
    }

    /// Begins to deliver, once it is known that nothing is paused, and calls `then`.
    func open(then: @escaping () -> Void) {
        guard steering.read() else {
            loop.schedule(after: .seconds(1)) { [weak self] in self?.open(then: then) }
            return
        }
        queue.open()
        then()
    }

    // What tells of jobs.

    /// The places in which the kernel is to tell of changes.
    var places: [SpoolWatcher.Place] {
        [.root] + State.waiting.map { .state($0) } + spool.anchors.map { .anchor($0) }
    }

    /// The kernel tells of no change in the place.
    func isNotWatched(_ place: SpoolWatcher.Place) {
        if case .state(let state) = place { queue.buckets.isNotWatched(state) }
    }

    func changed(_ change: SpoolWatcher.Change) {
        switch change {
        case .arrival(.state(let state), let name):
            guard spool.share.owns(name) else { return }
            if state == .new { queue.arrived(name, in: .new) } else { queue.buckets.arrived(name, in: state) }
        case .arrival(.root, let name): steering.appeared(name)
        case .departure(.root, let name): steering.vanished(name)
        default: break
        }
    }

    /// Hints were lost.
    func readEverything() {
        steering.read()
        queue.readAll()
    }

    /// Reads the directories for changes that the kernel does not report, or that are not watched.
    func readAgain() {
        steering.read()
        queue.readAgain(now: .now)
        ledger.stopped.sweep(at: Clock.monotonic)
    }

    private func clockWasSet() {
        // The look at a job may have asked: it goes on first.
        loop.later { [weak self] in
            guard let self, queue.scheduler.isOpen else { return }
            if !queue.scheduler.isStopping { readAgain() }
            queue.buckets.clockWasSet()
            queue.newJobs.read()
        }
    }

    private func use(_ pauses: Pauses) {
        queue.use(pauses)
        guard queue.scheduler.isOpen else { return }
        queue.readAll()
        queue.schedule()
    }

    /// Ends the program that runs for a job, if one does, and removes the file that asks for it.
    ///
    /// A crash before the removal leaves a file that the next start removes: no program runs then. The program has died
    /// with the daemon, and its job is in doubt as after any crash.
    private func cancel(_ id: JobID) {
        if queue.tasks.cancel(id) || queue.data.cancel(id) {
            log.write("\(id): cancelled, its program is asked to end")
        }
        do throws(Errno) { try allowing(.noEntry, spool.root.unlink(Cancellation.name(for: id))) } catch {
            log.write("\(SpoolError(.remove, Cancellation.name(for: id), error))", .warning)
        }
    }

    // From second to second.

    /// To be called once a second.
    func tick() {
        clock.look()
        if queue.templates.hasChanged() {
            // Of several workers each sees it, and one tells.
            if spool.share.number == 1 { log.write("templates changed") }
            queue.hastenBlocked()
        }
    }

    /// Uses other settings, and what may have changed with them: templates, and what they blocked.
    func reload(_ settings: Settings) {
        use(settings)
        queue.templates.invalidate()
        queue.hastenBlocked()
        queue.schedule()
    }

    /// `starting`, `running` or `stopping`.
    var state: String { queue.scheduler.isStopping ? "stopping" : queue.scheduler.isOpen ? "running" : "starting" }

    /// Claims nothing more, and returns what is not done within the grace; `then` is called when that is over, unless
    /// ``Queue/Notice/idle`` comes before.
    func stop(within grace: Span, then: @escaping () -> Void) {
        let running = queue.scheduler.tasksUnderWay
        let programs = running == 0 ? "" : ", \(running) programs of tasks"
        log.write("stopping: \(queue.scheduler.mailsUnderWay) jobs in flight\(programs)")
        drainTimer = loop.schedule(after: grace) { [unowned self] in
            queue.abort()
            then()
        }
        queue.stop(within: grace)
    }

    /// Nothing is under way: what programs left behind ends.
    func finish() {
        drainTimer?.cancel()
        queue.strays.sweepAll()
    }
}
