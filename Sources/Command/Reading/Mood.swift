internal import Spool

/// How an event reads, for the colour of its word on terminals and pages.
enum Mood: String {
    case good, bad, warn
    case plain = ""
}

extension Event.Kind {
    var mood: Mood {
        switch self {
        case .sent, .done, .delivered: .good
        case .refused, .expired, .dead, .bounced, .complained: .bad
        case .deferred, .inDoubt, .held, .blocked, .delayed: .warn
        default: .plain
        }
    }
}
