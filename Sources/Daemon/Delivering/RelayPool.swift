internal import EventLoop
internal import Linux
internal import Mail
internal import Relay
internal import SMTP
internal import Spool
internal import Text
internal import Time

/// Sends mail through one relay: opens connections as jobs wait, as many as it lets us have, and keeps them while
/// they are of use.
final class RelayPool: Courier {
    let name: String
    private(set) var settings: Settings.Relay
    private let curl: CurlLoop
    private let loop: EventLoop
    private let log: Log
    private let ledger: Ledger
    private(set) var standing: Standing
    private var ceiling: ConnectionCeiling
    private var care = Carefulness()
    private let memory: RelayMemory
    private let logins: RelayLogins
    /// All relays' allowances, of which it uses its own: it outlives this pool.
    private let allowances: Allowances
    private var connections: [RelayConnection] = []
    /// Those of them that are on their way.
    private var connecting: [RelayConnection] = []
    /// Those that were idle when they last said so; asked again when they are taken.
    private var idle: [RelayConnection] = []
    /// Deliveries in the middle that wait for a connection.
    private var parked: [RelayDelivery] = []
    /// How many jobs were handed over and have no outcome yet.
    private var inFlight = 0
    /// How many recipients the relay has shown to take at a time.
    private var recipientLimit = Int.max
    private var timer: EventLoop.Timer?
    /// Until when no connection is tried, because no descriptor was left for the last one; nil where there was.
    private var shortUntil: Int64?
    /// A job has asked for notifications in vain, and it was told.
    private var hasToldOfDSN = false
    /// How many connections failed while none stood yet and others were on their way.
    private var surplus = 0
    private var isRetired = false
    private var isStopping = false
    private let tell: (Report) -> Void

    init(
        _ settings: Settings.Relay, curl: CurlLoop, loop: EventLoop, ledger: Ledger, allowances: Allowances,
        tell: @escaping (Report) -> Void
    ) {
        name = settings.name
        self.settings = settings
        self.curl = curl
        self.loop = loop
        log = ledger.log
        self.ledger = ledger
        self.allowances = allowances
        self.tell = tell
        standing = Standing(
            limit: settings.connections, table: settings.replies, language: settings.connection.language)
        ceiling = ConnectionCeiling(limit: settings.connections)
        memory = RelayMemory { [log, name] in log.write("relay \(name): \($0)", .warning) }
        logins = RelayLogins(settings.connection, memory, on: loop)
        logins.onChange = { [unowned self] in
            standing.probeNow(at: Clock.monotonic)
            connect(for: 1)
        }
    }

    var breaker: Breaker { standing.breaker }

    private var isUp: Bool { !breaker.isOpen && !isRetired }

    private var isShort: Bool { shortUntil.map { Clock.monotonic < $0 } ?? false }

    /// How many connections there may be now.
    private var allowed: Int {
        let now = Clock.monotonic
        return min(breaker.allowed(at: now), ceiling.allowed(at: now))
    }

    /// What it can take now.
    var slot: Slot {
        let now = Clock.monotonic
        let allowance = allowances[name]
        // A relay whose quota is used up leaves all to the next one, as one that is down; and nothing is connected to.
        if !settings.quotas.isEmpty, allowance.room(at: .now) == 0 {
            return Slot(name, isUp: false, mayConnect: false, limit: settings.connections)
        }
        while let last = idle.last, !last.isIdle { idle.removeLast() }
        let hasRoom = mayTakeMore && parked.isEmpty && !idle.isEmpty
        var restriction: (@Sendable (String) -> Bool)?
        if !standing.isClear {
            let standing = standing
            restriction = { standing.takes($0, at: now) }
        }
        var slot = Slot(
            name, hasRoom: hasRoom, isPaced: hasRoom && allowance.pause(at: now) != nil, isUp: isUp,
            isProbe: breaker.isOpen && hasRoom, mayConnect: !isRetired && allowed > 0 && !isShort && !logins.isPausing,
            limit: settings.connections, prefersNew: breaker.isOpen && !breaker.isUnreachable,
            isSpecial: !settings.routing.isOpen,
            restriction: restriction)
        if standing.isOthersTurn {
            let standing = standing
            slot.preference = { !standing.isResting($0) }
        }
        return slot
    }

    /// Sends the job's letter on an idle connection. Where there is none any more, the job is carried on.
    func begin(_ job: ClaimedJob) {
        guard let letter = job.letter else { return tell(.carried(job, isPrepared: false)) }
        let delivery = RelayDelivery(job, letter, by: settings)
        guard delivery.hasRecipients else {
            job.shun(name)
            return tell(.unfit(job, delivery.rest.others))
        }
        let connection = popIdle(isNew: job.wantsNewConnection)
        guard connection != nil || job.wantsNewConnection else { return tell(.carried(job, isPrepared: false)) }
        job.attempt.relay = name
        job.startedAt = Clock.monotonic
        inFlight += 1
        standing.began(job.waiting.sender)
        allowances[name].start(at: Clock.monotonic)
        if let connection { hand(delivery, to: connection) } else { park(delivery) }
    }

    // Transactions.

    private func hand(_ delivery: RelayDelivery, to connection: RelayConnection) {
        let capabilities = connection.capabilities
        let room = allowances[name].room(at: .now)
        guard room > 0 else {
            if connection.isIdle, !idle.contains(where: { $0 === connection }) { idle.append(connection) }
            return end(delivery, because: "the relay's quota is used up")
        }
        let limit = min(settings.recipientsPerMail, capabilities.recipientLimit ?? .max, recipientLimit, room)
        if !capabilities.dsn, !hasToldOfDSN, delivery.letter.mail.dsn != nil {
            hasToldOfDSN = true
            log.write("relay \(name): does not offer DSN: `dsn` of jobs, as of \(delivery.job.id), is not passed on")
        }
        let body = delivery.body(for: capabilities)
        let envelope: Envelope
        do throws(EnvelopeError) {
            envelope = try delivery.nextEnvelope(limit: limit, size: body.count, capabilities)
        } catch {
            inFlight -= 1
            standing.end(delivery.job.waiting.sender)
            return tell(.refused(delivery.job, .job("\(error)")))
        }
        allowances[name].reserve(delivery.groupSize)
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
        allowances[name].settle(reserved: delivery.groupSize, taken: taken, at: .now)
        let fate = judge(&outcome, delivery)
        if isStopping, outcome.recipients.contains(where: \.isInDoubt) {
            inFlight -= 1
            return tell(.abandoned(delivery.job))
        }
        switch fate {
        case .reconnect(let reason) where !isStopping && !isRetired:
            connection?.quit()
            delivery.takeBack()
            delivery.job.wantsNewConnection = true
            return park(delivery, because: reason)
        case .reconnect(let reason), .putBack(let reason):
            // A dot in doubt stays in doubt, whoever is to blame.
            if !outcome.committed || outcome.fault == .none {
                outcome.recipients = outcome.recipients.map { _ in .notTried }
            }
            _ = delivery.enter(outcome)
            return end(delivery, because: reason)
        case .asSaid: break
        }
        if let limit = delivery.enter(outcome) { lowerLimit(to: limit) }
        guard delivery.goesOn(after: outcome), !isRetired, !isStopping, note(delivery) else {
            return end(delivery, because: outcome.fault.interruption)
        }
        delivery.job.wantsNewConnection = false
        // The connection is free only after this.
        loop.later { [self] in
            if let connection, connection.isIdle {
                hand(delivery, to: connection)
            } else if let connection = popIdle() {
                hand(delivery, to: connection)
            } else {
                park(delivery)
            }
        }
    }

    /// Says whose affair it was, and lets that rest.
    private func judge(_ outcome: inout TransactionOutcome, _ delivery: RelayDelivery) -> Standing.Fate {
        let sender = delivery.job.waiting.sender
        let wasOpen = breaker.isOpen
        let wasResting = standing.isResting(sender)
        switch outcome.fault {
        case .silent(let phase, _) where phase != .dot && phase != .body && care.isNews(.stepByStep):
            log.write("relay \(name): \(outcome.fault.reason ?? ""); from now on one command at a time", .warning)
        case .unordered(let reason) where care.isNews(.stepByStep):
            log.write("relay \(name): \(reason); from now on one command at a time", .warning)
            retireConnections()
        case .outOfStep(let reason):
            if care.isNews(.alone) {
                log.write("relay \(name): \(reason); from now on one command, and one mail, at a time", .warning)
                retireConnections()
                if !outcome.committed { return .reconnect(reason) }
            } else if !outcome.committed {
                outcome.recipients = outcome.recipients.map { _ in .deferred(.local(.outOfStep, reason)) }
            }
        default: break
        }
        let fate = standing.judge(&outcome, job: delivery.job.id.text, sender: sender, at: Clock.monotonic)
        if breaker.isOpen, !wasOpen {
            ledger.counters.breakerOpenings.count(name)
            log.write("relay \(name): breaker opened: \(breaker.reason ?? "")", .warning)
        } else if wasOpen, !breaker.isOpen {
            log.write("relay \(name): works again")
        } else if !wasResting, let reason = standing.reason(for: sender) {
            log.write(
                "relay \(name): refuses sender \(LogValue.address(sender).text), whose mails wait: \(reason)", .warning)
        } else if wasResting, !standing.isResting(sender) {
            log.write("relay \(name): takes sender \(LogValue.address(sender).text) again")
        }
        watchBreaker()
        return fate
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
        standing.end(job.waiting.sender)
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

    private func lowerLimit(to limit: Int) {
        guard limit < recipientLimit else { return }
        recipientLimit = limit
        log.write("relay \(name): takes \(limit) recipients at a time")
    }

    // Deliveries in the middle.

    /// Lets a delivery wait for a connection, for a new one where its job asks for that.
    private func park(_ delivery: RelayDelivery, because reason: String? = nil) {
        guard !isRetired, !isStopping else { return end(delivery, because: reason ?? "the daemon stops") }
        if logins.isPausing { return end(delivery, because: reason ?? "no login is tried for now") }
        parked.append(delivery)
        if connecting.count >= parked.count { return }
        // Within the limit: an idle one that has carried mail makes room for the new one.
        if connections.count >= max(allowed, 1), let used = popIdle() { used.quit() }
        connect()
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

    private func giveBack(_ connection: RelayConnection) {
        resume(on: connection)
        if connection.isIdle { idle.append(connection) }
    }

    private func popIdle(isNew: Bool = false) -> RelayConnection? {
        idle.removeAll { !$0.isIdle }
        guard let index = idle.lastIndex(where: { !isNew || $0.carried == 0 }) else { return nil }
        return idle.remove(at: index)
    }

    /// While the breaker is open one job tries the relay; behind that, as many as it allows connections.
    private var mayTakeMore: Bool {
        if isRetired { return false }
        let allowed = allowed
        return inFlight < allowed || !breaker.isOpen && allowed >= settings.connections
    }

    // Connections.

    /// A message was to start and the rate does not allow it yet: looks again when it does.
    func pace() {
        guard let wait = allowances[name].pause(at: Clock.monotonic) else { return }
        ledger.counters.rateWaits.count(name)
        wake(after: wait)
    }

    /// Opens connections for so many waiting jobs.
    func connect(for jobs: Int) {
        guard jobs > 0, !isRetired, !isShort, !logins.isPausing else { return }
        // Not more than its quota has room for; a probe needs none.
        let useful = min(jobs, max(allowances[name].room(at: .now), 1))
        var missing = useful - idle.count - connecting.count
        while missing > 0, connecting.count < logins.limit, connections.count < allowed {
            connect()
            missing -= 1
        }
        watchBreaker()
    }

    /// An open breaker is probed by a connection, whether jobs wait or not: another relay may have
    /// taken over, and this one is to have them back. A sender that rests has its jobs looked at when that is over.
    private func watchBreaker() {
        guard !isRetired else { return }
        let now = Clock.monotonic
        if let rest = standing.nextRest(after: now) { wake(after: Span(nanoseconds: rest - now)) }
        guard let probe = breaker.nextProbe, connecting.isEmpty else { return }
        let wait = max(probe, shortUntil ?? .min) - now
        // When it is due, a connection that is there is the probe: what becomes of it tells what comes next.
        guard wait > 0 || connections.isEmpty else { return }
        wake(after: Span(nanoseconds: max(wait, 0)))
    }

    private func wake(after wait: Span) {
        if let timer, timer.isPending, timer.deadline <= Clock.monotonic + wait.nanoseconds { return }
        timer?.cancel()
        timer = loop.schedule(after: wait) { [weak self] in
            guard let self, !isRetired else { return }
            if breaker.isDue(at: Clock.monotonic) { connect(for: 1) }
            watchBreaker()
            tell(.relayChanged)
        }
    }

    private func connect() {
        let connection = RelayConnection(curl, to: settings.connection, memory, care: care.now)
        ledger.counters.connections.count(name)
        connections.append(connection)
        connecting.append(connection)
        // A retired pool may end with its last connection, within one of these calls.
        connection.onReady = { [weak self, weak connection] _ in
            guard let self, let connection else { return }
            connecting.removeAll { $0 === connection }
            shortUntil = nil
            logins.worked()
            let wasOpen = breaker.isOpen
            standing.connected(at: Clock.monotonic)
            if connecting.isEmpty { countSurplus() }
            if wasOpen, !breaker.isOpen { log.write("relay \(name): works again") }
            giveBack(connection)
            tell(.relayChanged)
        }
        connection.onFailure = { [weak self, weak connection] failure in
            guard let self, let connection else { return }
            connecting.removeAll { $0 === connection }
            remove(connection)
            if failure.isShortage { lackedDescriptors() } else { failed(failure) }
            if connecting.isEmpty { endParked(failure.reason) }
        }
        connection.onIdle = { [weak self, weak connection] in
            guard let self, let connection else { return }
            giveBack(connection)
            tell(.relayChanged)
        }
        connection.onClosed = { [weak self, weak connection] closing in
            guard let self, let connection else { return }
            remove(connection)
            if case .idle(let reason) = closing {
                log.write("relay \(name): connection ended while idle: \(reason)")
                // One that was of no use at all is a relay that fails; else it would be asked again at once.
                if connection.carried == 0 {
                    memory.failed(at: connection.address)
                    failed("closed the connection unused: \(reason)")
                }
            }
            watchBreaker()
            tell(.relayChanged)
        }
        connection.connect()
    }

    private func remove(_ connection: RelayConnection) {
        connections.removeAll { $0 === connection }
        idle.removeAll { $0 === connection }
        if isRetired, connections.isEmpty { tell(.relayEmptied(self)) }
        // The last one that had logged in is gone: the next relay takes over until a login may be tried.
        if let pause = logins.rest, connections.isEmpty, !breaker.isOpen, !isRetired {
            failed("refused the last login", pause)
        }
    }

    /// Has connections end that were opened before the relay was known to need care.
    private func retireConnections() {
        idle = []
        for connection in connections where !connecting.contains(where: { $0 === connection }) { connection.quit() }
    }

    /// The process has as many files open as it may: the connections that are there go on, and the relay is not to
    /// blame.
    private func lackedDescriptors() {
        if shortUntil == nil {
            log.write("relay \(name): no connection: \(Errno.tooManyOpenFiles); tried again every second", .warning)
        }
        let wait = Span.seconds(1)
        shortUntil = Clock.monotonic + wait.nanoseconds
        wake(after: wait)
    }

    private func failed(_ failure: ConnectionFailure) {
        let others = connections.count - connecting.count
        if failure.refusesLogin || failure.concernsLogin && others == 0 { return loginFailed(failure) }
        // Those that are on their way will tell whether it is the relay.
        if others == 0, !connecting.isEmpty { return surplus += 1 }
        surplus = 0
        if others > 0 {
            // Others stand: it is one connection too many, and not a relay that is down.
            lowerCeiling(failure.reason)
            return tell(.relayChanged)
        }
        failed(reason(failure))
    }

    private func reason(_ failure: ConnectionFailure) -> String {
        let fault = failure.isConfigurationFault ? " (fix the configuration)" : ""
        let host = settings.connection.host
        let place = failure.address.flatMap { host.isExactly($0) ? nil : " at \($0)" } ?? ""
        return "failed at \(failure.phase)\(fault)\(place): \(failure.reason)"
    }

    /// No login is tried for a while. Connections that have logged in go on; without one the relay has failed.
    private func loginFailed(_ failure: ConnectionFailure) {
        // Those that were under way beside the one that was refused tell nothing new.
        if logins.isPausing { return tell(.relayChanged) }
        let pause = logins.refused(forGood: failure.refusesLogin)
        let why =
            reason(failure)
            + "; no login is tried for \(pause.approximate), unless the secret or the configuration changes"
        if connections.count > connecting.count {
            log.write("relay \(name) \(why)", .warning)
            wake(after: pause)
        } else {
            failed(why, pause)
        }
        tell(.relayChanged)
    }

    /// A login that was refused is tried again at once.
    func secretMayWork() { logins.mayWork() }

    /// Counts the connections that failed while others were on their way: some stand now, so these were too many.
    private func countSurplus() {
        if surplus > 0 { lowerCeiling("one more was refused while others stood") }
        surplus = 0
    }

    private func lowerCeiling(_ reason: String) {
        let now = Clock.monotonic
        guard ceiling.refused(standing: connections.count - connecting.count, at: now) else { return }
        log.write("relay \(name): \(ceiling.allowed(at: now)) connections for now: \(reason)")
    }

    private func failed(_ reason: String, _ pause: Span? = nil) {
        // Told when it begins, and again when another reason comes; not with each probe.
        let isNews = !breaker.isOpen || !FaultNews.isSame(reason, breaker.reason ?? "")
        if !breaker.isOpen { ledger.counters.breakerOpenings.count(name) }
        ledger.counters.connectionFailures.count(name)
        standing.relayFailed(reason, pause: pause, at: Clock.monotonic)
        if isNews || pause != nil { log.write("relay \(name) \(reason); no attempt is counted", .warning) }
        watchBreaker()
        tell(.relayChanged)
    }

    /// Takes nothing more. What is under way ends by itself; ``close()`` ends it.
    func stop(within grace: Span) {
        isStopping = true
        retire()
    }

    /// Ends every connection when what is under way on it is done; no job is taken any more.
    func retire() {
        isRetired = true
        timer?.cancel()
        logins.stop()
        endParked(isStopping ? "the daemon stops" : "the configuration has changed")
        // Those that are on their way carry nothing, and say nothing when they are closed.
        let unfinished = connecting
        connecting = []
        connections.removeAll { connection in unfinished.contains { $0 === connection } }
        for connection in unfinished { connection.close() }
        if connections.isEmpty { return tell(.relayEmptied(self)) }
        for connection in connections { connection.quit() }
    }

    /// Ends every connection now; what was under way is told its outcome before this returns.
    func close() {
        isRetired = true
        timer?.cancel()
        logins.stop()
        let all = connections
        (connections, connecting, idle) = ([], [], [])
        for connection in all { connection.close() }
        endParked("the daemon stops")
    }
}

extension Fault {
    /// What ended the transaction early, in one line; nil when nothing did.
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
    /// How far the relay's quotas are used up.
    func quotas(at now: Timestamp) -> [DaemonStatus.Quota] {
        allowances[name].quotas.map { quota in
            DaemonStatus.Quota(
                limit: quota.limit, unit: quota.unit.rawValue, used: quota.used(at: now),
                nextRoom: quota.nextRoom(after: now))
        }
    }

    /// What the metrics say of the relay.
    var measured: Metrics.Relay {
        Metrics.Relay(
            name: name, isOpen: breaker.isOpen, connections: connections.count, limit: settings.connections,
            inFlight: inFlight, quotas: quotas(at: .now))
    }
}
