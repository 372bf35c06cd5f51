internal import EventLoop
internal import JSON
internal import Linux
internal import Mail
internal import Relay
internal import SMTP
internal import Spool
internal import Time

/// Brings jobs and connections together: a job is claimed when a connection can take it, never before.
final class Dispatcher {
    private let spool: SpoolTree
    private let loop: EventLoop
    let log: Log
    let ledger: Ledger
    let triage: Triage
    private let settler: Settler
    let shelf: TemplateShelf
    let blocked: BlockedJobs
    private let tasks: TaskRunner
    private(set) var data: DataRunner!
    private let buckets: () -> Buckets
    var settings: Settings
    /// In order of preference.
    var pools: [RelayPool] = []
    private var retired: [RelayPool] = []
    var pauses = Pauses()
    private var lanes = Lanes()
    /// Claimed jobs whose connection turned out to be stale before anything was said.
    private var resend = FIFO<Delivery>()
    var deliveries: [JobID: Delivery] = [:]
    var bulkInFlight = 0
    /// Jobs were not lined up for want of room: ``onRoom`` comes when there is some.
    var hasDropped = false
    private var isPumping = false
    /// False before the start-up is done, and again when the daemon stops.
    var isOpen = false
    private(set) var isStopping = false
    /// Whether names wait to be looked at, one of which may be of a high priority.
    var isLookingBehind: () -> Bool = { false }
    /// Whether `new/` is being read; what lanes dropped is read again only behind that.
    var isReading: () -> Bool = { false }
    /// Called when lanes that were full have room again.
    var onRoom: () -> Void = {}
    /// Told of the state of a job that was lined up and is not to start, because its template is paused.
    var onHeld: (State) -> Void = { _ in }
    /// Called when the disk takes writes again.
    var onRelief: () -> Void = {}
    /// Called when nothing is in flight any more.
    var onIdle: () -> Void = {}

    init(
        spool: SpoolTree, loop: EventLoop, ledger: Ledger, triage: Triage, settler: Settler, shelf: TemplateShelf,
        blocked: BlockedJobs, tasks: TaskRunner, settings: Settings, buckets: @escaping () -> Buckets
    ) {
        self.spool = spool
        self.loop = loop
        log = ledger.log
        self.ledger = ledger
        self.triage = triage
        self.settler = settler
        self.shelf = shelf
        self.blocked = blocked
        self.tasks = tasks
        self.settings = settings
        self.buckets = buckets
        data = DataRunner(self, loop: loop, strays: tasks.strays)
        settler.onRelief = { [unowned self] in
            onRelief()
            pump()
        }
    }

    var waitingCount: Int { lanes.count + data.queue.count }
    var inFlightCount: Int { deliveries.count + data.runningCount }
    func waitingCount(of priority: Job.Priority) -> Int { lanes.count(of: priority) }

    /// Whether a job is lined up: it need not be looked at.
    func isLinedUp(_ id: JobID, in state: State) -> Bool {
        lanes.state(of: id) == state || tasks.queue.contains(id, in: state) || data.queue.contains(id, in: state)
    }

    /// Whether the lanes have room worth reading a directory for.
    var hasRoom: Bool { lanes.count < lanes.capacity * 2 }

    /// Takes a job that was looked at: starts it when its turn is now, else lines it up. False when its
    /// lane is full or its template paused: it stays on disk and must be met again.
    func offer(_ ready: consuming ReadyJob) -> Bool {
        let waiting = ready.waiting
        if pauses.holds(template: waiting.template) { return false }
        switch waiting.kind {
        case .task: return tasks.queue.offer(ready)
        case .mailWithData: return data.queue.offer(ready)
        case .mail: break
        }
        if mayStart, lanes.isEmpty || waiting.priority == .high && lanes.count(of: .high) == 0,
            mayStart(waiting.priority), let slot = slot(behind: false)
        {
            start(ready, on: slot)
            slot.pool.giveBack(slot.connection)
            return true
        }
        if lanes.append(waiting) { return true }
        hasDropped = true
        return false
    }

    /// Whether the view of a mail may be made: not before a relay would take it. One whose breaker is open is tried
    /// with one mail.
    var mayPrepare: Bool {
        guard mayStart, let pool = preferredPool else { return false }
        return pool.isUp || pool.hasProbe && data.runningCount == 0
    }

    private var mayStart: Bool { isOpen && !isStopping && !pauses.all && !settler.isStuck }

    /// While names wait unseen, bulk leaves half of the connections to what may be among them.
    private func mayStart(_ priority: Job.Priority) -> Bool {
        guard priority == .bulk, isLookingBehind() else { return true }
        return bulkInFlight < max(pools.first { $0.isUp }?.limit ?? 1, 2) / 2
    }

    private struct Slot {
        let pool: RelayPool
        let connection: RelayConnection
    }

    /// A connection of the first relay that is up; another relay's only when that one is not. A relay whose
    /// breaker is open gets one job when its probe is due and has connected.
    private func slot(behind: Bool) -> Slot? {
        for pool in pools where !pauses.holds(relay: pool.name) {
            if let connection = pool.take(behind: behind) { return Slot(pool: pool, connection: connection) }
            if pool.isUp { return nil }
        }
        return nil
    }

    private var preferredPool: RelayPool? {
        let allowed = pools.lazy.filter { [pauses] in !pauses.holds(relay: $0.name) }
        return allowed.first { $0.isUp || $0.hasProbe } ?? allowed.first { $0.breaker.allowed(at: Clock.monotonic) > 0 }
    }

    /// Gives back claimed jobs whose connection went stale, when nothing will take them soon: they wait in
    /// `new/` as all others do, for a relay, the end of a pause, or their expiry.
    private func giveBack() {
        guard !resend.isEmpty, pauses.all || preferredPool?.isUp != true else { return }
        var kept = FIFO<Delivery>()
        let isTried = !pauses.all && preferredPool != nil
        while let delivery = resend.popFirst() {
            // What a program made may be the mail that the relay is tried with.
            if isTried, delivery.isPrepared, kept.isEmpty {
                kept.append(delivery)
                continue
            }
            let reason = delivery.isPrepared ? "the relay failed while data ran" : "the connection went stale"
            judge(delivery, delivery.recipients.map { ($0, .notTried) }, interruption: reason, .now)
        }
        resend = kept
    }

    /// Starts what can be started, and has connections opened for what cannot yet.
    func pump() {
        tasks.queue.pump()
        data.queue.pump()
        if isPumping { return }
        if isOpen, !isStopping, !settler.isStuck { giveBack() }
        guard mayStart else { return }
        isPumping = true
        defer { isPumping = false }
        let end = Clock.monotonic + DirectoryReading.slice.nanoseconds
        let now = Timestamp.now
        while !resend.isEmpty {
            guard let slot = slot(behind: false), let delivery = resend.popFirst() else { break }
            hand(delivery, to: slot)
        }
        let limit = preferredPool?.limit ?? 0
        while !lanes.isEmpty, mayStart {
            // The next envelope travels with a body under way only when there is a backlog: a lone job
            // must not wait for another's reply.
            let isBacklog = lanes.count > limit
            guard let slot = slot(behind: isBacklog) else { break }
            // What the job leaves of its connection, all of it if it was not started, is the next one's.
            defer { slot.pool.giveBack(slot.connection) }
            guard let waiting = lanes.next(bulkAllowed: mayStart(.bulk)) else { break }
            if pauses.holds(template: waiting.template) {
                onHeld(waiting.state)
            } else if let ready = triage.look(waiting.id, in: waiting.state, now: now) {
                start(ready, on: slot)
            }
            if Clock.monotonic > end {
                loop.later { [weak self] in self?.pump() }
                break
            }
        }
        demand()
        if hasDropped, lanes.count < lanes.capacity / 2, !isReading() {
            hasDropped = false
            onRoom()
        }
    }

    private func demand() { preferredPool?.demand(lanes.count + resend.count + data.queue.count + data.runningCount) }

    private func start(_ ready: consuming ReadyJob, on slot: Slot) {
        if ready.waiting.kind != .mail {
            // Its template has become another since it was lined up.
            let state = ready.waiting.state
            if !offer(ready) { onHeld(state) }
            return
        }
        guard let job = triage.take(ready), let delivery = prepare(job, relay: slot.pool.name, view: nil) else {
            return
        }
        hand(delivery, to: slot)
    }

    /// A mail whose view has been made waits for a connection, as one whose connection went stale.
    func sendPrepared(_ delivery: Delivery) {
        delivery.isPrepared = true
        resend.append(delivery)
        pump()
    }

    private func hand(_ delivery: Delivery, to slot: Slot) {
        delivery.attempt.relay = slot.pool.name
        delivery.startedAt = Clock.monotonic
        delivery.isPrepared = false
        slot.pool.began()
        slot.connection.send(
            envelope: delivery.envelope, body: delivery.mail.bytes,
            commit: { [unowned self] accepted in mark(delivery, accepted.map { delivery.recipients[$0] }) },
            completion: { [unowned self, pool = slot.pool] outcome in
                pool.record(outcome, job: delivery.id.text)
                conclude(delivery, outcome)
            })
    }

    private func mark(_ delivery: Delivery, _ accepted: [String]) -> Bool {
        do throws(SpoolError) {
            try delivery.mark(accepted, now: .now)
            return true
        } catch {
            // Nothing is sent without a record of it.
            settler.rest(after: error)
            return false
        }
    }

    private func conclude(_ delivery: Delivery, _ outcome: TransactionOutcome) {
        if case .stale = outcome.fault, !isStopping {
            resend.append(delivery)
            loop.later { [weak self] in self?.pump() }
            return
        }
        let now = Timestamp.now
        let pairs = zip(delivery.recipients, outcome.recipients).map { (recipient: $0, outcome: $1) }
        let isInDoubt = pairs.contains { if case .inDoubt = $0.outcome { true } else { false } }
        if isStopping, isInDoubt {
            // Past the dot: it stays in cur/ with its `sending`, and the next start calls it in doubt.
            forget(delivery)
            return
        }
        judge(delivery, pairs, interruption: outcome.fault.interruption, now)
    }

    private func judge(
        _ delivery: Delivery, _ outcomes: [(recipient: String, outcome: RecipientOutcome)], interruption: String?,
        _ now: Timestamp
    ) {
        let verdict = Verdict(
            outcomes, of: delivery.attempt, interruption: interruption, policy: settings.retry, now: now,
            jitter: .random(in: -1...1))
        ledger.attempted(delivery, verdict, now: now)
        guard let claim = delivery.finish() else { return }
        settle(claim, verdict, delivery, masked: delivery.masked, template: delivery.template)
    }

    func settle(
        _ claim: consuming Claim, _ verdict: Verdict, _ delivery: Delivery?, masked: JSON? = nil, template: String?,
        letter: Ledger.Past? = nil
    ) {
        let id = claim.id
        settler.settle(claim, by: verdict, masked: masked, at: .now) { [weak self] state in
            guard let self else { return }
            triage.inFlight.remove(id)
            ledger.ended(id, in: state, verdict, delivery, template: template, past: letter, now: .now)
            if let delivery { forget(delivery) }
            switch state {
            case .retry?, .scheduled?: buckets().put(id, in: state!, due: verdict.due ?? .now)
            case .new?:
                // inotify tells of it, too; where it cannot, the next reading would be late.
                onReturned(id)
            default: break
            }
            if !isStopping { loop.later { [weak self] in self?.pump() } }
        }
    }

    /// Told of a job that was put back into `new/`.
    var onReturned: (JobID) -> Void = { _ in }

    private func forget(_ delivery: Delivery) {
        guard deliveries.removeValue(forKey: delivery.id) != nil else { return }
        if delivery.priority == .bulk { bulkInFlight -= 1 }
        if deliveries.isEmpty { onIdle() }
    }

    // What the daemon asks of it from outside.

    /// Replaces the relays; those that stay as they were keep their connections.
    func use(_ relays: [Settings.Relay], make: (Settings.Relay) -> RelayPool) {
        var old = pools
        pools = relays.map { settings in
            if let index = old.firstIndex(where: { $0.settings == settings }) { return old.remove(at: index) }
            let pool = make(settings)
            pool.onChange = { [unowned self] in pump() }
            return pool
        }
        for pool in old {
            retired.append(pool)
            pool.onEmpty = { [unowned self, unowned pool] in retired.removeAll { $0 === pool } }
            pool.retire()
        }
    }

    /// Takes the jobs that are past their time out of the lanes.
    func removeExpired(at now: Timestamp) -> [WaitingJob] {
        lanes.removeExpired(at: now) + tasks.queue.removeExpired(at: now) + data.queue.removeExpired(at: now)
    }

    /// Starts nothing any more; ``onIdle`` comes when what is in flight is done.
    func stop() {
        isStopping = true
        while let delivery = resend.popFirst() {
            judge(delivery, delivery.recipients.map { ($0, .notTried) }, interruption: "the daemon stops", .now)
        }
        data.stop()
        for pool in pools { pool.retire() }
        if deliveries.isEmpty { onIdle() }
    }

    /// Ends what is still in flight: what the dot has not been written for is returned.
    func abort() { for pool in pools + retired { pool.close() } }
}
