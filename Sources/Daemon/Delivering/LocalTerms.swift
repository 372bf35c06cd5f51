internal import EventLoop
internal import Linux
internal import Relay
internal import SMTP
internal import Text
internal import Time

/// The terms of a relay where they are decided: by the daemon that is one process, and by the parent of workers, to which
/// the connections of all of them count.
final class LocalTerms: RelayTerms {
    let name: String
    private let settings: Settings.Relay
    private let loop: EventLoop
    private let ledger: Ledger
    /// All relays' allowances, of which it uses its own: it outlives these terms.
    private let allowances: Allowances
    let memory: RelayMemory
    private(set) var standing: Standing { didSet { noteStanding() } }
    /// The breaker, apart from the standing: it is asked several times for each mail, and a copy of the standing costs
    /// more.
    private(set) var breaker: Breaker
    private(set) var isOpen = false
    private var isClear = true
    private var ceiling: ConnectionCeiling
    private var carefulness = Carefulness()
    private var logins = LoginPause()
    private var secretTimer: EventLoop.Timer?
    private(set) var recipientLimit = Int.max
    /// All connections, and those of them that are on their way.
    private(set) var connections = 0
    private(set) var connecting = 0
    /// How many connections failed while none stood yet and others were on their way.
    private var surplus = 0
    private var isRetired = false
    var onChange: (TermsChange) -> Void = { _ in }

    init(_ settings: Settings.Relay, loop: EventLoop, ledger: Ledger, allowances: Allowances) {
        name = settings.name
        self.settings = settings
        self.loop = loop
        self.ledger = ledger
        self.allowances = allowances
        let standing = Standing(
            limit: settings.connections, table: settings.replies, language: settings.connection.language)
        self.standing = standing
        breaker = standing.breaker
        ceiling = ConnectionCeiling(limit: settings.connections)
        let log = ledger.log
        memory = RelayMemory { [name] in log.write("relay \(name): \($0)", .warning) }
    }

    // How the relay stands.

    private func noteStanding() {
        breaker = standing.breaker
        (isOpen, isClear) = (breaker.isOpen, standing.isClear)
    }

    var resting: [(sender: String, reason: String)] { standing.resting }

    func restriction(at now: Int64) -> (@Sendable (String) -> Bool)? {
        if isClear { return nil }
        let standing = standing
        return { standing.takes($0, at: now) }
    }

    var preference: (@Sendable (String) -> Bool)? {
        guard !isClear, standing.isOthersTurn else { return nil }
        let standing = standing
        return { !standing.isResting($0) }
    }

    func nextRest(after now: Int64) -> Int64? { standing.nextRest(after: now) }

    /// The slot has said already who may.
    func admits(_ sender: String) -> Bool { true }

    func withdraw() {}

    func began(_ sender: String) {
        standing.began(sender)
        if settings.rate != nil { allowances[name].start(at: Clock.monotonic) }
    }

    func ended(_ sender: String) { standing.end(sender) }

    func judge(_ outcome: inout TransactionOutcome, job: String, sender: String) -> Standing.Fate {
        if let fate = takeCare(after: &outcome) { return fate }
        return judge(Evidence(&outcome, by: settings.replies), job: job, sender: sender)
    }

    /// Says whose affair it was, and lets that rest.
    func judge(_ evidence: Evidence, job: String, sender: String) -> Standing.Fate {
        let wasOpen = breaker.isOpen
        let wasResting = standing.isResting(sender)
        let fate = standing.judge(evidence, job: job, sender: sender, at: Clock.monotonic)
        if breaker.isOpen, !wasOpen {
            ledger.counters.breakerOpenings.count(name)
            tell("breaker opened: \(breaker.reason ?? "")", .warning)
        } else if wasOpen, !breaker.isOpen {
            tell("works again")
        } else if !wasResting, let reason = standing.reason(for: sender) {
            tell("refuses sender \(LogValue.address(sender).text), whose mails wait: \(reason)", .warning)
        } else if wasResting, !standing.isResting(sender) {
            tell("takes sender \(LogValue.address(sender).text) again")
        }
        return fate
    }

    private func tell(_ news: String, _ level: Log.Level = .info) { ledger.log.write("relay \(name): \(news)", level) }

    // Connections.

    var allowed: Int {
        let now = Clock.monotonic
        return min(breaker.allowed(at: now), ceiling.allowed(at: now))
    }

    var mayConnect: Bool { allowed > 0 && !isPausingLogins }

    var isUnlimited: Bool { !breaker.isOpen && allowed >= settings.connections }

    var isPausingLogins: Bool { logins.isPausing(at: Clock.monotonic) }

    var loginRest: Span? { logins.rest(at: Clock.monotonic) }

    /// Until when no login is tried; nil where one may be.
    var loginRestEnd: Int64? { logins.restEnd(at: Clock.monotonic) }

    var openings: Int { (settings.connection.user == nil ? .max : logins.limit) - connecting }

    /// One process has no others to get them from.
    func wants(_ connections: Int, isUrgent: Bool) {}

    var mayReplace: Bool { true }

    var recalled: Int { 0 }

    func opening() {
        connections += 1
        connecting += 1
    }

    func opened() {
        connecting -= 1
        logins.worked()
        let wasOpen = breaker.isOpen
        standing.connected(at: Clock.monotonic)
        if connecting == 0 { countSurplus() }
        if wasOpen, !breaker.isOpen { tell("works again") }
    }

    func gaveUp() {
        connecting -= 1
        leave()
    }

    func closed(unused: String?) {
        leave()
        if let unused { relayFailed("closed the connection unused: \(unused)") }
    }

    func failed(_ failure: ConnectionFailure) {
        gaveUp()
        let said = failure.report(of: settings.connection.host)
        let others = connections - connecting
        if failure.refusesLogin || failure.concernsLogin && others == 0 { return loginFailed(failure, said) }
        // Those that are on their way will tell whether it is the relay.
        if others == 0, connecting > 0 { return surplus += 1 }
        surplus = 0
        guard others > 0 else { return relayFailed(said) }
        // Others stand: it is one connection too many, and not a relay that is down.
        lowerCeiling(failure.reason)
        onChange(.state)
    }

    /// One connection less.
    private func leave() {
        connections -= 1
        // The last one that had logged in is gone: the next relay takes over until a login may be tried.
        if let pause = loginRest, connections == 0, !breaker.isOpen, !isRetired {
            relayFailed("refused the last login", pause)
        }
    }

    /// Counts the connections that failed while others were on their way: some stand now, so these were too many.
    private func countSurplus() {
        if surplus > 0 { lowerCeiling("one more was refused while others stood") }
        surplus = 0
    }

    private func lowerCeiling(_ reason: String) {
        let now = Clock.monotonic
        guard ceiling.refused(standing: connections - connecting, at: now) else { return }
        tell("\(ceiling.allowed(at: now)) connections for now: \(reason)")
    }

    private func relayFailed(_ reason: String, _ pause: Span? = nil) {
        // Told when it begins, and again when another reason comes; not with each probe.
        let isNews = !breaker.isOpen || !FaultNews.isSame(reason, breaker.reason ?? "")
        if !breaker.isOpen { ledger.counters.breakerOpenings.count(name) }
        ledger.counters.connectionFailures.count(name)
        standing.relayFailed(reason, pause: pause, at: Clock.monotonic)
        if isNews || pause != nil {
            ledger.log.write("relay \(name) \(reason); no attempt is counted", .warning)
        }
        onChange(.state)
    }

    // Logins.

    /// No login is tried for a while. Connections that have logged in go on; without one the relay has failed.
    private func loginFailed(_ failure: ConnectionFailure, _ said: String) {
        // Logins that were under way next to the refused one are no news.
        if isPausingLogins { return onChange(.state) }
        let pause = logins.refused(forGood: failure.refusesLogin, at: Clock.monotonic)
        watchSecret()
        let why = said + "; no login is tried for \(pause.approximate), unless the secret or the configuration changes"
        if connections > connecting {
            ledger.log.write("relay \(name) \(why)", .warning)
            onChange(.state)
        } else {
            relayFailed(why, pause)
        }
    }

    private func watchSecret() {
        secretTimer?.cancel()
        secretTimer = loop.schedule(after: .seconds(2)) { [weak self] in
            guard let self, logins.isOn else { return }
            if memory.isSecretNew { secretMayWork() } else { watchSecret() }
        }
    }

    /// The secret, or what the relay makes of it, may be another one: the pause is over.
    func secretMayWork() {
        guard logins.isOn else { return }
        logins.end()
        standing.probeNow(at: Clock.monotonic)
        onChange(.tryNow)
    }

    // What its answers ask for.

    var care: RelayConnection.Care { carefulness.now }

    func takeCare(_ care: RelayConnection.Care, because reason: String) -> Bool {
        guard carefulness.isNews(care) else { return false }
        let way = care == .alone ? "one command, and one mail, at a time" : "one command at a time"
        tell("\(reason); from now on \(way)", .warning)
        return true
    }

    func lowerRecipientLimit(to limit: Int) {
        guard limit < recipientLimit else { return }
        recipientLimit = limit
        tell("takes \(limit) recipients at a time")
    }

    // Rate and quotas.

    var pause: Span? { settings.rate == nil ? nil : allowances[name].pause(at: Clock.monotonic) }

    var room: Int { settings.quotas.isEmpty ? .max : allowances[name].room(at: .now) }

    func reserve(_ recipients: Int) -> Int {
        if settings.quotas.isEmpty { return recipients }
        let granted = min(recipients, allowances[name].room(at: .now))
        allowances[name].reserve(granted)
        return granted
    }

    func settle(reserved: Int, taken: Int) {
        if settings.quotas.isEmpty { return }
        allowances[name].settle(reserved: reserved, taken: taken, at: .now)
    }

    var quotas: [Quota] { allowances[name].quotas }

    /// Goes on with connections that were opened under earlier terms.
    func adopt(connections: Int, connecting: Int) {
        self.connections += connections
        self.connecting += connecting
    }

    /// A mail that was begun did not start: the right to it is given back.
    func takeBackStart() { allowances[name].takeBack() }

    func retire() {
        isRetired = true
        secretTimer?.cancel()
    }
}
