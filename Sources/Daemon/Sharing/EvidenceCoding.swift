internal import JSON
internal import Relay
internal import SMTP

extension Evidence {
    /// The evidence as a part of a message; reasons are lines of at most ``SMTP/Reply/textLimit`` characters and some.
    var json: JSON {
        switch self {
        case .accepted: return ["kind": "accepted"]
        case .silent: return ["kind": "silent"]
        case .unordered(let reason): return ["kind": "unordered", "reason": .string(reason)]
        case .stale(let reason, let wasAnswered):
            return ["kind": "stale", "reason": .string(reason), "answered": .bool(wasAnswered)]
        case .cutOff(let cut):
            return [
                "kind": "cutOff", "reason": .string(cut.reason), "mail": .bool(cut.isAtMail),
                "session": .bool(cut.isOfSession), "doubt": .bool(cut.isInDoubt),
            ]
        case .refused(let refusal):
            var object = JSON.Object([
                ("kind", "refused"), ("reason", .string(refusal.reason)), ("gist", .string(refusal.gist)),
                ("permanent", .bool(refusal.isPermanent)), ("one", .bool(refusal.isOneGist)),
                ("place", .string(refusal.place.rawValue)), ("first", .bool(refusal.isFirst)),
            ])
            object["scope"] = refusal.scope.map { .string($0.rawValue) }
            return .object(object)
        }
    }

    /// Reads ``json``; nil if it is something else.
    init?(_ json: JSON?) {
        guard let object = json?.object, let kind = object["kind"]?.string else { return nil }
        let reason = object["reason"]?.string ?? ""
        func isSet(_ name: String) -> Bool { object[name]?.bool ?? false }
        switch kind {
        case "accepted": self = .accepted
        case "silent": self = .silent
        case "unordered": self = .unordered(reason)
        case "stale": self = .stale(reason, wasAnswered: isSet("answered"))
        case "cutOff":
            self = .cutOff(
                CutOff(
                    reason: reason, isAtMail: isSet("mail"), isOfSession: isSet("session"), isInDoubt: isSet("doubt")))
        case "refused":
            self = .refused(
                Refusal(
                    reason: reason, gist: object["gist"]?.string ?? "", isPermanent: isSet("permanent"),
                    isOneGist: isSet("one"), scope: object["scope"]?.string.flatMap { Scope(rawValue: $0) },
                    place: object["place"]?.string.flatMap { .init(rawValue: $0) } ?? .elsewhere,
                    isFirst: isSet("first")))
        default: return nil
        }
    }
}

extension Standing.Fate {
    var json: JSON {
        switch self {
        case .asSaid: ["fate": "asSaid"]
        case .putBack(let reason): ["fate": "putBack", "reason": .string(reason)]
        case .reconnect(let reason): ["fate": "reconnect", "reason": .string(reason)]
        }
    }

    /// Reads ``json``; nil if it is something else.
    init?(_ json: JSON?) {
        let reason = json?.object?["reason"]?.string ?? ""
        switch json?.object?["fate"]?.string {
        case "asSaid": self = .asSaid
        case "putBack": self = .putBack(reason)
        case "reconnect": self = .reconnect(reason)
        default: return nil
        }
    }
}

extension ConnectionFailure {
    var json: JSON {
        var object = JSON.Object([
            ("phase", .string(phase.rawValue)), ("reason", .string(reason)), ("ours", .bool(isConfigurationFault)),
            ("login", .bool(refusesLogin)),
        ])
        object["code"] = code.map { .number(.init($0)) }
        object["address"] = address.map { .string($0) }
        return .object(object)
    }

    /// Reads ``json``; nil if it is something else.
    init?(_ json: JSON?) {
        guard let object = json?.object, let phase = object["phase"]?.string.flatMap({ Phase(rawValue: $0) }) else {
            return nil
        }
        self.init(
            phase, code: object["code"]?.int, object["reason"]?.string ?? "",
            isConfigurationFault: object["ours"]?.bool ?? false)
        refusesLogin = object["login"]?.bool ?? false
        address = object["address"]?.string
    }
}
