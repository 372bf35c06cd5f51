internal import Spool
package import Time

/// A daemon's counts, sample by sample: how much went out in the last minute and hour.
package struct Rates {
    /// Between two samples.
    package static let interval = Span.seconds(10)
    /// An hour of them.
    private static let limit = 360
    static let outcomes: [DaemonStatus.Outcome] = [.sent, .deferred, .refused]

    /// The counts that were added between a sample and the one before.
    struct Sample: Equatable {
        var at: Timestamp
        var added: [DaemonStatus.Outcome: Int]
    }

    private(set) var samples: [Sample] = []
    private var last: DaemonStatus?

    /// Takes a daemon's counts; one that has been started since begins at 0.
    mutating func add(_ daemon: DaemonStatus) {
        defer { last = daemon }
        guard let last, daemon.at > last.at else { return }
        var added: [DaemonStatus.Outcome: Int] = [:]
        for outcome in Rates.outcomes {
            let before = daemon.started == last.started ? last.totals[outcome] ?? 0 : 0
            added[outcome] = max((daemon.totals[outcome] ?? 0) - before, 0)
        }
        samples.append(Sample(at: daemon.at, added: added))
        if samples.count > Rates.limit { samples.removeFirst() }
    }

    /// How many in the last hour, as far as it was seen.
    func count(_ outcome: DaemonStatus.Outcome, since: Timestamp) -> Int {
        samples.reduce(0) { $0 + ($1.at >= since ? $1.added[outcome] ?? 0 : 0) }
    }
}
