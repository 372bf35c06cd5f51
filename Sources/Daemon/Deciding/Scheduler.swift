internal import Linux
internal import Spool
internal import Text
internal import Time

/// Decides which job starts next, on what, and what must be read again: an event in, actions out.
///
/// It knows names and numbers, and neither files nor relays nor the clock. ``Queue`` feeds it and performs what it
/// says. There is one, and it is not copied.
///
///     name ──arrived──> arrivals ──nextArrival──> a look ──waiting──> lanes ──next──> start ──ended──>
///                                                          │                           │  ^
///                                                          └──── start, when idle ─────┘  │ carried: no connection yet
struct Scheduler: ~Copyable {
    enum Event {
        /// The start-up is done: jobs may start.
        case opened
        /// The daemon stops: nothing starts any more.
        case stopping
        /// Whether the disk takes writes. While it does not, nothing is claimed.
        case disk(takesWrites: Bool)
        case pauses(Pauses)
        /// How many programs of tasks, and of mails' data, may run at a time.
        case places(tasks: Int, data: Int)
        /// The relays in order of preference, each as it is now.
        case relays([Slot])
        /// A reading of `new/` began or ended.
        case reading(Bool)
        /// A name came, or was found by a reading.
        case arrived(DirectoryName, State, isListed: Bool)
        /// A job was looked at and may start.
        case waiting(WaitingJob)
        /// A job that starts was claimed; it was looked at anew.
        case claimed(WaitingJob)
        /// A job was claimed to be settled without a courier.
        case settling(JobID)
        /// A job that starts may not begin, since another worker has what it needs: it waits as before.
        case notAdmitted(WaitingJob, Refusal)
        /// There may be places for programs of a kind that others had.
        case placesAreFree(WaitingJob.Kind)
        /// A claimed mail waits for a connection: the one it had was stale, or a program has made what it shows.
        case carried(WaitingJob, isPrepared: Bool)
        /// The work on a job has ended.
        case ended(JobID)
        /// Whether the machine lacks memory or processes for a program of this kind: none is started meanwhile.
        case shortage(of: WaitingJob.Kind, isThere: Bool)
        /// Time has passed: what is past its expiry is looked at once more.
        case expiry(Timestamp)
    }

    enum Action: Equatable {
        /// Claim this job and begin.
        case start(WaitingJob, on: Place)
        /// Hand a mail that was carried to a relay.
        case send(JobID, relay: String)
        /// Put a claimed mail back to where all wait.
        case giveBack(JobID, because: String)
        /// A job stays on disk, and its directory must be read again.
        case missed(State)
        /// There is room again: read what was missed.
        case readAgain
        /// Names wait to be looked at.
        case look
        /// Open connections for so many jobs.
        case connect(relay: String, jobs: Int)
        /// Come back when the relay's rate allows the next message.
        case pace(relay: String)
        /// The daemon stops and nothing is under way any more.
        case idle
    }

    /// Why a job may not begin.
    enum Refusal: Equatable {
        /// The relay's terms do not admit it now; its slot tells when that is over.
        case byRelay
        /// Other workers have the places for its program, until ``Event/placesAreFree(_:)``.
        case noPlace(ProgramPlaces.Obstacle)
    }

    /// Where a job is worked at.
    enum Place: Equatable, Sendable {
        case relay(String)
        case program
    }

    /// While so many names wait to be looked at, one of them may be of a high priority.
    private static let manyNames = 256

    private var arrivals: Arrivals
    private var mails: Lanes
    private var data: Lanes
    private var tasks: Lanes
    private var slots: [Slot] = []
    private(set) var pauses = Pauses()
    private(set) var isOpen = false
    private(set) var isStopping = false
    private var isStuck = false
    private var isReading = false
    private var taskPlaces = 1
    private var dataPlaces = 1
    /// How many programs of a template may run at a time, as its last job said that was looked at.
    private var templatePlaces: [String: Int] = [:]
    private var shortages: Set<WaitingJob.Kind> = []
    /// The kinds for which other workers leave no places.
    private var refusals: [WaitingJob.Kind: Refusals] = [:]

    private struct Refusals {
        var ofAll = false
        var ofBulk = false
        var templates: Set<ExactText> = []
    }

    /// The kinds of which a job was not lined up for want of room.
    private var dropped: Set<WaitingJob.Kind> = []
    /// Claimed mails that wait for a connection: the one they had was stale, or a program has prepared them.
    private var stale = FIFO<WaitingJob>()
    private var prepared = FIFO<WaitingJob>()
    private var flights = Flights()

    /// `capacity` is how many jobs of each priority are lined up: mails, mails with data, and tasks apart.
    init(capacity: Int = 50_000, arrivals: Arrivals = Arrivals()) {
        self.arrivals = arrivals
        mails = Lanes(capacity: capacity) { Lanes.Group($0.sender, unfit: $0.unfit) }
        data = Lanes(capacity: capacity) { Lanes.Group($0.template ?? "") }
        tasks = Lanes(capacity: capacity) { Lanes.Group($0.template ?? "") }
    }

    // What others may know.

    /// How many mails are lined up.
    var waitingMails: Int { mails.count + data.count }
    var waitingTasks: Int { tasks.count }
    func waitingMails(of priority: Job.Priority) -> Int { mails.count(of: priority) }
    /// How many mails are claimed: sent, carried, or being made by a program.
    var mailsUnderWay: Int { flights.mails + flights.data.count }
    var tasksUnderWay: Int { flights.tasks.count }
    /// How many programs of tasks run, by template.
    var tasksByTemplate: [String: Int] { flights.tasks.byTemplate }

    /// Whether a job is claimed: it must not be touched again meanwhile.
    func isUnderWay(_ id: JobID) -> Bool { flights.contains(id) }

    /// Whether a job is lined up: it need not be looked at.
    func isLinedUp(_ id: JobID, in state: State) -> Bool {
        mails.state(of: id) == state || tasks.state(of: id) == state || data.state(of: id) == state
    }

    /// Whether there is room for names that a reading finds.
    var hasRoomForNames: Bool { arrivals.hasRoom }
    /// Whether readings that rest may go on.
    var isLowOnNames: Bool { arrivals.isLow }
    /// Whether the lanes have room worth reading a directory for.
    var hasRoomForJobs: Bool { mails.count < mails.capacity * 2 }

    /// Whether a job that is due may be lined up; where not, ``Action/readAgain`` comes when there is room.
    mutating func mayTakeDue() -> Bool {
        guard arrivals.hasRoom else { return false }
        if !hasRoomForJobs { dropped.insert(.mail) }
        return hasRoomForJobs
    }

    /// Whether names were dropped: then `new/` has to be read from its beginning.
    mutating func takeOverflow() -> Bool { arrivals.takeOverflow() }

    /// Whether mails were not lined up for want of room: reading on would meet them for nothing.
    var hasDroppedMails: Bool { dropped.contains(.mail) }

    // Events.

    mutating func handle(_ event: Event) -> [Action] {
        switch event {
        case .opened:
            isOpen = true
            return look()
        case .stopping: return stop()
        case .disk(let takesWrites):
            isStuck = !takesWrites
            return look()
        case .pauses(let pauses): self.pauses = pauses
        case .places(let tasks, let data):
            (taskPlaces, dataPlaces) = (tasks, data)
            // The configuration was read: what templates say may have changed, too.
            templatePlaces = [:]
        case .relays(let slots): self.slots = slots
        case .reading(let isReading): self.isReading = isReading
        case .arrived(let name, let state, let isListed):
            return arrivals.append(name, in: state, isListed: isListed) ? look() : [.missed(state)]
        case .waiting(let job): return offer(job)
        case .claimed(let job):
            notePlaces(job)
            flights.begin(job)
        case .notAdmitted(let job, let refusal): return putBack(job, refusal)
        case .placesAreFree(let kind): refusals[kind] = nil
        case .settling(let id): flights.settle(id)
        case .carried(let job, let isPrepared): return carry(job, isPrepared: isPrepared)
        case .ended(let id): if flights.end(id), isStopping, flights.isEmpty { return [.idle] }
        case .shortage(let kind, let isThere): if isThere { shortages.insert(kind) } else { shortages.remove(kind) }
        case .expiry(let now):
            let expired = [mails.removeExpired(at: now), tasks.removeExpired(at: now), data.removeExpired(at: now)]
            return expired.joined().flatMap { handle(.arrived(DirectoryName($0.id.text), $0.state, isListed: true)) }
        }
        return []
    }

    private mutating func putBack(_ job: WaitingJob, _ refusal: Refusal) -> [Action] {
        switch job.kind {
        case .mail: mails.putBack(job)
        case .mailWithData: data.putBack(job)
        case .task: tasks.putBack(job)
        }
        switch refusal {
        case .byRelay: break
        case .noPlace(.kind): refusals[job.kind, default: Refusals()].ofAll = true
        case .noPlace(.bulk): refusals[job.kind, default: Refusals()].ofBulk = true
        case .noPlace(.template):
            refusals[job.kind, default: Refusals()].templates.insert(ExactText(job.template ?? ""))
        }
        return handle(.ended(job.id))
    }

    private mutating func stop() -> [Action] {
        isStopping = true
        var actions: [Action] = []
        while let job = stale.popFirst() ?? prepared.popFirst() {
            actions.append(.giveBack(job.id, because: "the daemon stops"))
        }
        return actions + (flights.isEmpty ? [.idle] : [])
    }

    private mutating func carry(_ job: WaitingJob, isPrepared: Bool) -> [Action] {
        let isFlying = flights.becomeMail(job.id)
        assert(isFlying, "\(job.id) is carried without a courier")
        // Nothing is sent any more.
        if isStopping || !isFlying { return [.giveBack(job.id, because: "the daemon stops")] }
        if isPrepared { prepared.append(job) } else { stale.append(job) }
        return []
    }

    private var carriedCount: Int { stale.count + prepared.count }

    private func look() -> [Action] { mayLook && !arrivals.isEmpty ? [.look] : [] }

    // A daemon that stops settles nothing more, not even what needs no relay.
    private var mayLook: Bool { isOpen && !isStopping && !isStuck }

    /// Takes the next name to look at; nil when the line is empty, or nothing may be settled.
    mutating func nextArrival() -> Arrivals.Arrival? { mayLook ? arrivals.next() : nil }

    private mutating func start(_ job: WaitingJob, on place: Place) -> Action {
        // The operator moved it while it was lined up, and it flies already.
        guard !flights.contains(job.id) else { return .missed(job.state) }
        flights.begin(job)
        return .start(job, on: place)
    }

    // Decisions.

    private var mayStart: Bool { isOpen && !isStopping && !pauses.all && !isStuck }

    /// Starts a job that was looked at, lines it up, or says that it must be met again.
    private mutating func offer(_ job: WaitingJob) -> [Action] {
        notePlaces(job)
        guard !pauses.cover(template: job.template) else { return [.missed(job.state)] }
        let isFirst =
            isEmpty(job.kind) || job.kind == .mail && job.priority == .high && mails.count(of: .high) == 0
        if isFirst, let place = place(for: job) { return [start(job, on: place)] }
        let isLinedUp =
            switch job.kind {
            case .mail: mails.append(job)
            case .mailWithData: data.append(job)
            case .task: tasks.append(job)
            }
        if isLinedUp { return [] }
        dropped.insert(job.kind)
        return [.missed(job.state)]
    }

    private func isEmpty(_ kind: WaitingJob.Kind) -> Bool { count(kind) == 0 }

    /// How many jobs of a kind are lined up.
    private func count(_ kind: WaitingJob.Kind) -> Int {
        switch kind {
        case .mail: mails.count
        case .mailWithData: data.count
        case .task: tasks.count
        }
    }

    /// Where a job that nothing stands before may start at once.
    private func place(for job: WaitingJob) -> Place? {
        guard job.kind != .mail else {
            guard mayStart, job.priority != .bulk || bulkMayStart(.mail) else { return nil }
            return slot(for: job).map { .relay($0.relay) }
        }
        guard mayStartProgram(job.kind), job.priority != .bulk || bulkMayStart(job.kind) else { return nil }
        return isFull(job.kind, job.template ?? "") ? nil : .program
    }

    /// Whether something of a kind waits for a decision.
    func hasWork(_ kind: WaitingJob.Kind) -> Bool { !isEmpty(kind) || kind == .mail && carriedCount > 0 }

    /// Whether what the relays can take makes a difference now.
    var needsRelays: Bool { waitingMails + carriedCount + flights.data.count > 0 }

    /// Decides the next start of a kind; nil when nothing can start. The caller carries it out and asks again, with the
    /// relays as they are then.
    mutating func next(_ kind: WaitingJob.Kind) -> Action? {
        kind == .mail ? nextMail() : nextProgram(kind)
    }

    private mutating func nextProgram(_ kind: WaitingJob.Kind) -> Action? {
        guard !isEmpty(kind), mayStartProgram(kind) else { return nil }
        let bulkAllowed = bulkMayStart(kind)
        let full = fullTemplates(kind)
        let job =
            kind == .task
            ? tasks.next(bulkAllowed: bulkAllowed) { !full.contains($0.name) }
            : data.next(bulkAllowed: bulkAllowed) { !full.contains($0.name) }
        guard let job else { return nil }
        return pauses.cover(template: job.template) ? .missed(job.state) : start(job, on: .program)
    }

    private mutating func nextMail() -> Action? {
        if let action = giveBack() { return action }
        guard mayStart else { return nil }
        if let job = stale.first ?? prepared.first, let slot = slot(for: job) {
            _ = stale.popFirst() ?? prepared.popFirst()
            return .send(job.id, relay: slot.relay)
        }
        guard !mails.isEmpty else { return nil }
        let bulkAllowed = bulkMayStart(.mail)
        var left: [Slot] = []
        for slot in slots where !pauses.cover(relay: slot.relay) {
            // A relay that is down leaves its jobs to the next one; another only what it does not take.
            func mayStart(_ group: Lanes.Group) -> Bool { slot.takes(group) && !left.contains { $0.takes(group) } }
            func next(_ mayStart: (Lanes.Group) -> Bool) -> WaitingJob? {
                mails.next(bulkAllowed: bulkAllowed, prefersNew: slot.prefersNew, mayStart: mayStart)
            }
            if Scheduler.hasRoom(slot),
                let job = slot.preference.flatMap({ goesFirst in next { goesFirst($0.name) && mayStart($0) } })
                    ?? next(mayStart)
            {
                return pauses.cover(template: job.template)
                    ? .missed(job.state) : start(job, on: .relay(slot.relay))
            }
            if slot.isUp { left.append(slot) }
        }
        return nil
    }

    /// Says what a turn leaves to be done, once ``next(_:)`` gives nothing more.
    mutating func endTurn() -> [Action] {
        var actions: [Action] = []
        if mayStart { actions = connections() }
        var hasRoom = false
        for kind in dropped where count(kind) < mails.capacity / 2 && !(kind == .mail && isReading) {
            dropped.remove(kind)
            hasRoom = true
        }
        return hasRoom ? actions + [.readAgain] : actions
    }

    // Relays.

    private static func hasRoom(_ slot: Slot) -> Bool { !slot.isPaced && slot.hasRoom }

    /// The connections that waiting jobs ask for: of each relay for what it takes and those before it do not.
    private func connections() -> [Action] {
        guard let preferred else { return [] }
        var actions: [Action] = []
        var left: [Slot] = []
        for slot in slots where !pauses.cover(relay: slot.relay) {
            guard slot.relay == preferred.relay || slot.isUp || !slot.isOpen && slot.mayConnect else {
                continue
            }
            var jobs =
                slot.isOpen && left.isEmpty
                ? mails.count
                : mails.count { group in slot.takes(group) && !left.contains { $0.takes(group) } }
            if slot.relay == preferred.relay { jobs += data.count + flights.data.count }
            // Those behind the first have its relay, or wait for it.
            if let job = stale.first ?? prepared.first, mayTake(slot, job), !left.contains(where: { mayTake($0, job) })
            {
                jobs += carriedCount
            }
            if jobs > 0 {
                actions.append(.connect(relay: slot.relay, jobs: jobs))
                if slot.isPaced, slot.hasRoom { actions.append(.pace(relay: slot.relay)) }
            }
            if slot.isUp {
                if slot.isOpen, carriedCount == 0 { break }
                left.append(slot)
            }
        }
        return actions
    }

    /// The first relay that is up and takes the job, if it has room; another's only where that one is down. A relay
    /// whose breaker is open gets one job when its probe is due and has connected.
    private func slot(for job: WaitingJob) -> Slot? {
        for slot in slots where mayTake(slot, job) {
            if Scheduler.hasRoom(slot) { return slot }
            if slot.isUp { return nil }
        }
        return nil
    }

    private func mayTake(_ slot: Slot, _ job: WaitingJob) -> Bool {
        !pauses.cover(relay: slot.relay) && slot.takes(Lanes.Group(job.sender, unfit: job.unfit))
    }

    /// Whether a relay that is up takes the job, and it is only a matter of room.
    private func isSoonTaken(_ job: WaitingJob) -> Bool { slots.contains { $0.isUp && mayTake($0, job) } }

    /// The relay that connections are opened to.
    private var preferred: Slot? {
        var fallback: Slot?
        for slot in slots where !pauses.cover(relay: slot.relay) {
            if slot.isUp || slot.isProbe { return slot }
            if fallback == nil, slot.mayConnect { fallback = slot }
        }
        return fallback
    }

    /// Gives back a claimed mail that nothing will take soon: it waits in `new/` as all others do, for a relay, the end
    /// of a pause, or its expiry. One whose program has run may be the mail that a relay is tried with.
    private mutating func giveBack() -> Action? {
        guard isOpen, !isStopping, !isStuck, let first = stale.first ?? prepared.first else { return nil }
        guard pauses.all || !isSoonTaken(first) else { return nil }
        if let job = stale.popFirst() { return .giveBack(job.id, because: "the connection went stale") }
        let isTried = !pauses.all && preferred.map { mayTake($0, first) } == true
        guard prepared.count > (isTried ? 1 : 0), let job = prepared.popFirst() else { return nil }
        return .giveBack(job.id, because: "the relay failed while data ran")
    }

    /// While names wait unseen, bulk leaves half of the connections to what may be among them. Of the places for tasks
    /// it leaves one.
    private func bulkMayStart(_ kind: WaitingJob.Kind) -> Bool {
        switch kind {
        case .mail:
            guard isReading || arrivals.count > Scheduler.manyNames else { return true }
            return flights.bulkMails < max(slots.first { $0.isUp }?.limit ?? 1, 2) / 2
        case _ where refusals[kind]?.ofBulk == true: return false
        case .mailWithData: return true
        case .task: return flights.tasks.bulk < max(taskPlaces - 1, 1)
        }
    }

    // Programs.

    private func mayStartProgram(_ kind: WaitingJob.Kind) -> Bool {
        guard mayStart, !shortages.contains(kind), refusals[kind]?.ofAll != true else { return false }
        if kind == .task { return flights.tasks.count < taskPlaces }
        // Not before a relay would take the mail. One whose breaker is open is tried with one.
        guard flights.data.count < dataPlaces, let preferred else { return false }
        return preferred.isUp || preferred.isProbe && flights.data.count == 0
    }

    private func isFull(_ kind: WaitingJob.Kind, _ template: String) -> Bool {
        if let refused = refusals[kind], refused.templates.contains(ExactText(template)) { return true }
        guard let places = templatePlaces[template] else { return false }
        let running = kind == .task ? flights.tasks : flights.data
        return running.byTemplate[template, default: 0] >= places
    }

    private mutating func notePlaces(_ job: WaitingJob) {
        if job.kind != .mail { templatePlaces[job.template ?? ""] = job.places }
    }

    /// The templates of which as many programs run as may at a time.
    private func fullTemplates(_ kind: WaitingJob.Kind) -> Set<String> {  // exact: names of templates are ASCII
        let running = kind == .task ? flights.tasks : flights.data
        let refused = refusals[kind]?.templates.map(\.text) ?? []
        return Set(running.byTemplate.keys.filter { isFull(kind, $0) } + refused)
    }
}
