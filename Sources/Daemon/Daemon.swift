package import EventLoop
internal import Linux
internal import Mail
internal import Relay
internal import Spool
internal import Time

/// A running daemon: the queue, what watches and reports it, and the order of a start, a reload and a stop.
///
/// The order of a start is: lock, recovery of orphans, drop boxes, watches, the first reading, work.
package final class Daemon {
    private let loop: EventLoop
    let log: Log
    private let spool: SpoolTree
    private let curl: CurlLoop
    private var watcher: SpoolWatcher?
    private let janitor: Janitor
    private let supervisor = Supervisor()
    var status: StatusFile
    let census: Census
    let metricsFile: MetricsFile
    let version: String
    let started = Timestamp.now
    private var wallClock = WallClock(wall: .now, sinceBoot: Span(nanoseconds: Clock.sinceBoot))
    private(set) var settings: Settings
    /// With what it was started, of which some stays.
    private let firstSettings: Settings
    private let descriptors: DescriptorBudget
    /// What was logged last of where mail may go.
    private var staging = Staging()
    /// Reads the configuration anew, or says why it cannot be used.
    private let reload: () -> Result<Settings, StartError>
    private var drainTimer: EventLoop.Timer?
    private(set) var isFinished = false
    /// The exit status once the loop has stopped.
    package private(set) var exitStatus: Int32 = 0

    private(set) lazy var ledger: Ledger = Ledger(
        log, kind: { [unowned self] in queue.templates.facts(of: $0)?.kind },
        buried: { [unowned self] letter in
            notifier.note(letter)
            onDead.note(letter, spool: settings.spool)
        })
    private(set) lazy var queue: Queue = Queue(
        spool: spool, loop: loop, ledger: ledger, curl: curl, settings: settings,
        tell: { [unowned self] in hear($0) })
    private lazy var boxes: Boxes = Boxes(
        spool: spool, loop: loop, ledger: ledger, watcher: watcher, quota: settings.dropBoxQuota,
        sizeLimit: settings.maxJobSize)
    private lazy var notifier: Notifier = Notifier(
        spool: spool, loop: loop, ledger: ledger, settings: { [unowned self] in settings })
    private lazy var onDead: OnDead = OnDead(loop: loop, ledger: ledger, strays: queue.strays)

    /// Why a daemon cannot start, or cannot use a configuration.
    package struct StartError: Error, CustomStringConvertible {
        package let description: String
    }

    /// Takes the spool; `descriptors` is how many this process may have open. Nothing is claimed before the loop runs.
    package init(
        _ settings: Settings, version: String, descriptors: Int, loop: EventLoop, log: Log,
        reload: @escaping () -> Result<Settings, StartError>
    ) throws(StartError) {
        self.loop = loop
        self.log = log
        self.settings = settings
        firstSettings = settings
        self.version = version
        self.reload = reload
        do throws(SpoolTree.OpenError) {
            spool = try SpoolTree(path: settings.spool, instance: settings.instance)
        } catch { throw StartError(description: "\(error)") }
        do throws(CurlError) { curl = try CurlLoop(loop) } catch { throw StartError(description: "libcurl: \(error)") }
        self.descriptors = DescriptorBudget(limit: descriptors, open: Process.openDescriptors ?? 32)
        status = StatusFile(spool: spool, started: started)
        janitor = Janitor(spool: spool, loop: loop, log: log, retention: settings.doneRetention)
        census = Census(spool: spool, loop: loop, log: log)
        metricsFile = MetricsFile(log)
        do throws(Errno) {
            watcher = try SpoolWatcher(spool: settings.spool, loop: loop) { [unowned self] in changed($0) }
        } catch {
            log.write("inotify: \(error); directories are read every minute instead", .warning)
        }
        queue.skip = { [unowned self] expiry, submitted in
            lookAtClock()
            return wallClock.skip(over: expiry, submitted: submitted)
        }
        apply(settings)
        log.loop = loop
    }

    private func hear(_ notice: Queue.Notice) {
        switch notice {
        case .sent(let id, let size): boxes.sent(id, size: size)
        case .idle: finish()
        }
    }

    private func apply(_ settings: Settings) {
        // Redirected or suppressed mail is hard to explain otherwise, and so is its end.
        if settings.mail.staging != staging {
            staging = settings.mail.staging
            log.write(staging.summary ?? "mail goes to everybody again", .warning)
        }
        var settings = settings
        for finding in descriptors.fit(&settings) { log.write(finding, .warning) }
        self.settings = settings
        queue.use(settings)
        janitor.retention = settings.doneRetention
        boxes.quota = settings.dropBoxQuota
        boxes.sizeLimit = settings.maxJobSize
        notifier.use(settings)
        onDead.use(settings)
    }

    /// Begins to work: recovery, boxes, then everything else. Returns at once; the loop does it.
    package func start() {
        log.write("starting on \(settings.spool), instance \(settings.instance)")
        // Who asks meanwhile is not told of the daemon before.
        writeStatus(.now)
        queue.strays.endAll()
        watch()
        recover()
        every(.seconds(1)) { [unowned self] in tick() }
        every(.minutes(1)) { [unowned self] in readAgain() }
        every(.seconds(15)) { [unowned self] in writeMetrics() }
        every(.minutes(10)) { [unowned self] in sweep() }
        if let interval = supervisor.watchdogInterval {
            every(interval) { [unowned self] in supervisor.tell("WATCHDOG=1") }
        }
    }

    private func every(_ interval: Span, _ action: @escaping () -> Void) {
        loop.schedule(after: interval) { [weak self] in
            guard let self else { return }
            action()
            every(interval, action)
        }
    }

    private func sweep() {
        // Before anything is taken for old.
        lookAtClock()
        janitor.sweep(boxes: boxes.open, now: .now)
    }

    /// Somebody may have set the wall clock: due times that were worked out by the old one are worked out anew.
    private func lookAtClock() {
        guard let jump = wallClock.look(wall: .now, sinceBoot: Span(nanoseconds: Clock.sinceBoot)) else { return }
        let size = WallClock.distance(of: jump)
        let way = jump > .zero ? "forward" : "back"
        log.write("the clock was set \(way) by \(size.approximate): everything is read again", .warning)
        if jump > .zero { janitor.clockWasSetForward() } else { notifier.clockWasSetBack(now: .now) }
        // The look at a job may have asked: it goes on first.
        loop.later { [weak self] in
            guard let self, queue.scheduler.isOpen else { return }
            readAgain()
            queue.buckets.clockWasSet()
            queue.newJobs.read()
            boxes.readAll()
        }
    }

    /// The disk may be full: then the orphans wait, and with them everything else.
    private func recover() {
        do throws(SpoolError) {
            let (count, refused) = try orphans.recover(now: .now)
            if count > 0 { log.write("recovered \(count - refused.count) jobs of a daemon that died") }
            recoverLater(refused, Backoff())
        } catch {
            log.write("recovery: \(error); trying again", .warning)
            loop.schedule(after: .seconds(1)) { [weak self] in self?.recover() }
            return
        }
        boxes.reconcile { [unowned self] in open() }
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

    /// Begins to deliver, once it is known that nothing is paused.
    private func open() {
        guard readPauses() else {
            loop.schedule(after: .seconds(1)) { [weak self] in self?.open() }
            return
        }
        queue.open()
        sweep()
        writeStatus(.now)
        writeMetrics()
        supervisor.tell("READY=1\nSTATUS=delivering")
        log.write("ready")
    }

    private func watch() {
        guard let watcher else { return State.waiting.forEach(queue.buckets.isNotWatched) }
        let anchors = spool.anchors.map { SpoolWatcher.Place.anchor($0) }
        for place in [.root, .boxes] + State.waiting.map({ SpoolWatcher.Place.state($0) }) + anchors {
            do throws(Errno) { try watcher.add(place) } catch {
                if case .state(let state) = place { queue.buckets.isNotWatched(state) }
                log.write(
                    "\(place): not watched, read at intervals instead: \(error)"
                        + (error == .noSpace ? " (see fs.inotify.max_user_watches)" : ""), .warning)
            }
        }
    }

    private func changed(_ change: SpoolWatcher.Change) {
        switch change {
        case .arrival(.state(.new), let name): queue.arrived(name, in: .new)
        case .arrival(.state(let state), let name): queue.buckets.arrived(name, in: state)
        case .arrival(.box(let box), let name): boxes.arrived(name, in: box)
        case .arrival(.entrance(let box), _), .departure(.entrance(let box), _): boxes.changed(box)
        case .arrival(.boxes, let name): if let text = name.text { boxes.appeared(text) }
        case .departure(.boxes, let name): if let text = name.text { boxes.vanished(text) }
        case .arrival(.root, let name):
            if let id = name.text.flatMap(Cancellation.id) { cancel(id) } else { pause(name) { $0.insert($1) } }
        case .departure(.root, let name): pause(name) { $0.remove($1) }
        case .arrival(.anchor, _), .departure: break
        case .overflow:
            ledger.counters.inotifyOverflows += 1
            log.write("inotify overflow: everything is read again", .warning)
            readEverything()
        case .end(.box(let box)), .end(.entrance(let box)): boxes.changed(box)
        case .end(let place): hasGone("\(place)")
        }
    }

    /// Every descriptor of this process points to what was moved away: nothing more may be put there.
    private func hasGone(_ path: String) {
        let place = path == "." ? spool.path : "\(spool.path)/\(path)"
        log.write("\(place): the directory was moved or removed; stopping", .error)
        stop(status: 75)
    }

    /// What the kernel does not tell, or nobody watches.
    private func lookForDirectories() {
        do throws(SpoolError) { if let path = try spool.displaced() { hasGone(path) } } catch {
            log.write("\(error)", .warning)
        }
    }

    private func readEverything() {
        readPauses()
        queue.readAll()
        boxes.readAll()
    }

    /// False when the spool could not be listed: then what was known of pauses holds.
    @discardableResult
    private func readPauses() -> Bool {
        var pauses = Pauses()
        var cancelled: [JobID] = []
        do throws(Errno) {
            var stream = try spool.root.entries()
            while let name = try stream.next() {
                guard let text = name.text else { continue }
                if let id = Cancellation.id(in: text) { cancelled.append(id) } else { _ = pauses.insert(text) }
            }
        } catch {
            log.write("\(SpoolError(.list, settings.spool, error))", .warning)
            return false
        }
        if pauses != queue.scheduler.pauses { use(pauses) }
        for id in cancelled { cancel(id) }
        return true
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

    /// A file of the spool itself came or went.
    private func pause(_ name: DirectoryName, _ change: (inout Pauses, String) -> Bool) {
        var pauses = queue.scheduler.pauses
        if let text = name.text, change(&pauses, text) { use(pauses) }
    }

    private func use(_ pauses: Pauses) {
        queue.use(pauses)
        let names = pauses.files.sorted().map { $0 == .all ? "everything" : "\($0)" }
        log.write(names.isEmpty ? "not paused" : "paused: \(names.joined(separator: ", "))")
        guard queue.scheduler.isOpen else { return }
        queue.readAll()
        queue.schedule()
    }

    private func tick() {
        lookAtClock()
        let now = Timestamp.now
        if queue.templates.hasChanged() {
            log.write("templates changed")
            queue.hastenBlocked()
        }
        queue.allowances.keep(at: now)
        writeStatus(now)
        if settings.metricsFile != nil, queue.scheduler.isOpen { census.countIfDue() }
        notifier.tick(queue.relays, now: now)
        queue.strays.sweep()
        queue.schedule()
    }

    private func readAgain() {
        guard queue.scheduler.isOpen, !queue.scheduler.isStopping else { return }
        lookForDirectories()
        readPauses()
        queue.readAgain(now: .now)
        boxes.readAll()
        ledger.stopped.sweep(at: Clock.monotonic)
    }

    // What signals ask for.

    /// Reads the configuration again and uses it, if it is valid. The spool and the instance stay.
    package func reloadConfiguration() {
        supervisor.tell("RELOADING=1\nMONOTONIC_USEC=\(Clock.monotonic / 1000)")
        defer { supervisor.tell("READY=1") }
        do throws(Errno) { try log.reopen() } catch { log.write("log_to: \(settings.logTo): \(error)", .warning) }
        defer { writeStatus(.now) }
        let fresh: Settings
        switch reload() {
        case .success(let settings): fresh = settings
        case .failure(let refusal):
            log.write("the configuration stays as it was: \(refusal)", .warning)
            ledger.counters.failedReloads += 1
            status.configuration = "refused at \(Timestamp.now.rfc3339Seconds): \(refusal)"
            return
        }
        ledger.counters.reloads += 1
        let waiting = firstSettings.keysOfTheStart(otherThan: fresh)
        status.configuration = waiting.map { "\($0) at the next start only" }
        if let waiting { log.write("\(waiting) at the next start only", .warning) }
        apply(fresh)
        queue.templates.invalidate()
        queue.hastenBlocked()
        queue.schedule()
        // A shorter `done_retention` holds at once.
        if queue.scheduler.isOpen { sweep() }
        log.write("configuration reloaded" + (waiting == nil ? "" : ", but for what waits for a start"))
    }

    /// Claims nothing more, waits for what is in flight, returns the rest, and stops the loop.
    package func stop(status: Int32 = 0) {
        guard !queue.scheduler.isStopping else { return }
        exitStatus = status
        supervisor.tell("STOPPING=1")
        let running = queue.scheduler.tasksUnderWay
        let programs = running == 0 ? "" : ", \(running) programs of tasks"
        log.write("stopping: \(queue.scheduler.mailsUnderWay) jobs in flight\(programs)")
        drainTimer = loop.schedule(after: settings.shutdownGrace) { [unowned self] in
            queue.abort()
            finish()
        }
        queue.stop(within: settings.shutdownGrace)
    }

    /// The last job's end and the end of the grace may both lead here.
    private func finish() {
        if isFinished { return }
        isFinished = true
        drainTimer?.cancel()
        queue.strays.sweepAll()
        queue.allowances.keep(at: .now)
        writeStatus(.now)
        writeMetrics()
        log.write("stopped")
        log.finish()
        loop.stop()
    }
}
