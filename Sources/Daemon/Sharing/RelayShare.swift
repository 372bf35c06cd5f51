internal import EventLoop
internal import JSON
internal import Linux
internal import Relay
internal import Text
internal import Time

/// A worker's share of one relay: what the parent has told of it, and the connections that it may have. It outlives a
/// reload, which gives the relay another pool.
final class RelayShare {
    let name: String
    private let loop: EventLoop
    private let way: WorkerTerms.Way
    var state = RelayState()
    private(set) var troubled: [ExactText: SenderTrouble] = [:]
    /// The senders that rest of which a job is being tried here.
    var tries: [ExactText] = []
    /// Until when the relay's rate lets no mail start, as far as was asked.
    var pausedUntil = Int64.min
    private var dealt = ConnectionShares.Dealt()
    private var returned = 0
    private var wanted = (count: 0, isUrgent: false, at: Int64.min)
    /// The last two senders of which it was told that they were accepted.
    private var accepted: [(sender: String, at: Int64)] = []
    private(set) var silentUntil = Int64.min
    private var users: [SharedTerms] = []
    private var secretTimer: EventLoop.Timer?
    private var wishTimer: EventLoop.Timer?

    /// A grant that no job uses is given back after so long.
    private static let unused = Span.milliseconds(50)
    /// A wish is told again after so long, see ``ConnectionShares/patience``.
    private static let reminder = Span.milliseconds(800)
    /// A parent that did not answer is asked again after so long.
    private static let silence = Span.seconds(1)

    init(_ name: String, loop: EventLoop, way: WorkerTerms.Way) {
        self.name = name
        self.loop = loop
        self.way = way
    }

    func join(_ terms: SharedTerms) {
        users.append(terms)
        // A wait by another rate, or by one that is gone, is over: the parent says how long the new one is.
        pausedUntil = .min
    }

    func part(_ terms: SharedTerms) { users.removeAll { $0 === terms } }

    // Connections.

    var connections: Int { users.reduce(0) { $0 + $1.connections } }
    private var held: Int { dealt.granted - returned }
    /// How many connections have to be given back.
    var owed: Int { max(dealt.recalled - returned, 0) }
    /// How many connections there may be.
    var kept: Int { held - owed }

    func wants(_ count: Int, isUrgent: Bool) {
        if count == 0, wanted.count == 0 { return }
        if count > 0 { lookAgain() }
        let now = Clock.monotonic
        let isNews = count > wanted.count || count == 0 || isUrgent && !wanted.isUrgent
        guard isNews || now - wanted.at > Self.reminder.nanoseconds else { return }
        wanted = (count, isUrgent, now)
        tellWish()
    }

    private func tellWish() {
        tell("want", ["count": .number(.init(wanted.count)), "urgent": .bool(wanted.isUrgent)])
    }

    /// Has the pools say again what they want: a smaller wish than the last one was not told, and the parent forgets one
    /// that is not repeated. Where no job waits any more, none is said.
    private func lookAgain() {
        if wishTimer?.isPending == true { return }
        wishTimer = loop.schedule(after: Self.reminder) { [weak self] in
            guard let self else { return }
            wanted = (0, false, .min)
            inform(.state)
        }
    }

    /// Gives back what no connection uses.
    func giveBackUnused() { returned += max(held - connections, 0) }

    private func deal(_ fresh: ConnectionShares.Dealt) {
        let grants = fresh.granted - dealt.granted
        let recalls = fresh.recalled > dealt.recalled
        dealt = fresh
        if recalls {
            let before = returned
            returned += min(max(held - connections, 0), owed)
            if returned > before { tell("back") }
            inform(.recalled)
        }
        guard grants > 0 else { return }
        wanted.count = max(wanted.count - grants, 0)
        inform(.granted)
        loop.schedule(after: Self.unused) { [weak self] in
            guard let self, held > connections else { return }
            giveBackUnused()
            // What it was wanted for is not there any more, or may not start: a wish that stays would get the next one.
            wanted = (0, false, .min)
            tellWish()
        }
    }

    // The way to the parent.

    /// Tells the parent, and with it how many connections were given back.
    func tell(_ news: String, _ more: JSON = [:]) {
        way.tell(message("tell", news, more))
    }

    private func message(_ kind: String, _ word: String, _ more: JSON) -> JSON {
        var object = JSON.Object([
            ("to", "relay"), ("name", .string(name)), (kind, .string(word)), ("returned", .number(.init(returned))),
        ])
        for member in more.object?.members ?? [] { object[member.name] = member.value }
        return .object(object)
    }

    /// Asks the parent; nil where it did not answer in time: nothing starts for a moment then.
    func ask(_ question: String, _ more: JSON) -> JSON? {
        let now = Clock.monotonic
        if isSilent(at: now) { return nil }
        let answer = way.ask(message("ask", question, more))
        if answer == nil { silentUntil = Clock.monotonic + Self.silence.nanoseconds }
        return answer
    }

    func isSilent(at now: Int64) -> Bool { now < silentUntil }

    /// Whether the parent should hear that a mail of this sender was accepted: of two senders it hears once a second,
    /// which is all that ``Relay/Standing`` remembers.
    func isNews(_ sender: String) -> Bool {
        let now = Clock.monotonic
        accepted.removeAll { now - $0.at >= Span.seconds(1).nanoseconds }
        guard accepted.count < 2, !accepted.contains(where: { $0.sender.isExactly(sender) }) else { return false }
        accepted.append((sender, now))
        return true
    }

    /// Tells everything that lasts.
    func tellAgain() {
        let connecting = users.reduce(0) { $0 + $1.connecting }
        tell(
            "counts",
            [
                "connections": .number(.init(connections)), "connecting": .number(.init(connecting)),
                "tries": .array(tries.map { .string($0.text) }),
            ])
        wanted.at = .min
    }

    // What it hears.

    func hear(_ message: JSON.Object) {
        if let fresh = message["state"]?.object { use(RelayState(fresh)) }
        if message["forget"]?.bool == true { troubled = [:] }
        for entry in message["troubled"]?.array ?? [] {
            if let (sender, trouble) = SenderTrouble.read(entry) { troubled[ExactText(sender)] = trouble }
        }
        for sender in message["free"]?.array ?? [] {
            if let sender = sender.string { troubled[ExactText(sender)] = nil }
        }
        if let address = message["address"]?.string {
            for user in users { user.memory.learn(of: address, works: message["works"]?.bool ?? false) }
        }
        if let granted = message["granted"]?.int, let recalled = message["recalled"]?.int {
            deal(ConnectionShares.Dealt(granted: granted, recalled: recalled))
        }
        if message["state"] != nil || message["troubled"] != nil || message["free"] != nil { inform(.state) }
    }

    /// Takes over what the answer to a question says of the relay and of a sender.
    func learn(from answer: JSON.Object, of sender: String) {
        if let fresh = answer["state"]?.object { state = RelayState(fresh) }
        if let until = answer["pausedUntil"]?.int { pausedUntil = Int64(until) }
        guard let trouble = answer["trouble"] else { return }
        troubled[ExactText(sender)] = SenderTrouble.read(trouble)?.trouble
    }

    private func use(_ fresh: RelayState) {
        let old = state
        state = fresh
        if fresh.care != old.care, fresh.care != .none { inform(.careful) }
        if fresh.nextProbe != nil, fresh.isUnreachable, kept <= 0 { inform(.down(fresh.reason ?? "the relay is down")) }
        if fresh.loginRest != nil { watchSecret() }
    }

    /// The secret may be another one than the login was refused with: the parent is told.
    private func watchSecret() {
        secretTimer?.cancel()
        secretTimer = loop.schedule(after: .seconds(2)) { [weak self] in
            guard let self, state.loginRest != nil else { return }
            if users.contains(where: \.memory.isSecretNew) { tell("secret") } else { watchSecret() }
        }
    }

    /// Has the pools hear of a change, once what is under way is done.
    private func inform(_ change: TermsChange) {
        loop.later { [weak self] in
            guard let self else { return }
            for user in users { user.onChange(change) }
        }
    }
}
