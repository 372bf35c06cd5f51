internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// The daemon's work besides delivery: it takes in the drop boxes and reports of what came back, removes old files, reports
/// dead letters, and writes `status.json` and the metrics file.
final class Housekeeping {
    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    private let ledger: Ledger
    private let janitor: Janitor
    private let suppressionSweep: SuppressionSweep
    private let census: Census
    private let notifier: Notifier
    let outcomes: Outcomes
    private lazy var toldMark = ToldMark(spool, log)
    private let answers: AnswerSweep
    private let metricsFile: MetricsFile
    private let version: String
    private let started = Timestamp.now
    private let boxes: Boxes
    private let feedback: FeedbackIntake
    private var status: StatusFile
    private(set) var settings: Settings
    /// Whether the drop boxes were taken in once.
    private(set) var isOpen = false

    init(
        spool: SpoolTree, loop: EventLoop, ledger: Ledger, watcher: SpoolWatcher?, clock: ClockWatch,
        settings: Settings, version: String
    ) {
        self.spool = spool
        self.loop = loop
        self.ledger = ledger
        self.settings = settings
        self.version = version
        log = ledger.log
        let outcomes = Outcomes(spool: spool, log: ledger.log)
        self.outcomes = outcomes
        answers = AnswerSweep(spool: spool, loop: loop, log: ledger.log, outcomes: outcomes)
        boxes = Boxes(
            spool: spool, loop: loop, ledger: ledger, outcomes: outcomes, watcher: watcher,
            quota: settings.dropBoxQuota, sizeLimit: settings.maxJobSize)
        feedback = FeedbackIntake(
            spool: spool, loop: loop, ledger: ledger,
            suppressions: Suppressions(spool, ledger.log, policy: settings.suppression), outcomes: outcomes,
            watcher: watcher, settings: settings)
        janitor = Janitor(spool: spool, loop: loop, log: ledger.log, retention: settings.doneRetention)
        suppressionSweep = SuppressionSweep(
            spool: spool, loop: loop, log: ledger.log, policy: settings.suppression)
        census = Census(spool: spool, loop: loop, log: ledger.log)
        metricsFile = MetricsFile(ledger.log)
        status = StatusFile(spool: spool, started: started)
        let current = Current(settings)
        self.current = current
        notifier = Notifier(spool: spool, loop: loop, ledger: ledger, settings: { current.settings })
        clock.whenSet { [weak self] in self?.clockWasSet($0) }
    }

    /// The settings that the notifier asks for.
    private final class Current {
        var settings: Settings
        init(_ settings: Settings) { self.settings = settings }
    }
    private let current: Current

    func use(_ settings: Settings) {
        self.settings = settings
        current.settings = settings
        janitor.retention = settings.doneRetention
        suppressionSweep.policy = settings.suppression
        boxes.quota = settings.dropBoxQuota
        boxes.sizeLimit = settings.maxJobSize
        feedback.use(settings)
        notifier.use(settings)
        outcomes.use(settings)
    }

    // The spool.

    /// Takes in the drop boxes, and calls `then`: before that, a job could be claimed whose original still lies in its
    /// box.
    func open(then: @escaping () -> Void) {
        boxes.reconcile { [unowned self] in
            isOpen = true
            feedback.open()
            then()
        }
    }

    /// Something came into, or has gone from, `drop/` and what is below it, or `feedback/new`.
    func changed(_ change: SpoolWatcher.Change) {
        switch change {
        case .arrival(.box(let box), let name): boxes.arrived(name, in: box)
        case .arrival(.entrance(let box), _), .departure(.entrance(let box), _): boxes.changed(box)
        case .arrival(.boxes, let name): if let text = name.text { boxes.appeared(text) }
        case .departure(.boxes, let name): if let text = name.text { boxes.vanished(text) }
        case .end(.box(let box)), .end(.entrance(let box)): boxes.changed(box)
        case .arrival(.feedback, let name): feedback.arrived(name)
        case .end(.feedback): feedback.openAnew()
        default: break
        }
    }

    /// Hints were lost, or were never given.
    func readAgain() {
        boxes.readAll()
        feedback.readAll()
    }

    /// A job was sent, of that size: its drop box has room for another.
    func sent(_ id: JobID, size: Int) { boxes.sent(id, size: size) }

    func sweep() {
        janitor.feedback = feedback.box
        janitor.sweep(boxes: boxes.open, now: .now)
        suppressionSweep.sweepIfDue()
        answers.begin(
            boxes.open, retention: janitor.canTell(settings.doneRetention) ? settings.doneRetention : nil, now: .now)
    }

    private func clockWasSet(_ jump: Span) {
        if jump > .zero {
            janitor.clockWasSetForward()
            suppressionSweep.clockWasSetForward()
        } else {
            notifier.clockWasSetBack(now: .now)
        }
        loop.later { [weak self] in if let self, isOpen { boxes.readAll() } }
    }

    // What it tells.

    /// A job has gone to `dead/`.
    func buried(_ letter: DeadLetter) {
        notifier.note(letter)
        outcomes.buried(letter)
    }

    /// To be called before any queue recovers or begins: what ends from now on is told, by this daemon or the next.
    func beginTelling() { if outcomes.hasListeners { toldMark.begin() } }

    /// Every queue has told of what ended before that time.
    func told(until time: Timestamp) {
        if outcomes.hasListeners { toldMark.note(time) } else { toldMark.remove() }
    }

    /// A worker has died: a dead letter of which it did not tell may be in `dead/`.
    func lostTrack() { notifier.readAgain(now: .now) }

    /// To be called once a second with what the queues tell.
    func tick(_ relays: [DaemonStatus.Relay], now: Timestamp) {
        if settings.metricsFile != nil, isOpen { census.countIfDue() }
        notifier.tick(relays, now: now)
    }

    /// A sentence about the last configuration that was to be used, where not all of it is in use; nil where it is.
    var finding: String? {
        get { status.configuration }
        set { status.configuration = newValue }
    }

    func writeStatus(
        _ state: String, _ measures: Measures, isPaused: Bool, workers: [DaemonStatus.Worker] = [], now: Timestamp
    ) {
        status.write(state, measures, isPaused: isPaused, workers: workers, now: now)
    }

    /// `workers` is how many run; nil without a parent.
    func writeMetrics(_ measures: Measures, isPaused: Bool, workers: Int? = nil) {
        guard let path = settings.metricsFile else { return }
        var metrics = Metrics(version: version, instance: settings.instance, started: started, now: .now)
        metrics.isPaused = isPaused
        metrics.workers = workers
        metrics.take(measures)
        (metrics.census, metrics.counted) = (census.counts, census.counted)
        metricsFile.write(metrics.text, to: path)
    }
}
