internal import EventLoop
internal import JSON
internal import Linux
internal import Relay
internal import SMTP
internal import Spool
internal import Text
internal import Time

/// One relay in the parent: its terms, which hold for all workers together, and what of it is dealt to which worker.
final class DealtRelay {
    let name: String
    private var settings: Settings.Relay
    private let loop: EventLoop
    private let ledger: Ledger
    private let allowances: Allowances
    private let push: (Int, JSON) -> Void
    private var terms: LocalTerms
    private var shares = ConnectionShares()
    private var workers: [Int: Seen] = [:]
    /// The state that the workers were sent last.
    private var told: RelayState
    private var timer: EventLoop.Timer?
    private var isStopped = false

    /// A worker's last report.
    private struct Seen {
        var connections = 0
        var connecting = 0
        /// Recipients of transactions under way, as far as quotas count them.
        var reserved = 0
        /// The senders that rest of which it tries a job.
        var tries: [String] = []

        mutating func endTry(of sender: String) -> Bool {
            guard let index = tries.firstIndex(where: { $0.isExactly(sender) }) else { return false }
            tries.remove(at: index)
            return true
        }
    }

    /// So many senders go into one message.
    private static let sendersInMessage = 200
    /// While a worker waits for a connection of another one, it is dealt anew so often.
    private static let interval = Span.milliseconds(100)

    init(
        _ settings: Settings.Relay, loop: EventLoop, ledger: Ledger, allowances: Allowances,
        push: @escaping (Int, JSON) -> Void
    ) {
        name = settings.name
        self.settings = settings
        self.loop = loop
        self.ledger = ledger
        self.allowances = allowances
        self.push = push
        terms = LocalTerms(settings, loop: loop, ledger: ledger, allowances: allowances)
        told = RelayState(terms)
        listen()
    }

    private func listen() {
        // What changes within a call is settled at its end; what a timer changes, here.
        terms.onChange = { [weak self] _ in self?.settleSoon(.zero) }
    }

    /// Goes by other settings. The relay stands as a new one, with the connections that it has.
    func use(_ settings: Settings.Relay) {
        terms.secretMayWork()
        guard settings != self.settings else { return settle() }
        self.settings = settings
        terms.retire()
        let fresh = LocalTerms(settings, loop: loop, ledger: ledger, allowances: allowances)
        fresh.adopt(connections: terms.connections, connecting: terms.connecting)
        terms = fresh
        listen()
        for worker in workers.keys { workers[worker]?.tries = [] }
        told = RelayState(terms)
        for worker in workers.keys.sorted() { pushAll(to: worker) }
        settle()
    }

    func begin(_ worker: Int) {
        workers[worker] = Seen()
        shares.begin(worker)
        settle()
        pushAll(to: worker)
    }

    /// A worker has died. Its connections have ended, and what it was sending may have been taken.
    func end(_ worker: Int) {
        guard let seen = workers.removeValue(forKey: worker) else { return }
        for _ in 0..<seen.connecting { terms.gaveUp() }
        for _ in 0..<(seen.connections - seen.connecting) { terms.closed(unused: nil) }
        for sender in seen.tries { terms.ended(sender) }
        if seen.reserved > 0 { terms.settle(reserved: seen.reserved, taken: seen.reserved) }
        shares.end(worker)
        settle()
    }

    func stop() {
        isStopped = true
        timer?.cancel()
        terms.retire()
    }

    // What workers tell and ask.

    func hear(_ message: JSON.Object, from worker: Int) -> JSON? {
        guard workers[worker] != nil else { return nil }
        var told = ConnectionShares.Told(returned: message["returned"]?.int ?? 0)
        if message["tell"]?.string == "want" {
            told.wanted = message["count"]?.int
            told.isUrgent = message["urgent"]?.bool ?? false
        }
        shares.tell(worker, told, at: Clock.monotonic)
        let sender = message["sender"]?.string ?? ""
        let before = trouble(of: sender)
        let count = terms.standing.troubledCount
        let answer = message["ask"]?.string.map { self.answer($0, message, sender, worker) }
        if answer == nil { take(message["tell"]?.string ?? "", message, sender, worker) }
        if terms.standing.troubledCount < count - 1 {
            for worker in workers.keys.sorted() { pushSenders(to: worker) }
        } else if trouble(of: sender) != before {
            pushTrouble(of: sender)
        }
        settle()
        return answer.map(JSON.object)
    }

    private func answer(_ question: String, _ message: JSON.Object, _ sender: String, _ worker: Int) -> JSON.Object {
        switch question {
        case "admit": return admit(sender, worker)
        case "judge":
            guard let evidence = Evidence(message["evidence"]) else { break }
            return judge(evidence, message, sender, worker).json.object ?? JSON.Object()
        case "reserve":
            let room = terms.reserve(max(message["recipients"]?.int ?? 0, 0))
            workers[worker]?.reserved += room
            return JSON.Object([("recipients", .number(.init(room)))])
        default: break
        }
        return JSON.Object()
    }

    /// Lets a worker begin a job of the sender, or says how the sender and the rate stand.
    private func admit(_ sender: String, _ worker: Int) -> JSON.Object {
        let now = Clock.monotonic
        let isTry = terms.standing.isResting(sender)
        let isAdmitted = terms.restriction(at: now)?(sender) ?? true && terms.pause == nil
        if isAdmitted {
            terms.began(sender)
            if isTry { workers[worker]?.tries.append(sender) }
        }
        var answer = JSON.Object([("ok", .bool(isAdmitted)), ("try", .bool(isTry))])
        answer["pausedUntil"] = terms.pause.map { .number(.init(Int(now + $0.nanoseconds))) }
        if !isAdmitted {
            answer["state"] = RelayState(terms).json
            answer["trouble"] = trouble(of: sender).map { $0.json(of: sender) } ?? .null
        }
        return answer
    }

    private func judge(
        _ evidence: Evidence, _ message: JSON.Object, _ sender: String, _ worker: Int
    ) -> Standing.Fate {
        _ = workers[worker]?.endTry(of: sender)
        return terms.judge(evidence, job: message["job"]?.string ?? "", sender: sender)
    }

    private func take(_ news: String, _ message: JSON.Object, _ sender: String, _ worker: Int) {
        switch news {
        case "met":
            guard let evidence = Evidence(message["evidence"]) else { return }
            _ = judge(evidence, message, sender, worker)
        case "ended": if workers[worker]?.endTry(of: sender) == true { terms.ended(sender) }
        case "withdraw":
            terms.takeBackStart()
            if message["try"]?.bool == true, workers[worker]?.endTry(of: sender) == true { terms.ended(sender) }
        case "settle":
            let reserved = message["reserved"]?.int ?? 0
            workers[worker]?.reserved -= reserved
            terms.settle(reserved: reserved, taken: message["taken"]?.int ?? 0)
        case "care":
            guard let care = message["care"]?.string.flatMap({ RelayConnection.Care(word: $0) }) else { return }
            _ = terms.takeCare(care, because: message["reason"]?.string ?? "")
        case "recipients": if let limit = message["limit"]?.int { terms.lowerRecipientLimit(to: limit) }
        case "note": terms.memory.tell(message["line"]?.string ?? "")
        case "address": learn(message, worker)
        case "secret": terms.secretMayWork()
        default: takeConnections(news, message, worker)
        }
    }

    private func learn(_ message: JSON.Object, _ worker: Int) {
        guard let address = message["address"]?.string, let works = message["works"]?.bool else { return }
        terms.memory.learn(of: address, works: works)
        if works { terms.memory.forget(address) }
        for other in workers.keys.sorted() where other != worker {
            send(other, [("address", .string(address)), ("works", .bool(works))])
        }
    }

    private func takeConnections(_ news: String, _ message: JSON.Object, _ worker: Int) {
        guard var seen = workers[worker] else { return }
        defer { workers[worker] = seen }
        switch news {
        case "opening":
            seen.connections += 1
            seen.connecting += 1
            terms.opening()
        case "opened" where seen.connecting > 0:
            seen.connecting -= 1
            terms.opened()
        case "gaveUp" where seen.connecting > 0, "failed" where seen.connecting > 0:
            seen.connecting -= 1
            seen.connections -= 1
            if let failure = ConnectionFailure(message["failure"]) { terms.failed(failure) } else { terms.gaveUp() }
        case "closed" where seen.connections > seen.connecting:
            seen.connections -= 1
            terms.closed(unused: message["unused"]?.string)
        case "counts":
            // Messages were lost: what is there counts, and nothing is known of how it came to be.
            terms.adopt(
                connections: (message["connections"]?.int ?? 0) - seen.connections,
                connecting: (message["connecting"]?.int ?? 0) - seen.connecting)
            seen.connections = message["connections"]?.int ?? 0
            seen.connecting = message["connecting"]?.int ?? 0
            let tries = (message["tries"]?.array ?? []).compactMap(\.string)
            for sender in seen.tries where !tries.contains(where: { $0.isExactly(sender) }) { terms.ended(sender) }
            seen.tries = tries
        default: break
        }
    }

    // What workers are told.

    /// Deals connections anew, and tells the workers what has changed; to be called after each change, and once a second.
    func settle() {
        if isStopped { return }
        let state = RelayState(terms)
        if state != told {
            told = state
            for worker in workers.keys.sorted() { send(worker, [("state", state.json)]) }
        }
        deal()
        let now = Clock.monotonic
        if let probe = terms.breaker.nextProbe, probe > now { settleSoon(Span(nanoseconds: probe - now)) }
        if shares.isWanting { settleSoon(Self.interval) }
    }

    private func deal() {
        let now = Clock.monotonic
        // Those that were granted and have not begun to connect are on their way as well.
        let granted = workers.reduce(0) { $0 + max(shares.kept(by: $1.key) - $1.value.connections, 0) }
        let openings = terms.isPausingLogins ? 0 : max(terms.openings - granted, 0)
        let allowed = terms.allowed
        let lease = allowed < settings.connections ? ConnectionShares.shortLease : ConnectionShares.lease
        var changed = shares.deal(limit: allowed, openings: openings, lease: lease, at: now)
        if terms.breaker.isDue(at: now), openings > 0, let worker = shares.grantTry(at: now) { changed.append(worker) }
        for worker in Set(changed).sorted() { pushShare(to: worker) }
    }

    private func settleSoon(_ wait: Span) {
        if isStopped { return }
        if let timer, timer.isPending, timer.deadline <= Clock.monotonic + wait.nanoseconds { return }
        timer?.cancel()
        timer = loop.schedule(after: wait) { [weak self] in self?.settle() }
    }

    private func send(_ worker: Int, _ members: [(name: String, value: JSON)]) {
        push(worker, .object(JSON.Object([("to", "relay"), ("name", .string(name))] + members)))
    }

    private func pushShare(to worker: Int) {
        let dealt = shares.dealt(to: worker)
        send(
            worker, [("granted", .number(.init(dealt.granted))), ("recalled", .number(.init(dealt.recalled)))])
    }

    private func trouble(of sender: String) -> SenderTrouble? {
        terms.standing.trouble(of: sender).map { SenderTrouble(reason: $0.reason, until: $0.until) }
    }

    private func pushTrouble(of sender: String) {
        let news: (name: String, value: JSON) =
            trouble(of: sender).map { ("troubled", [$0.json(of: sender)]) } ?? ("free", [.string(sender)])
        for worker in workers.keys.sorted() { send(worker, [news]) }
    }

    private func pushSenders(to worker: Int) {
        send(worker, [("forget", true)])
        var senders = terms.standing.troubledSenders[...]
        while !senders.isEmpty {
            let some = senders.prefix(Self.sendersInMessage)
            senders = senders.dropFirst(some.count)
            let entries = some.compactMap { sender in trouble(of: sender)?.json(of: sender) }
            send(worker, [("troubled", .array(entries))])
        }
    }

    /// Tells a worker all that lasts.
    func pushAll(to worker: Int) {
        send(worker, [("state", told.json)])
        pushSenders(to: worker)
        for address in terms.memory.addresses.resting(at: Clock.monotonic) {
            send(worker, [("address", .string(address)), ("works", false)])
        }
        pushShare(to: worker)
    }

    func status(at now: Timestamp) -> DaemonStatus.Relay {
        DaemonStatus.Relay(terms, limit: settings.connections, connections: terms.connections, now: now)
    }
}
