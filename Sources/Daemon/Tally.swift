internal import Spool

/// What the daemon has done since its start, in numbers.
struct Tally {
    /// Recipients by outcome.
    private(set) var sent = 0
    private(set) var deferred = 0
    private(set) var refused = 0
    private(set) var inDoubt = 0
    /// Jobs that a failing relay gave back.
    private(set) var returned = 0
    /// Jobs that ended.
    private(set) var done = 0
    private(set) var dead = 0
    /// The same by template; the first thousand templates that occur.
    private(set) var doneByTemplate: [String: Int] = [:]
    private(set) var deadByTemplate: [String: Int] = [:]

    mutating func count(_ verdict: Verdict) {
        for event in verdict.events {
            switch event.kind {
            case .sent: sent += 1
            case .deferred: deferred += 1
            case .refused: refused += 1
            case .inDoubt: inDoubt += 1
            default: break
            }
        }
        if case .new = verdict.target { returned += 1 }
    }

    mutating func done(_ template: String?) {
        done += 1
        Tally.count(template, in: &doneByTemplate)
    }

    mutating func dead(_ template: String?) {
        dead += 1
        Tally.count(template, in: &deadByTemplate)
    }

    private static func count(_ template: String?, in counts: inout [String: Int]) {
        let name = template ?? ""
        if counts[name] != nil || counts.count < 1000 { counts[name, default: 0] += 1 }
    }
}
