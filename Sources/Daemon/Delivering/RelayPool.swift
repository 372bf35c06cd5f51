internal import EventLoop
internal import Linux
internal import Mail
internal import Relay
internal import SMTP
internal import Spool
internal import Text
internal import Time

/// Sends mail through one relay: hands the letters of jobs to its connections, and judges what comes of them.
final class RelayPool: Courier {
    let name: String
    private(set) var settings: Settings.Relay
    private let loop: EventLoop
    private let log: Log
    private let ledger: Ledger
    /// The relay's terms, which hold for all processes.
    let terms: any RelayTerms
    private let connections: RelayConnections
    /// Deliveries in the middle that wait for a connection.
    private var parked: [RelayDelivery] = []
    /// How many jobs were handed over and have no outcome yet.
    private var inFlight = 0
    /// A job has asked for notifications in vain, and it was told.
    private var hasToldOfDSN = false
    private var isStopping = false
    private let tell: (Report) -> Void

    init(
        _ settings: Settings.Relay, _ terms: any RelayTerms, curl: CurlLoop, loop: EventLoop, ledger: Ledger,
        tell: @escaping (Report) -> Void
    ) {
        name = settings.name
        self.settings = settings
        self.terms = terms
        self.loop = loop
        log = ledger.log
        self.ledger = ledger
        self.tell = tell
        connections = RelayConnections(settings, terms, curl: curl, loop: loop, ledger: ledger)
        connections.tell = { [weak self] in self?.hear($0) }
        terms.onChange = { [weak self] in self?.hear($0) }
    }

    var breaker: Breaker { terms.breaker }

    private func hear(_ change: TermsChange) {
        switch change {
        case .state:
            connections.watchBreaker()
            tell(.relayChanged)
        case .tryNow: connections.open(for: 1)
        case .careful: connections.retireOpen()
        case .recalled: connections.leave()
        case .granted:
            connections.open(forParked: parked.count)
            tell(.relayChanged)
        case .down(let reason): if !connections.areComing { endParked(reason) }
        }
    }

    private func hear(_ report: RelayConnections.Report) {
        switch report {
        case .idle(let connection):
            resume(on: connection)
            connections.keep(connection)
        case .failed(let reason): endParked(reason)
        case .changed: tell(.relayChanged)
        case .emptied: tell(.relayEmptied(self))
        }
    }

    /// The relay's capacity now.
    var slot: Slot {
        let now = Clock.monotonic
        // A relay whose quota is used up leaves all to the next one, as one that is down; and nothing is connected to.
        if !settings.quotas.isEmpty, terms.room == 0 {
            return Slot(name, isUp: false, mayConnect: false, limit: settings.connections)
        }
        let hasRoom = parked.isEmpty && mayTakeMore && connections.hasIdle
        let isOpen = terms.isOpen
        var slot = Slot(
            name, hasRoom: hasRoom, isPaced: hasRoom && terms.pause != nil, isUp: !isOpen && !connections.isRetired,
            isProbe: isOpen && hasRoom, mayConnect: terms.mayConnect && connections.mayOpen,
            limit: settings.connections, prefersNew: isOpen && !breaker.isUnreachable,
            isSpecial: !settings.routing.isOpen, restriction: terms.restriction(at: now))
        slot.preference = terms.preference
        return slot
    }

    /// While the breaker is open one job tries the relay; behind that, as many as it allows connections.
    private var mayTakeMore: Bool { !connections.isRetired && (inFlight < terms.allowed || terms.isUnlimited) }

    /// A message was to start and the rate does not allow it yet: looks again when it does.
    func pace() {
        guard let wait = terms.pause else { return }
        ledger.counters.rateWaits.count(name)
        connections.wake(after: wait)
    }

    /// Opens connections for so many waiting jobs; `isUrgent` where one of them is of a high priority.
    func connect(for jobs: Int, isUrgent: Bool = false) { connections.open(for: jobs, isUrgent: isUrgent) }

    /// Sends the job's letter on an idle connection. Without one, the job is carried on.
    func begin(_ job: ClaimedJob) {
        guard let letter = job.letter else { return tell(.carried(job, isPrepared: false)) }
        let delivery = RelayDelivery(job, letter, by: settings)
        guard delivery.hasRecipients else {
            job.shun(name)
            return tell(.unfit(job, delivery.rest.others))
        }
        let connection = connections.popIdle(isNew: job.wantsNewConnection)
        guard connection != nil || job.wantsNewConnection else { return tell(.carried(job, isPrepared: false)) }
        job.attempt.relay = name
        job.startedAt = Clock.monotonic
        inFlight += 1
        terms.began(job.waiting.sender)
        if let connection { hand(delivery, to: connection) } else { park(delivery) }
    }

    // Transactions.

    private func hand(_ delivery: RelayDelivery, to connection: RelayConnection) {
        let capabilities = connection.capabilities
        let limit = min(
            settings.recipientsPerMail, capabilities.recipientLimit ?? .max, terms.recipientLimit, delivery.remaining)
        let room = terms.reserve(limit)
        guard room > 0 else {
            connections.keep(connection)
            return end(delivery, because: "the relay's quota is used up")
        }
        if !capabilities.dsn, !hasToldOfDSN, delivery.letter.mail.dsn != nil {
            hasToldOfDSN = true
            log.write("relay \(name): does not offer DSN: `dsn` of jobs, as of \(delivery.job.id), is not passed on")
        }
        let body = delivery.body(for: capabilities)
        let envelope: Envelope
        do throws(EnvelopeError) {
            envelope = try delivery.nextEnvelope(limit: room, size: body.count, capabilities)
        } catch {
            inFlight -= 1
            terms.settle(reserved: room, taken: 0)
            terms.ended(delivery.job.waiting.sender)
            return tell(.refused(delivery.job, .job("\(error)")))
        }
        if delivery.groupSize < room { terms.settle(reserved: room - delivery.groupSize, taken: 0) }
        connection.send(
            envelope: envelope, body: body,
            commit: { [unowned self] accepted in mark(delivery, accepted) },
            completion: { [self, weak connection] outcome in conclude(delivery, outcome, on: connection) })
    }

    /// Nothing is sent without a record of it.
    private func mark(_ delivery: RelayDelivery, _ accepted: [Int]) -> Bool {
        let redirected = delivery.letter.mail.redirected
        let reason = redirected.isEmpty ? nil : "redirect_all_to, instead of \(redirected.joined(separator: ", "))"
        do throws(SpoolError) {
            try delivery.job.mark(.sending, to: delivery.addresses(accepted), reason: reason, now: .now)
            return true
        } catch {
            tell(.diskRefused(error))
            return false
        }
    }

    private func conclude(_ delivery: RelayDelivery, _ outcome: TransactionOutcome, on connection: RelayConnection?) {
        var outcome = outcome
        // Who may have been accepted counts.
        let taken = outcome.recipients.count { $0.isSent || $0.isInDoubt }
        terms.settle(reserved: delivery.groupSize, taken: taken)
        let job = delivery.job
        let fate = terms.judge(&outcome, job: job.id.text, sender: job.waiting.sender)
        connections.watchBreaker()
        if isStopping, outcome.recipients.contains(where: \.isInDoubt) {
            inFlight -= 1
            return tell(.abandoned(job))
        }
        switch fate {
        case .reconnect(let reason) where !isStopping && !connections.isRetired:
            connection?.quit()
            delivery.takeBack()
            job.wantsNewConnection = true
            return park(delivery, because: reason)
        case .reconnect(let reason), .putBack(let reason):
            // A dot in doubt stays in doubt, whichever side is to blame.
            if !outcome.committed || outcome.fault == .none {
                outcome.recipients = outcome.recipients.map { _ in .notTried }
            }
            _ = delivery.enter(outcome)
            return end(delivery, because: reason)
        case .asSaid: break
        }
        if let limit = delivery.enter(outcome) { terms.lowerRecipientLimit(to: limit) }
        guard delivery.goesOn(after: outcome), !connections.isRetired, !isStopping, note(delivery) else {
            return end(delivery, because: outcome.fault.interruption)
        }
        job.wantsNewConnection = false
        // The connection is free only after this.
        loop.later { [self] in
            if let connection, connection.isIdle {
                hand(delivery, to: connection)
            } else if let connection = connections.popIdle() {
                hand(delivery, to: connection)
            } else {
                park(delivery)
            }
        }
    }

    /// Writes down what has come of some recipients before others are sent to.
    private func note(_ delivery: RelayDelivery) -> Bool {
        let job = delivery.job
        let news = delivery.news
        if news.isEmpty { return true }
        let verdict = Verdict(news, of: job.attempt, now: .now, jitter: 0)
        do throws(SpoolError) { try job.note(verdict.events) } catch {
            tell(.diskRefused(error))
            return false
        }
        delivery.noteNews()
        job.attempt.disallowed = []
        ledger.reported(job, verdict, now: .now)
        return true
    }

    private func end(_ delivery: RelayDelivery, because interruption: String?) {
        inFlight -= 1
        let job = delivery.job
        terms.ended(job.waiting.sender)
        // What is settled here is written down before another relay goes on; a disk that refuses that gets the verdict,
        // which waits for it.
        let isPassedOn = !delivery.rest.others.isEmpty && note(delivery)
        let (own, others) = delivery.rest
        job.kept += own
        if isPassedOn {
            job.shun(name)
            return tell(.unfit(job, others))
        }
        job.kept += others.map { ($0.recipient, $0.outcome.refusal.map { .deferred($0) } ?? $0.outcome) }
        let now = Timestamp.now
        let verdict = Verdict(
            job.kept, of: job.attempt, interruption: interruption, now: now, jitter: .random(in: -1...1))
        ledger.attempted(job, verdict, now: now)
        tell(.verdict(job, verdict))
    }

    // Deliveries in the middle.

    /// Lets a delivery wait for a connection, for a new one where its job asks for that.
    private func park(_ delivery: RelayDelivery, because reason: String? = nil) {
        guard !connections.isRetired, !isStopping else {
            return end(delivery, because: reason ?? "the daemon stops")
        }
        if terms.isPausingLogins { return end(delivery, because: reason ?? "no login is tried for now") }
        parked.append(delivery)
        connections.replace(forParked: parked.count)
    }

    /// Goes on with the deliveries that wait, as far as the connection suits them.
    private func resume(on connection: RelayConnection) {
        guard connection.isIdle,
            let index = parked.firstIndex(where: { !$0.job.wantsNewConnection || connection.carried == 0 })
        else { return }
        hand(parked.remove(at: index), to: connection)
    }

    /// No connection comes: what waits in the middle waits with all others.
    private func endParked(_ reason: String) {
        let deliveries = parked
        parked = []
        for delivery in deliveries { end(delivery, because: reason) }
    }

    /// A login that was refused is tried again at once.
    func secretMayWork() { terms.secretMayWork() }

    /// Takes nothing more. What is under way ends by itself; ``close()`` ends it.
    func stop(within grace: Span) {
        isStopping = true
        retire()
    }

    /// Ends every connection when what is under way on it is done; no job is taken any more.
    func retire() {
        connections.beginRetiring()
        endParked(isStopping ? "the daemon stops" : "the configuration has changed")
        connections.retire()
    }

    /// Ends every connection now; what was under way is told its outcome before this returns.
    func close() {
        connections.close()
        endParked("the daemon stops")
    }
}

extension Fault {
    /// The reason why the transaction ended early, in one line, or nil.
    fileprivate var interruption: String? {
        switch self {
        case .none: nil
        case .stale(let reason), .outOfStep(let reason), .unordered(let reason): reason
        case .interrupted(let phase, let reason), .silent(let phase, let reason): "\(reason) (at \(phase))"
        case .aborted: "given back before the mail was sent"
        }
    }
}

extension RelayPool {
    /// The relay's values for the metrics.
    var measured: Metrics.Relay {
        Metrics.Relay(
            name: name, isOpen: breaker.isOpen, connections: connections.count, limit: settings.connections,
            inFlight: inFlight, quotas: terms.quotas.map { DaemonStatus.Quota($0, at: .now) })
    }
}

extension DaemonStatus.Relay {
    /// How many refused senders are listed.
    private static let senderLimit = 10

    /// The relay's entry in `status.json`.
    init(_ terms: any RelayTerms, limit: Int, connections: Int, now: Timestamp) {
        self.init(
            name: terms.name, isOpen: terms.isOpen, reason: terms.breaker.reason, connections: connections,
            limit: limit, quotas: terms.quotas.map { DaemonStatus.Quota($0, at: now) })
        let resting = terms.resting
        refused = resting.count
        refusedSenders = Array(resting.map { "\($0.sender): \($0.reason)" }.sorted().prefix(Self.senderLimit))
    }
}

extension DaemonStatus.Quota {
    fileprivate init(_ quota: Quota, at now: Timestamp) {
        self.init(
            limit: quota.limit, unit: quota.unit.rawValue, used: quota.used(at: now),
            nextRoom: quota.nextRoom(after: now))
    }
}
