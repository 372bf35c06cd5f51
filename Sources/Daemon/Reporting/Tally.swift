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

    mutating func countDone() { done += 1 }

    mutating func countDead() { dead += 1 }

    /// Each number with its name, in the order of `status.json`.
    var totals: [(name: String, value: Int)] {
        [
            ("sent", sent), ("deferred", deferred), ("refused", refused), ("inDoubt", inDoubt), ("returned", returned),
            ("done", done), ("dead", dead),
        ]
    }
}
