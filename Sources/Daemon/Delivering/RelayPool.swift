internal import EventLoop
internal import Linux
internal import Mail
internal import Relay
internal import SMTP
internal import Spool
internal import Text
internal import Time

/// Sends mail through one relay: opens connections as jobs wait, as many as its breaker allows, and keeps them while
/// they are of use.
final class RelayPool: Courier {
    let name: String
    private(set) var settings: Settings.Relay
    private let curl: CurlLoop
    private let loop: EventLoop
    private let log: Log
    private let ledger: Ledger
    private(set) var breaker: Breaker
    private let memory: RelayMemory
    private var logins = LoginPause()
    /// While no login is tried, looks whether the password is another one.
    private var secretTimer: EventLoop.Timer?
    private var rate: RateLimit?
    private var connections: [RelayConnection] = []
    /// Those of them that are on their way.
    private var connecting: [RelayConnection] = []
    /// Those that had room when they last said so; asked again when they are taken.
    private var idle: [RelayConnection] = []
    private var underWay: [RelayConnection] = []
    /// How many jobs were handed over and have no outcome yet.
    private var inFlight = 0
    private var timer: EventLoop.Timer?
    /// Until when no connection is tried, because no descriptor was left for the last one; nil where there was.
    private var shortUntil: Int64?
    private var isRetired = false
    private var isStopping = false
    private let tell: (Report) -> Void

    init(
        _ settings: Settings.Relay, curl: CurlLoop, loop: EventLoop, ledger: Ledger, tell: @escaping (Report) -> Void
    ) {
        name = settings.name
        self.settings = settings
        self.curl = curl
        self.loop = loop
        log = ledger.log
        self.ledger = ledger
        self.tell = tell
        breaker = Breaker(limit: settings.connections)
        rate = settings.rate
        memory = RelayMemory { [log, name] in log.write("relay \(name): \($0)", .warning) }
    }

    private var isUp: Bool { !breaker.isOpen && !isRetired }

    private var isShort: Bool { shortUntil.map { Clock.monotonic < $0 } ?? false }

    /// What it can take now.
    var slot: Slot {
        let mayTake = mayTakeMore
        while let last = idle.last, last.room != .idle { idle.removeLast() }
        while let last = underWay.last, last.room == .none { underWay.removeLast() }
        let room: Slot.Room = !mayTake ? .none : !idle.isEmpty ? .idle : !underWay.isEmpty ? .behind : .none
        // Asked of a copy: the right to start is used up by a message that does.
        var rate = rate
        return Slot(
            name, room: room, isPaced: room != .none && rate?.take(at: Clock.monotonic) != nil, isUp: isUp,
            isProbe: breaker.isOpen && room == .idle,
            mayConnect: !isRetired && breaker.allowed(at: Clock.monotonic) > 0 && !isShort,
            limit: settings.connections)
    }

    /// Sends the job's letter on an idle connection, else behind a body that is under way. Where there is neither any
    /// more, the job is carried on.
    func begin(_ job: ClaimedJob) {
        guard let letter = job.letter, let connection = popIdle() ?? popUnderWay() else {
            return tell(.carried(job, isPrepared: false))
        }
        job.attempt.relay = name
        job.startedAt = Clock.monotonic
        inFlight += 1
        _ = rate?.take(at: Clock.monotonic)
        connection.send(
            envelope: letter.envelope, body: letter.mail.bytes,
            commit: { [unowned self] accepted in mark(job, letter, accepted.map { letter.recipients[$0] }) },
            completion: { [self] outcome in conclude(job, letter, outcome) })
        // What the job leaves of its connection is the next one's.
        giveBack(connection)
    }

    /// Nothing is sent without a record of it.
    private func mark(_ job: ClaimedJob, _ letter: ClaimedJob.Letter, _ accepted: [String]) -> Bool {
        let redirected = letter.mail.redirected
        let reason = redirected.isEmpty ? nil : "redirect_all_to, instead of \(redirected.joined(separator: ", "))"
        do throws(SpoolError) {
            try job.mark(.sending, to: accepted, reason: reason, now: .now)
            return true
        } catch {
            tell(.diskRefused(error))
            return false
        }
    }

    private func conclude(_ job: ClaimedJob, _ letter: ClaimedJob.Letter, _ outcome: TransactionOutcome) {
        record(outcome, job: job.id.text)
        if case .stale = outcome.fault, !isStopping { return tell(.carried(job, isPrepared: false)) }
        let pairs = zip(letter.recipients, outcome.recipients).map { (recipient: $0, outcome: $1) }
        if isStopping, pairs.contains(where: { if case .inDoubt = $0.outcome { true } else { false } }) {
            return tell(.abandoned(job))
        }
        let now = Timestamp.now
        let verdict = Verdict(
            pairs, of: job.attempt, interruption: outcome.fault.interruption, now: now, jitter: .random(in: -1...1))
        ledger.attempted(job, verdict, now: now)
        tell(.verdict(job, verdict))
    }

    private func giveBack(_ connection: RelayConnection) {
        switch connection.room {
        case .idle: idle.append(connection)
        case .behind: underWay.append(connection)
        case .none: break
        }
    }

    private func popIdle() -> RelayConnection? {
        while let connection = idle.popLast() { if connection.room == .idle { return connection } }
        return nil
    }

    private func popUnderWay() -> RelayConnection? {
        while let connection = underWay.popLast() { if connection.room != .none { return connection } }
        return nil
    }

    /// While the breaker is open one job tries the relay; behind that, as many as it allows connections.
    private var mayTakeMore: Bool {
        if isRetired { return false }
        let allowed = breaker.allowed(at: Clock.monotonic)
        return inFlight < allowed || !breaker.isOpen && allowed >= settings.connections
    }

    /// A message was to start and the rate does not allow it yet: looks again when it does.
    func pace() {
        var rate = rate
        guard let wait = rate?.take(at: Clock.monotonic) else { return }
        ledger.counters.rateWaits.count(name)
        wake(after: wait)
    }

    /// Opens connections for so many waiting jobs.
    func connect(for jobs: Int) {
        guard jobs > 0, !isRetired, !isShort else { return }
        var missing = jobs - idle.count - connecting.count
        let logins = settings.connection.user == nil ? Int.max : self.logins.limit
        while missing > 0, connecting.count < logins, connections.count < breaker.allowed(at: Clock.monotonic) {
            connect()
            missing -= 1
        }
        watchBreaker()
    }

    /// An open breaker is probed by a connection, whether jobs wait or not: another relay may have
    /// taken over, and this one is to have them back.
    private func watchBreaker() {
        guard !isRetired, let probe = breaker.nextProbe, connecting.isEmpty else { return }
        let wait = max(probe, shortUntil ?? .min) - Clock.monotonic
        // When it is due, a connection that is there is the probe: what becomes of it tells what comes next.
        guard wait > 0 || connections.isEmpty else { return }
        wake(after: Span(nanoseconds: max(wait, 0)))
    }

    private func wake(after wait: Span) {
        if let timer, timer.isPending, timer.deadline <= Clock.monotonic + wait.nanoseconds { return }
        timer?.cancel()
        timer = loop.schedule(after: wait) { [weak self] in
            guard let self, !isRetired else { return }
            if breaker.isOpen { connect(for: 1) }
            tell(.relayChanged)
        }
    }

    private func connect() {
        let connection = RelayConnection(curl, to: settings.connection, memory)
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
            breaker.connected(at: Clock.monotonic)
            if wasOpen, !breaker.isOpen { log.write("relay \(name): works again") }
            giveBack(connection)
            tell(.relayChanged)
        }
        connection.onFailure = { [weak self, weak connection] failure in
            guard let self, let connection else { return }
            connecting.removeAll { $0 === connection }
            remove(connection)
            if failure.isShortage { lackedDescriptors() } else { failed(failure) }
        }
        connection.onRoom = { [weak self, weak connection] in
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
        underWay.removeAll { $0 === connection }
        if isRetired, connections.isEmpty { tell(.relayEmptied(self)) }
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
        let fault = failure.isConfigurationFault ? " (fix the configuration)" : ""
        let host = settings.connection.host
        let place = failure.address.flatMap { host.isExactly($0) ? nil : " at \($0)" } ?? ""
        var reason = "failed at \(failure.phase)\(fault)\(place): \(failure.reason)"
        // Those that were under way beside the one that was refused tell nothing new.
        guard failure.concernsLogin, !breaker.isOpen || breaker.allowed(at: Clock.monotonic) > 0 else {
            return failed(reason)
        }
        let pause = logins.refused(forGood: failure.refusesLogin)
        reason += "; no login is tried for \(pause.approximate), unless the secret or the configuration changes"
        failed(reason, pause)
        watchSecret()
    }

    private func failed(_ reason: String, _ pause: Span? = nil) {
        // Told when it begins, and again when another reason comes; not with each probe.
        let isNews = !breaker.isOpen || breaker.reason != reason
        if !breaker.isOpen { ledger.counters.breakerOpenings.count(name) }
        ledger.counters.connectionFailures.count(name)
        breaker.relayFailed(reason, pause: pause, at: Clock.monotonic)
        if isNews { log.write("relay \(name) \(reason); no attempt is counted", .warning) }
        watchBreaker()
        tell(.relayChanged)
    }

    /// Ends the pause after a login that was refused when the file with the secret is another one.
    private func watchSecret() {
        secretTimer?.cancel()
        secretTimer = loop.schedule(after: .seconds(2)) { [weak self] in
            guard let self, logins.isOn, !isRetired else { return }
            if memory.isSecretNew { secretMayWork() } else { watchSecret() }
        }
    }

    /// A login that was refused is tried again at once.
    func secretMayWork() {
        guard logins.isOn else { return }
        logins.end()
        breaker.probeNow(at: Clock.monotonic)
        connect(for: 1)
    }

    private func record(_ outcome: TransactionOutcome, job: String) {
        inFlight -= 1
        let wasOpen = breaker.isOpen
        breaker.record(outcome, job: job, at: Clock.monotonic)
        if breaker.isOpen, !wasOpen {
            ledger.counters.breakerOpenings.count(name)
            log.write("relay \(name): breaker opened: \(breaker.reason ?? "")", .warning)
            watchBreaker()
        } else if wasOpen, !breaker.isOpen {
            log.write("relay \(name): works again")
        }
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
        secretTimer?.cancel()
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
        secretTimer?.cancel()
        let all = connections
        (connections, connecting, idle, underWay) = ([], [], [], [])
        for connection in all { connection.close() }
    }
}

extension Fault {
    /// What ended the transaction early, in one line; nil when nothing did.
    fileprivate var interruption: String? {
        switch self {
        case .none: nil
        case .relay(let reason), .stale(let reason): reason
        case .interrupted(let phase, let reason): "\(reason) (at \(phase))"
        case .aborted: "given back before the mail was sent"
        }
    }
}

extension RelayPool {
    /// What the metrics say of the relay.
    var measured: Metrics.Relay {
        Metrics.Relay(
            name: name, isOpen: breaker.isOpen, connections: connections.count, limit: settings.connections,
            inFlight: inFlight)
    }
}
