internal import EventLoop
internal import Linux
internal import Relay
internal import SMTP
internal import Time

/// The connections to one relay: opened as jobs wait, as many as its breaker allows, kept while
/// they are of use.
final class RelayPool {
    let name: String
    private(set) var settings: Settings.Relay
    private let curl: CurlLoop
    private let loop: EventLoop
    private let log: Log
    private let ledger: Ledger
    private(set) var breaker: Breaker
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
    private var isRetired = false
    /// Told that a job may be handed over now, or that the relay's standing has changed.
    var onChange: () -> Void = {}
    /// Told when the last connection of a retired pool has ended.
    var onEmpty: () -> Void = {}

    init(_ settings: Settings.Relay, curl: CurlLoop, loop: EventLoop, ledger: Ledger) {
        name = settings.name
        self.settings = settings
        self.curl = curl
        self.loop = loop
        log = ledger.log
        self.ledger = ledger
        breaker = Breaker(limit: settings.connections)
        rate = settings.rate
    }

    /// Whether jobs may be counted on to go through this relay: its breaker is not open.
    var isUp: Bool { !breaker.isOpen && !isRetired }
    /// Whether a connection is there to try the relay with, whose breaker is open: one job decides.
    var hasProbe: Bool { breaker.isOpen && mayTakeMore && idle.contains { $0.room == .idle } }
    var connectionCount: Int { connections.count }
    var inFlightCount: Int { inFlight }
    var limit: Int { settings.connections }

    /// A connection that takes a job now: an idle one or, where that is wanted, one whose body is
    /// under way, so that the next envelope travels with it (RFC 2920). Nil when the rate is
    /// used up, too; `onChange` comes when there is room.
    func take(behind: Bool) -> RelayConnection? {
        guard mayTakeMore, let connection = popIdle() ?? (behind ? popUnderWay() : nil) else { return nil }
        // Asked of a copy: the right to start is used up by a message that does, see began().
        var rate = rate
        if let wait = rate?.take(at: Clock.monotonic) {
            giveBack(connection)
            ledger.counters.rateWaits.count(name)
            wake(after: wait)
            return nil
        }
        return connection
    }

    /// The connection has room anew, or was taken and not used.
    func giveBack(_ connection: RelayConnection) {
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

    /// A job is handed to a connection that ``take(behind:)`` gave; ``record(_:job:)`` is its end.
    func began() {
        inFlight += 1
        _ = rate?.take(at: Clock.monotonic)
    }

    /// Opens connections for so many waiting jobs.
    func demand(_ jobs: Int) {
        guard jobs > 0, !isRetired else { return }
        var missing = jobs - idle.count - connecting.count
        while missing > 0, connections.count < breaker.allowed(at: Clock.monotonic) {
            connect()
            missing -= 1
        }
        watchBreaker()
    }

    /// An open breaker is probed by a connection, whether jobs wait or not: another relay may have
    /// taken over, and this one is to have them back.
    private func watchBreaker() {
        guard !isRetired, let probe = breaker.nextProbe, connecting.isEmpty else { return }
        let wait = probe - Clock.monotonic
        // When it is due, a connection that is there is the probe: what becomes of it tells what comes next.
        guard wait > 0 || connections.isEmpty else { return }
        wake(after: Span(nanoseconds: max(wait, 0)))
    }

    private func wake(after wait: Span) {
        if let timer, timer.isPending, timer.deadline <= Clock.monotonic + wait.nanoseconds { return }
        timer?.cancel()
        timer = loop.schedule(after: wait) { [weak self] in
            guard let self, !isRetired else { return }
            if breaker.isOpen { demand(1) }
            onChange()
        }
    }

    private func connect() {
        let connection = RelayConnection(curl, to: settings.connection)
        ledger.counters.connections.count(name)
        connections.append(connection)
        connecting.append(connection)
        // A retired pool may end with its last connection, within one of these calls.
        connection.onReady = { [weak self, weak connection] _ in
            guard let self, let connection else { return }
            connecting.removeAll { $0 === connection }
            let wasOpen = breaker.isOpen
            breaker.connected(at: Clock.monotonic)
            if wasOpen, !breaker.isOpen { log.write("relay \(name): works again") }
            giveBack(connection)
            onChange()
        }
        connection.onFailure = { [weak self, weak connection] failure in
            guard let self, let connection else { return }
            connecting.removeAll { $0 === connection }
            remove(connection)
            failed(failure)
        }
        connection.onRoom = { [weak self, weak connection] in
            guard let self, let connection else { return }
            giveBack(connection)
            onChange()
        }
        connection.onClosed = { [weak self, weak connection] closing in
            guard let self, let connection else { return }
            remove(connection)
            if case .idle(let reason) = closing {
                log.write("relay \(name): connection ended while idle: \(reason)")
                // One that was of no use at all is a relay that fails; else it would be asked again at once.
                if connection.carried == 0 { failed("closed the connection unused: \(reason)") }
            }
            watchBreaker()
            onChange()
        }
        connection.connect()
    }

    private func remove(_ connection: RelayConnection) {
        connections.removeAll { $0 === connection }
        idle.removeAll { $0 === connection }
        underWay.removeAll { $0 === connection }
        if isRetired, connections.isEmpty { onEmpty() }
    }

    private func failed(_ failure: ConnectionFailure) {
        let code = failure.code.map { "\($0) " } ?? ""
        let fault = failure.isConfigurationFault ? " (the configuration is to be mended)" : ""
        failed("failed at \(failure.phase)\(fault): \(code)\(failure.reason)")
    }

    private func failed(_ reason: String) {
        // Told when it begins, and again when another reason comes; not with each probe.
        let isNews = !breaker.isOpen || breaker.reason != reason
        if !breaker.isOpen { ledger.counters.breakerOpenings.count(name) }
        ledger.counters.connectionFailures.count(name)
        breaker.relayFailed(reason, at: Clock.monotonic)
        if isNews { log.write("relay \(name) \(reason); no attempt is counted", .warning) }
        watchBreaker()
        onChange()
    }

    /// Takes note of how a transaction ended.
    func record(_ outcome: TransactionOutcome, job: String) {
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

    /// Ends every connection when what is under way on it is done; no job is taken any more.
    func retire() {
        isRetired = true
        timer?.cancel()
        // Those that are on their way carry nothing, and say nothing when they are closed.
        let unfinished = connecting
        connecting = []
        connections.removeAll { connection in unfinished.contains { $0 === connection } }
        for connection in unfinished { connection.close() }
        if connections.isEmpty { return onEmpty() }
        for connection in connections { connection.quit() }
    }

    /// Ends every connection now; what was under way is told its outcome before this returns.
    func close() {
        isRetired = true
        timer?.cancel()
        let all = connections
        (connections, connecting, idle, underWay) = ([], [], [], [])
        for connection in all { connection.close() }
    }
}

extension RelayPool {
    /// What the metrics say of the relay.
    var measured: Metrics.Relay {
        Metrics.Relay(
            name: name, isOpen: breaker.isOpen, connections: connectionCount, limit: limit, inFlight: inFlightCount)
    }
}
