internal import EventLoop
internal import Linux
internal import Relay
internal import SMTP
internal import Time

/// The connections of this process to one relay: opens them as jobs wait, as many as the terms allow, and knows which are
/// idle.
final class RelayConnections {
    /// Its reports to the pool.
    enum Report {
        /// A connection has nothing to do: the pool takes it or gives it to ``keep(_:)``.
        case idle(RelayConnection)
        /// No connection comes.
        case failed(String)
        /// The relay's capacity has changed.
        case changed
        /// The last connection has ended, and none is opened any more.
        case emptied
    }

    private let name: String
    private let settings: Settings.Relay
    private let terms: any RelayTerms
    private let curl: CurlLoop
    private let loop: EventLoop
    private let ledger: Ledger
    private var all: [RelayConnection] = []
    /// Those of them that are on their way.
    private var coming: [RelayConnection] = []
    /// Those that were idle when they last said so; asked again when they are taken.
    private var idle: [RelayConnection] = []
    /// Those that end although the relay could be used: others have need of them.
    private var leaving: [RelayConnection] = []
    private var timer: EventLoop.Timer?
    /// Until when no connection is tried, because no descriptor was left for the last one; nil where there was.
    private var shortUntil: Int64?
    private(set) var isRetired = false
    var tell: (Report) -> Void = { _ in }

    init(_ settings: Settings.Relay, _ terms: any RelayTerms, curl: CurlLoop, loop: EventLoop, ledger: Ledger) {
        name = settings.name
        self.settings = settings
        self.terms = terms
        self.curl = curl
        self.loop = loop
        self.ledger = ledger
    }

    var count: Int { all.count }

    /// Some are on their way.
    var areComing: Bool { !coming.isEmpty }

    /// Whether this process could open another one.
    var mayOpen: Bool { !isRetired && !isShort }

    private var isShort: Bool { shortUntil.map { Clock.monotonic < $0 } ?? false }

    // Those that are idle.

    var hasIdle: Bool {
        while let last = idle.last, !last.isIdle { idle.removeLast() }
        return !idle.isEmpty
    }

    /// Takes an idle one, or one that has carried nothing where `isNew`; or nil.
    func popIdle(isNew: Bool = false) -> RelayConnection? {
        guard isNew else {
            while let last = idle.popLast() { if last.isIdle { return last } }
            return nil
        }
        idle.removeAll { !$0.isIdle }
        return idle.lastIndex { $0.carried == 0 }.map { idle.remove(at: $0) }
    }

    /// Keeps a connection for later, if it is idle.
    func keep(_ connection: RelayConnection) {
        guard connection.isIdle, !idle.contains(where: { $0 === connection }) else { return }
        if leaving.count < terms.recalled { leave(connection) } else { idle.append(connection) }
    }

    /// Gives idle connections up of which others have need; those that are busy follow when they are not.
    func leave() { while leaving.count < terms.recalled, let idle = popIdle() { leave(idle) } }

    private func leave(_ connection: RelayConnection) {
        leaving.append(connection)
        connection.quit()
    }

    // Opening.

    /// Opens connections for so many waiting jobs; `isUrgent` where one of them is of a high priority.
    func open(for jobs: Int, isUrgent: Bool = false) {
        guard jobs > 0, mayOpen, !terms.isPausingLogins else { return }
        // Not more than its quota has room for; a probe needs none.
        let useful = min(jobs, max(terms.room, 1))
        var missing = useful - idle.count - coming.count
        while missing > 0, terms.openings > 0, all.count < terms.allowed {
            open()
            missing -= 1
        }
        terms.wants(max(missing, 0), isUrgent: isUrgent)
        watchBreaker()
    }

    /// Opens a connection for deliveries in the middle, `count` of which wait for one.
    func replace(forParked count: Int) {
        if coming.count >= count { return }
        guard terms.mayReplace else { return terms.wants(count, isUrgent: true) }
        // Within the limit: an idle one that has carried mail makes room for the new one.
        if all.count >= max(terms.allowed, 1), let used = popIdle() { used.quit() }
        open()
    }

    /// More connections may be opened: for `count` deliveries in the middle that wait for one, or to try the relay.
    func open(forParked count: Int) {
        guard mayOpen else { return }
        if count > coming.count, all.count < terms.allowed { open() }
        if terms.isOpen { open(for: 1) }
    }

    /// An open breaker is probed by a connection, whether jobs wait or not: another relay may have
    /// taken over, and this one is to have them back. A sender that rests has its jobs looked at when that is over.
    func watchBreaker() {
        guard !isRetired else { return }
        let now = Clock.monotonic
        if let rest = terms.nextRest(after: now) { wake(after: Span(nanoseconds: rest - now)) }
        if let rest = terms.loginRest { wake(after: rest) }
        guard let probe = terms.breaker.nextProbe, coming.isEmpty else { return }
        let wait = max(probe, shortUntil ?? .min) - now
        // When it is due, a connection that is there is the probe: what becomes of it tells what comes next.
        guard wait > 0 || all.isEmpty else { return }
        wake(after: Span(nanoseconds: max(wait, 0)))
    }

    /// Looks again after a while what may be done.
    func wake(after wait: Span) {
        if let timer, timer.isPending, timer.deadline <= Clock.monotonic + wait.nanoseconds { return }
        timer?.cancel()
        timer = loop.schedule(after: wait) { [weak self] in
            guard let self, !isRetired else { return }
            if terms.breaker.isDue(at: Clock.monotonic) { open(for: 1) }
            watchBreaker()
            tell(.changed)
        }
    }

    private func open() {
        let connection = RelayConnection(curl, to: settings.connection, terms.memory, care: terms.care)
        ledger.counters.connections.count(name)
        all.append(connection)
        coming.append(connection)
        terms.opening()
        // A retired pool may end with its last connection, within one of these calls.
        connection.onReady = { [weak self, weak connection] _ in
            guard let self, let connection else { return }
            coming.removeAll { $0 === connection }
            shortUntil = nil
            terms.opened()
            tell(.idle(connection))
            tell(.changed)
        }
        connection.onFailure = { [weak self, weak connection] failure in
            guard let self, let connection else { return }
            coming.removeAll { $0 === connection }
            remove(connection)
            if failure.isShortage {
                terms.gaveUp()
                lackedDescriptors()
            } else {
                terms.failed(failure)
            }
            if coming.isEmpty { tell(.failed(failure.reason)) }
        }
        connection.onIdle = { [weak self, weak connection] in
            guard let self, let connection else { return }
            tell(.idle(connection))
            tell(.changed)
        }
        connection.onClosed = { [weak self, weak connection] closing in
            guard let self, let connection else { return }
            remove(connection)
            var unused: String?
            if case .idle(let reason) = closing {
                ledger.log.write("relay \(name): connection ended while idle: \(reason)")
                // One that was of no use at all is a relay that fails; else it would be asked again at once.
                if connection.carried == 0 {
                    terms.memory.failed(at: connection.address)
                    unused = reason
                }
            }
            terms.closed(unused: unused)
            watchBreaker()
            tell(.changed)
        }
        connection.connect()
    }

    private func remove(_ connection: RelayConnection) {
        all.removeAll { $0 === connection }
        idle.removeAll { $0 === connection }
        leaving.removeAll { $0 === connection }
        if isRetired, all.isEmpty { tell(.emptied) }
    }

    /// The process has as many files open as it may: the connections that are there go on, and the relay is not to
    /// blame.
    private func lackedDescriptors() {
        if shortUntil == nil {
            ledger.log.write(
                "relay \(name): no connection: \(Errno.tooManyOpenFiles); tried again every second", .warning)
        }
        let wait = Span.seconds(1)
        shortUntil = Clock.monotonic + wait.nanoseconds
        wake(after: wait)
    }

    // Ending.

    /// Has connections end that were opened before the relay was known to need care.
    func retireOpen() {
        idle = []
        for connection in all where !coming.contains(where: { $0 === connection }) { connection.quit() }
    }

    /// Opens none any more.
    func beginRetiring() {
        isRetired = true
        timer?.cancel()
        terms.retire()
    }

    /// Ends each one when what is under way on it is done.
    func retire() {
        beginRetiring()
        // Those that are on their way carry nothing, and say nothing when they are closed.
        let unfinished = coming
        coming = []
        all.removeAll { connection in unfinished.contains { $0 === connection } }
        for connection in unfinished {
            connection.close()
            terms.gaveUp()
        }
        if all.isEmpty { return tell(.emptied) }
        for connection in all { connection.quit() }
    }

    /// Ends each one now; what was under way is told its outcome before this returns.
    func close() {
        beginRetiring()
        let (ended, unfinished) = (all, coming.count)
        (all, coming, idle, leaving) = ([], [], [], [])
        for (index, connection) in ended.enumerated() {
            connection.close()
            if index < unfinished { terms.gaveUp() } else { terms.closed(unused: nil) }
        }
    }
}
