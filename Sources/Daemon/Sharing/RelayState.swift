internal import JSON
internal import Relay
internal import Text
internal import Time

/// How a relay stands, as far as all workers have to know it: pushed to them when it changes. Times are monotonic, in
/// nanoseconds.
struct RelayState: Equatable {
    /// When the open breaker lets a connection try the relay; nil while it is closed.
    var nextProbe: Int64?
    var isUnreachable = false
    var reason: String?
    /// How many connections there may be, of all workers together.
    var allowed = 0
    /// Nothing but the configuration limits them.
    var isUnlimited = true
    /// Whether every accepted mail is reported: each changes the state of the relay.
    var tellsAll = false
    /// A sender that rests is being tried: no other one is, meanwhile.
    var isTrying = false
    /// Until when no login is tried.
    var loginRest: Int64?
    /// Its quotas have room.
    var hasRoom = true
    var care = RelayConnection.Care.none
    var recipientLimit: Int?
}

/// A sender that a relay has refused.
struct SenderTrouble: Equatable {
    /// Why it rests between its tries; nil where its refusals are only counted.
    var reason: String?
    var until = Int64.min
}

extension RelayState {
    var breaker: Breaker { Breaker(openUntil: nextProbe, isUnreachable: isUnreachable, reason: reason) }

    /// Whether a job of a sender with such trouble may be tried now; see ``Relay/Standing/takes(_:at:)``.
    func takes(_ trouble: SenderTrouble?, at now: Int64) -> Bool {
        let isResting = trouble?.reason != nil
        if let trouble, isResting, isTrying || trouble.until > now { return false }
        guard let nextProbe, now < nextProbe else { return true }
        return !isUnreachable && !isResting
    }

    var json: JSON {
        var object = JSON.Object()
        object["nextProbe"] = nextProbe.map { .number(.init(Int($0))) }
        object["unreachable"] = .bool(isUnreachable)
        object["reason"] = reason.map { .string($0) }
        object["allowed"] = .number(.init(allowed))
        object["unlimited"] = .bool(isUnlimited)
        object["tellsAll"] = .bool(tellsAll)
        object["trying"] = .bool(isTrying)
        object["loginRest"] = loginRest.map { .number(.init(Int($0))) }
        object["room"] = .bool(hasRoom)
        object["care"] = .string(care.word)
        object["recipients"] = recipientLimit.map { .number(.init($0)) }
        return .object(object)
    }

    init(_ object: JSON.Object) {
        nextProbe = object["nextProbe"]?.int.map { Int64($0) }
        isUnreachable = object["unreachable"]?.bool ?? false
        reason = object["reason"]?.string
        allowed = object["allowed"]?.int ?? 0
        isUnlimited = object["unlimited"]?.bool ?? false
        tellsAll = object["tellsAll"]?.bool ?? true
        isTrying = object["trying"]?.bool ?? false
        loginRest = object["loginRest"]?.int.map { Int64($0) }
        hasRoom = object["room"]?.bool ?? true
        care = object["care"]?.string.flatMap { RelayConnection.Care(word: $0) } ?? .none
        recipientLimit = object["recipients"]?.int
    }

    /// The state of terms that are decided here.
    init(_ terms: LocalTerms) {
        let breaker = terms.breaker
        nextProbe = breaker.nextProbe
        isUnreachable = breaker.isUnreachable
        reason = breaker.reason
        allowed = terms.allowed
        isUnlimited = terms.isUnlimited
        tellsAll = terms.standing.isChangedByAcceptance
        isTrying = terms.standing.isTryingResting
        loginRest = terms.loginRestEnd
        hasRoom = terms.room > 0
        care = terms.care
        recipientLimit = terms.recipientLimit == .max ? nil : terms.recipientLimit
    }
}

extension RelayConnection.Care {
    var word: String {
        switch self {
        case .none: "none"
        case .stepByStep: "stepByStep"
        case .alone: "alone"
        }
    }

    init?(word: String) {
        let all: [RelayConnection.Care] = [.none, .stepByStep, .alone]
        guard let care = all.first(where: { $0.word.isExactly(word) }) else { return nil }
        self = care
    }
}

extension SenderTrouble {
    /// A sender with its trouble, for a message.
    func json(of sender: String) -> JSON {
        var object = JSON.Object([("sender", .string(sender))])
        if let reason {
            object["reason"] = .string(reason)
            object["until"] = .number(.init(Int(until)))
        }
        return .object(object)
    }

    /// Reads ``json(of:)``.
    static func read(_ json: JSON) -> (sender: String, trouble: SenderTrouble)? {
        guard let object = json.object, let sender = object["sender"]?.string else { return nil }
        let until = object["until"]?.int.map { Int64($0) } ?? .min
        return (sender, SenderTrouble(reason: object["reason"]?.string, until: until))
    }
}
