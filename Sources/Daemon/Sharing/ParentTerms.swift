internal import EventLoop
internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

/// The parent's side of what all workers share: decides the terms of each relay, deals connections out, and gives places
/// to programs. A worker's side is ``WorkerTerms``.
final class ParentTerms {
    private let loop: EventLoop
    private let ledger: Ledger
    private let allowances: Allowances
    private let push: (Int, JSON) -> Void
    private var relays: [DealtRelay] = []
    private var places = ProgramPlaces()
    private var workers: [Int] = []

    /// `allowances` keeps what relays took. `push` sends a message to a worker and does not wait.
    init(loop: EventLoop, ledger: Ledger, allowances: Allowances, push: @escaping (_ worker: Int, JSON) -> Void) {
        self.loop = loop
        self.ledger = ledger
        self.allowances = allowances
        self.push = push
    }

    /// Goes by these settings from now on. Workers are told before they read the configuration themselves.
    func use(_ settings: Settings) {
        allowances.use(settings.relays)
        var old = relays
        relays = settings.relays.map { relay in
            guard let index = old.firstIndex(where: { $0.name.isExactly(relay.name) }) else {
                let fresh = DealtRelay(relay, loop: loop, ledger: ledger, allowances: allowances, push: push)
                for worker in workers { fresh.begin(worker) }
                return fresh
            }
            let same = old.remove(at: index)
            same.use(relay)
            return same
        }
        for relay in old { relay.stop() }
        places.use(tasks: settings.tasks.concurrency, data: settings.tasks.dataConcurrency)
        offerPlaces()
    }

    /// A worker has started, and has nothing yet.
    func workerStarted(_ number: Int) {
        workerEnded(number)
        workers.append(number)
        for relay in relays { relay.begin(number) }
    }

    /// A worker has ended: what it had is free, and of what it had under way the worst is taken for true.
    func workerEnded(_ number: Int) {
        guard workers.contains(number) else { return }
        workers.removeAll { $0 == number }
        for relay in relays { relay.end(number) }
        places.end(number)
        offerPlaces()
    }

    /// Tells a worker all that lasts, since messages to it were lost.
    func pushAgain(to worker: Int) {
        for relay in relays { relay.pushAll(to: worker) }
        for kind in [WaitingJob.Kind.task, .mailWithData] { pushRoom(kind, worker) }
    }

    /// Takes a worker's message whose `to` is `relay` or `places`; the answer where it is a question.
    func hear(_ message: JSON, from worker: Int) -> JSON? {
        guard workers.contains(worker), let object = message.object, let part = object["to"]?.string else { return nil }
        if part.isExactly("places") { return hearOfPlaces(object, worker) }
        // A relay that is not configured any more decides nothing.
        let relay = relays.first { $0.name.isExactly(object["name"]?.string ?? "") }
        return relay?.hear(object, from: worker) ?? (object["ask"] == nil ? nil : [:])
    }

    private func hearOfPlaces(_ message: JSON.Object, _ worker: Int) -> JSON? {
        defer { offerPlaces() }
        if message["ask"] != nil {
            guard let request = ProgramPlaces.Request(message["place"]) else { return [:] }
            return places.take(request, for: worker).map { ["obstacle": .string($0.rawValue)] } ?? [:]
        }
        switch message["tell"]?.string {
        case "free":
            guard let request = ProgramPlaces.Request(message["place"]) else { break }
            places.free(request, of: worker)
        case "decline":
            guard let kind = message["kind"]?.string.flatMap({ WaitingJob.Kind(word: $0) }) else { break }
            places.decline(kind, of: worker)
        case "running":
            places.set((message["places"]?.array ?? []).compactMap { ProgramPlaces.Request($0) }, of: worker)
        default: break
        }
        return nil
    }

    private func offerPlaces() { for (worker, kind) in places.offer() { pushRoom(kind, worker) } }

    private func pushRoom(_ kind: WaitingJob.Kind, _ worker: Int) {
        push(worker, .object(JSON.Object([("to", "places"), ("room", .string(kind.word))])))
    }

    /// To be called once a second.
    func tick(now: Timestamp) {
        allowances.keep(at: now)
        for relay in relays { relay.settle() }
    }

    func stop() { for relay in relays { relay.stop() } }

    /// How the relays stand, with the connections of all workers.
    func relays(at now: Timestamp) -> [DaemonStatus.Relay] { relays.map { $0.status(at: now) } }
}
