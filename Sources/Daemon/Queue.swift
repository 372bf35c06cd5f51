internal import EventLoop
internal import Linux
internal import Mail
internal import Relay
internal import SMTP
internal import Spool
internal import Text
internal import Time

/// The queue at work: hands events to the ``Scheduler``, and performs its actions.
///
/// Every step of a job is found from here in two hops: ``hear(_:)`` is what parts tell, ``perform(_:)`` is what the
/// scheduler wants.
final class Queue {
    private let spool: SpoolTree
    private let loop: EventLoop
    let ledger: Ledger
    let templates: TemplateCache
    let strays: Strays
    /// The recipients that relays took, if this process decides; with other workers the parent decides, and this is not
    /// used.
    private(set) lazy var allowances = Allowances(spool, ledger.log)
    /// The terms shared with other workers; nil without any.
    private let shared: WorkerTerms?
    private let blocked: BlockedJobs
    private(set) var scheduler = Scheduler()
    private(set) var settings: Settings
    private let curl: CurlLoop
    /// In order of preference.
    private(set) var relays: [RelayPool] = []
    private var retired: [RelayPool] = []
    /// Claimed mails that wait for a connection.
    private var carried: [JobID: ClaimedJob] = [:]
    /// Hears of events that concern others than the queue: a job was sent, nothing is under way any more.
    private let tell: (Notice) -> Void
    var load = Load()
    /// Tells whether the clock was set over a job's expiry; the daemon's, which looks at the clock.
    var skip: (_ expiry: Timestamp, _ submitted: Timestamp) -> WallClock.Skip? = { _, _ in nil }
    private var isScheduling = false
    private var willSchedule = false
    private var willLook = false

    // Each part gets a closure that needs the whole queue, so each is made when it is first used.
    private(set) lazy var settler = Settler(
        spool: spool, loop: loop, ledger: ledger, tell: { [unowned self] in hear($0) },
        settled: { [unowned self] in settled($0, $1, $2, as: $3) })
    private lazy var triage = Triage(
        spool: spool, ledger: ledger, templates: templates, settings: settings,
        skip: { [unowned self] in skip($0, $1) },
        tell: { [unowned self] in hear($0) })
    private(set) lazy var tasks = TaskCourier(
        loop: loop, ledger: ledger, templates: templates, strays: strays, settings: settings,
        tell: { [unowned self] in hear($0) })
    private lazy var letters = LetterMaker(ledger: ledger, templates: templates, settings: settings)
    private(set) lazy var data = DataCourier(
        loop: loop, ledger: ledger, templates: templates, strays: strays, letters: letters,
        tell: { [unowned self] in hear($0) })
    private(set) lazy var newJobs = NewJobs(
        spool: spool, loop: loop, log: ledger.log, mayRead: { [unowned self] in scheduler.hasRoomForJobs },
        mayGoOn: { [unowned self] in scheduler.hasRoomForNames }, tell: { [unowned self] in hear($0) })
    private(set) lazy var buckets = Buckets(
        spool: spool, loop: loop, log: ledger.log, take: { [unowned self] in take($0, dueIn: $1) },
        stray: { [unowned self] in arrived($0, in: $1, isListed: true) })

    /// A notice from the queue to the daemon.
    enum Notice {
        /// A job is in `done/`: its drop box has room for another.
        case sent(JobID, size: Int)
        /// The daemon stops and nothing is under way any more.
        case idle
    }

    /// Makes a queue without relays, which come with ``use(_:)-(Settings)``.
    init(
        spool: SpoolTree, loop: EventLoop, ledger: Ledger, curl: CurlLoop, settings: Settings,
        shared: WorkerTerms? = nil, tell: @escaping (Notice) -> Void
    ) {
        self.spool = spool
        self.loop = loop
        self.ledger = ledger
        self.curl = curl
        self.settings = settings
        self.shared = shared
        self.tell = tell
        templates = TemplateCache(settings.templates)
        strays = Strays(spool: spool, loop: loop, log: ledger.log)
        blocked = BlockedJobs(ledger: ledger, templates: templates)
        shared?.places.onRoom = { [weak self] in self?.hasRoom($0) }
    }

    /// Uses other settings; relays that stay as they were keep their connections.
    func use(_ settings: Settings) {
        self.settings = settings
        templates.use(settings.templates)
        settler.keepsDone = settings.doneRetention > .zero
        triage.settings = settings
        tasks.settings = settings
        letters.settings = settings
        data.letters = letters
        note(.places(tasks: settings.tasks.concurrency, data: settings.tasks.dataConcurrency))
        if shared == nil { allowances.use(settings.relays) }
        var old = relays
        relays = settings.relays.map { relay in
            if let index = old.firstIndex(where: { $0.settings == relay }) { return old.remove(at: index) }
            let terms: any RelayTerms =
                shared?.terms(for: relay) ?? LocalTerms(relay, loop: loop, ledger: ledger, allowances: allowances)
            return RelayPool(relay, terms, curl: curl, loop: loop, ledger: ledger) { [unowned self] in hear($0) }
        }
        retired += old
        for pool in old { pool.retire() }
        // The operator may have fixed what the relay refused: its password, or the account there.
        for pool in relays { pool.secretMayWork() }
    }

    // Names.

    /// A name came into a waiting state, or has to be looked at again.
    func arrived(_ name: DirectoryName, in state: State, isListed: Bool = false) {
        note(.arrived(name, state, isListed: isListed))
    }

    /// Takes a job that is due; false without room for it.
    private func take(_ id: JobID, dueIn state: State) -> Bool {
        guard scheduler.mayTakeDue() else { return false }
        arrived(DirectoryName(id.text), in: state, isListed: true)
        return true
    }

    private func lookSoon() {
        if willLook { return }
        willLook = true
        loop.later { [weak self] in self?.look() }
    }

    /// Looks at names, each once, for a slice of time.
    private func look() {
        willLook = false
        let end = Clock.monotonic + DirectoryReading.slice.nanoseconds
        let now = Timestamp.now
        while let arrival = scheduler.nextArrival() {
            look(at: arrival, now)
            if Clock.monotonic > end {
                lookSoon()
                break
            }
        }
        if scheduler.isLowOnNames {
            newJobs.goOn(fromStart: scheduler.takeOverflow())
            buckets.resume()
        }
        schedule()
    }

    private func look(at arrival: Arrivals.Arrival, _ now: Timestamp) {
        let state = arrival.state
        guard let id = triage.id(of: arrival.name, in: state), !scheduler.isLinedUp(id, in: state) else { return }
        let isUnderWay = scheduler.isUnderWay(id)
        // Another file of an id that is under way is met again when that is over.
        if isUnderWay, state != .new { return miss(state) }
        switch triage.look(id, in: state, isUnderWay: isUnderWay, now: now) {
        case .nothing: break
        case .due(let due): buckets.put(id, in: state, due: due)
        case .ends(let ready, let ending): settleUnsent(ready, ending, now)
        case .ready(let ready): offer(ready)
        }
    }

    /// A job stays on disk, to be met at the next reading of its directory.
    private func miss(_ state: State) { if state == .new { newJobs.missed() } else { buckets.missed(state) } }

    // Starts.

    private func offer(_ ready: consuming ReadyJob) {
        askRelays()
        let actions = scheduler.handle(.waiting(ready.facts.waiting))
        if case .start(_, let place) = actions.first {
            begin(ready, on: place)
        } else {
            perform(actions)
        }
    }

    /// A job that was lined up is looked at anew: its file may have changed.
    private func lookAndBegin(_ job: WaitingJob, on place: Scheduler.Place) {
        let now = Timestamp.now
        switch triage.look(job.id, in: job.state, now: now) {
        case .nothing: note(.ended(job.id))
        case .due(let due):
            note(.ended(job.id))
            buckets.put(job.id, in: job.state, due: due)
        case .ends(let ready, let ending):
            note(.ended(job.id))
            settleUnsent(ready, ending, now)
        case .ready(let ready):
            let isTaken =
                if case .relay(let name) = place { !ready.facts.waiting.unfit.holds(exactly: name) } else { true }
            if ready.facts.waiting.kind == job.kind, isTaken { return begin(ready, on: place) }
            // Its template, or the configuration, has become another since it was lined up.
            note(.ended(job.id))
            offer(ready)
        }
    }

    /// Claims a job and has it worked at.
    private func begin(_ ready: consuming ReadyJob, on place: Scheduler.Place) {
        let waiting = ready.facts.waiting
        if shared != nil {
            if case .some(let refusal) = refusal(of: waiting, on: place) { return note(.notAdmitted(waiting, refusal)) }
        }
        defer { withdraw(place) }
        let now = Timestamp.now
        guard let job = triage.take(ready, now: now) else { return note(.ended(waiting.id)) }
        note(.claimed(waiting))
        switch place {
        case .program where waiting.kind == .task: tasks.begin(job)
        case .program: data.begin(job)
        case .relay(let name):
            do throws(MailError) {
                if let verdict = try letters.make(job, view: nil, now: now) { return finish(job, verdict) }
                send(job, by: name)
            } catch { refuse(job, error) }
        }
    }

    // What is shared with other workers.

    /// Asks whether a job may begin, just before it is claimed: of places for programs, of rates and of senders that rest
    /// others may have had the last.
    private func refusal(of job: WaitingJob, on place: Scheduler.Place) -> Scheduler.Refusal? {
        switch place {
        case .relay(let name): relays.first { $0.name == name }?.terms.admits(job.sender) == false ? .byRelay : nil
        case .program: shared?.places.take(job).map { .noPlace($0) }
        }
    }

    /// Returns an admission that a job did not use.
    private func withdraw(_ place: Scheduler.Place) {
        guard shared != nil, case .relay(let name) = place else { return }
        relays.first { $0.name == name }?.terms.withdraw()
    }

    /// There is room for programs again.
    private func hasRoom(_ kind: WaitingJob.Kind) {
        note(.placesAreFree(kind))
        schedule()
    }

    private func send(_ job: ClaimedJob, by relay: String) {
        guard let pool = relays.first(where: { $0.name == relay }) else { return carry(job, isPrepared: false) }
        load.add(job.id, size: job.size)
        pool.begin(job)
    }

    /// Ends a job without a courier.
    private func settleUnsent(_ ready: consuming ReadyJob, _ ending: Triage.Ending, _ now: Timestamp) {
        guard let (job, verdict) = triage.take(ready, ending, now: now) else { return }
        note(.settling(job.id))
        finish(job, verdict)
    }

    // Ends.

    private func carry(_ job: ClaimedJob, isPrepared: Bool) {
        load.remove(job.id)
        carried[job.id] = job
        note(.carried(job.waiting, isPrepared: isPrepared))
        scheduleSoon()
    }

    /// One relay does not take these recipients of a job: another may. Where that one is down, they wait.
    private func passOn(_ job: ClaimedJob, _ left: [(recipient: String, outcome: RecipientOutcome)]) {
        let others = relays.filter { pool in
            !job.waiting.unfit.holds(exactly: pool.name)
                && left.contains { pool.settings.routing.takes(recipient: $0.recipient) }
        }
        if others.contains(where: { $0.slot.isUp }) {
            job.letter?.narrow(to: left.map(\.recipient))
            return carry(job, isPrepared: false)
        }
        let now = Timestamp.now
        var outcomes = left
        if !others.isEmpty {
            outcomes = left.map { ($0.recipient, $0.outcome.refusal.map { .deferred($0) } ?? $0.outcome) }
        }
        let verdict = Verdict(
            job.kept + outcomes, of: job.attempt, interruption: "the relay that takes it is down", now: now,
            jitter: .random(in: -1...1))
        ledger.attempted(job, verdict, now: now)
        finish(job, verdict)
    }

    private func giveBack(_ id: JobID, because reason: String) {
        guard let job = carried.removeValue(forKey: id) else { return }
        let now = Timestamp.now
        let left = (job.letter?.recipients ?? []).map { (recipient: $0, outcome: RecipientOutcome.notTried) }
        // What another relay said of some of its recipients counts.
        let verdict =
            job.kept.isEmpty
            ? Verdict.returned(reason, job.attempt, now)
            : Verdict(job.kept + left, of: job.attempt, interruption: reason, now: now, jitter: 0)
        ledger.attempted(job, verdict, now: now)
        finish(job, verdict)
    }

    /// The job is at fault, or its template is.
    private func refuse(_ job: ClaimedJob, _ error: MailError) {
        job.enter(in: ledger, sender: nil)
        if case .ours(let reason) = error { blocked.add(job.id, template: job.template, because: reason) }
        job.isRefusedByUs = job.waiting.kind != .task
        finish(job, .refused(error, job.attempt, .now))
    }

    /// Carries a verdict out: the one way out of `cur/`.
    func finish(_ job: ClaimedJob, _ verdict: Verdict) {
        var verdict = verdict
        if let last = verdict.givenUp(after: job.attempt) { (verdict, job.lastFailure) = (last, last) }
        // Other states keep secrets, since the job may be sent again.
        if case .done = verdict.target { verdict.masked = job.masked }
        settler.settle(job, by: verdict)
    }

    private func settled(_ job: ClaimedJob, _ verdict: Verdict, _ state: State?, as id: JobID) {
        load.remove(job.id)
        ledger.ended(job, in: state, as: id, verdict, now: .now)
        switch state {
        case .done?: tell(.sent(job.id, size: job.size))
        case .retry(let bucket)?: buckets.put(job.id, in: .retry(bucket), due: verdict.due ?? .now)
        case .scheduled?: buckets.put(job.id, in: .scheduled, due: verdict.due ?? .now)
        case .new?:
            // inotify tells of it, too; where it cannot, the next reading would be late.
            if !scheduler.isStopping { arrived(DirectoryName(job.id.text), in: .new) }
        default: break
        }
        note(.ended(job.id))
        if !scheduler.isStopping { scheduleSoon() }
    }

    // Who tells whom.

    private func hear(_ report: Report) {
        switch report {
        case .verdict(let job, let verdict): finish(job, verdict)
        case .unfit(let job, let left): passOn(job, left)
        case .refused(let job, let error): refuse(job, error)
        case .carried(let job, let isPrepared): carry(job, isPrepared: isPrepared)
        case .abandoned(let job): note(.ended(job.id))
        case .shortage(let kind): rest(kind)
        case .relayChanged: schedule()
        case .relayEmptied(let pool): retired.removeAll { $0 === pool }
        case .diskRefused(let error): settler.rest(after: error)
        case .disk(let takesWrites):
            note(.disk(takesWrites: takesWrites))
            if takesWrites { schedule() }
        case .lookAgain(let id, let state, let wait):
            loop.schedule(after: wait) { [weak self] in self?.arrived(DirectoryName(id.text), in: state) }
        case .found(let name): if !isKnown(name) { arrived(name, in: .new, isListed: true) }
        case .reading(let isReading):
            note(.reading(isReading))
            if !isReading { schedule() }
        }
    }

    private func isKnown(_ name: DirectoryName) -> Bool {
        name.text.flatMap { JobID($0) }.map { scheduler.isLinedUp($0, in: .new) } ?? false
    }

    private func note(_ event: Scheduler.Event) {
        switch event {
        case .ended(let id): shared?.places.free(id)
        case .carried(let job, _): shared?.places.free(job.id)
        default: break
        }
        perform(scheduler.handle(event))
    }

    private func perform(_ actions: [Scheduler.Action]) { for action in actions { perform(action) } }

    private func perform(_ action: Scheduler.Action) {
        switch action {
        case .start(let job, let place): lookAndBegin(job, on: place)
        case .send(let id, let relay): sendCarried(id, by: relay)
        case .giveBack(let id, let reason): giveBack(id, because: reason)
        case .missed(let state): miss(state)
        case .readAgain: readMissed()
        case .look: lookSoon()
        case .connect(let name, let jobs):
            let isUrgent = scheduler.waitingMails(of: .high) > 0
            relays.first { $0.name == name }?.connect(for: jobs, isUrgent: isUrgent)
        case .pace(let name): relays.first { $0.name == name }?.pace()
        case .idle: tell(.idle)
        }
    }

    private func sendCarried(_ id: JobID, by relay: String) {
        guard let job = carried.removeValue(forKey: id) else { return }
        if shared != nil, refusal(of: job.waiting, on: .relay(relay)) != nil {
            return carry(job, isPrepared: job.waiting.kind == .mailWithData)
        }
        send(job, by: relay)
        withdraw(.relay(relay))
    }

    private func readMissed() {
        buckets.resume()
        buckets.readMissed()
        newJobs.readIfIncomplete()
    }

    /// The machine lacks what a program needs: none of its kind is started for a second.
    private func rest(_ kind: WaitingJob.Kind) {
        note(.shortage(of: kind, isThere: true))
        loop.schedule(after: .seconds(1)) { [weak self] in
            guard let self else { return }
            note(.shortage(of: kind, isThere: false))
            schedule()
        }
    }

    // The scheduler's turn.

    /// Starts what can be started, for a slice of time for each kind, and has connections opened for what cannot yet.
    func schedule() {
        if isScheduling { return }
        isScheduling = true
        defer { isScheduling = false }
        for kind in WaitingJob.Kind.allCases {
            let end = Clock.monotonic + DirectoryReading.slice.nanoseconds
            while let action = next(kind) {
                perform(action)
                if Clock.monotonic > end {
                    scheduleSoon()
                    break
                }
            }
        }
        if scheduler.needsRelays { askRelays() }
        perform(scheduler.endTurn())
    }

    private func next(_ kind: WaitingJob.Kind) -> Scheduler.Action? {
        guard scheduler.hasWork(kind) else { return nil }
        askRelays()
        return scheduler.next(kind)
    }

    /// A relay's capacity changes with the clock and with each job that it gets: it is asked before each decision.
    private func askRelays() { note(.relays(relays.map { load.hasRoom ? $0.slot : $0.slot.closed })) }

    private func scheduleSoon() {
        if willSchedule { return }
        willSchedule = true
        loop.later { [weak self] in
            self?.willSchedule = false
            self?.schedule()
        }
    }

    // What the daemon asks for.

    /// Lets jobs start, once it is known that nothing is paused.
    func open() {
        note(.opened)
        newJobs.read()
        buckets.start()
    }

    /// Uses other pauses from now on.
    func use(_ pauses: Pauses) { note(.pauses(pauses)) }

    /// Reads everything: hints were lost, or what was held may go.
    func readAll() {
        newJobs.read()
        buckets.readAll()
    }

    /// Looks at jobs that are past their time, and reads `new/` if it has changed.
    func readAgain(now: Timestamp) {
        note(.expiry(now))
        newJobs.readIfChanged(isFull: scheduler.hasDroppedMails)
    }

    /// Tries the jobs again that a template, or the configuration, blocked.
    func hastenBlocked() { blocked.hasten(in: buckets) }

    /// Starts nothing any more; ``Notice/idle`` comes when what is under way is done.
    func stop(within grace: Span) {
        let couriers: [any Courier] = [tasks, data] + relays + retired
        for courier in couriers { courier.stop(within: grace) }
        note(.stopping)
    }

    /// Ends what is still on its way: where the dot was not written, the job is returned.
    func abort() { for pool in relays + retired { pool.close() } }
}
