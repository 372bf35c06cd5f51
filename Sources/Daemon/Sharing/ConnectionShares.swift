internal import Time

/// How the connections that a relay allows are dealt out to workers.
///
/// A worker has nothing until it wants something. Where all are given out, who has most gives up to who has least, until
/// the difference is one; where there are fewer connections than workers, each is lent for a second. Amounts that are
/// granted, recalled and given back are counted from the worker's start, so that a message which is told twice does no
/// harm and one that is lost is made up for by the next. Times are monotonic, in nanoseconds.
struct ConnectionShares: Equatable {
    /// The connections dealt to one worker, counted from its start.
    struct Dealt: Equatable {
        var granted = 0
        var recalled = 0
    }

    /// A worker's report.
    struct Told: Equatable {
        /// How many it has given back since its start.
        var returned = 0
        /// How many more it wants; nil where it does not say.
        var wanted: Int?
        /// A job of a high priority is among those that wait.
        var isUrgent = false
    }

    private struct Share: Equatable {
        var dealt = Dealt()
        var returned = 0
        var wanted = 0
        var isUrgent = false
        /// When it last said that it wants some, and since when it has waited for the first of them.
        var wantedAt = Int64.min
        var waitsSince = Int64.min
        /// When it got the last one, and whether that was urgent.
        var grantedAt = Int64.min
        var wasUrgent = false

        /// Those that it has, the recalled ones included.
        var held: Int { dealt.granted - returned }
        /// Those that it keeps.
        var kept: Int { held - max(dealt.recalled - returned, 0) }
    }

    /// So long a worker keeps what another one waits for, where there are too few for all.
    static let lease = Span.seconds(1)
    /// The lease where the relay has shown to be in trouble: a job that waits there may be the one that it takes.
    static let shortLease = Span.milliseconds(100)
    /// After so long without another report, a wish has ended.
    static let patience = Span.milliseconds(2500)

    private var shares: [Int: Share] = [:]
    /// The worker that was last asked to try a relay that none has asked for.
    private var lastTry = (worker: 0, at: Int64.min)

    static func == (left: Self, right: Self) -> Bool { left.shares == right.shares }

    mutating func begin(_ worker: Int) { shares[worker] = Share() }

    /// Frees what the worker had.
    mutating func end(_ worker: Int) { shares[worker] = nil }

    /// The connections dealt to a worker since its start.
    func dealt(to worker: Int) -> Dealt { shares[worker]?.dealt ?? Dealt() }

    /// How many connections a worker may have.
    func kept(by worker: Int) -> Int { shares[worker]?.kept ?? 0 }

    /// How many all have, those that are recalled and still there included.
    var held: Int { shares.values.reduce(0) { $0 + $1.held } }

    /// Whether a worker waits for more than it has.
    var isWanting: Bool { shares.values.contains { $0.wanted > 0 } }

    mutating func tell(_ worker: Int, _ told: Told, at now: Int64) {
        guard var share = shares[worker] else { return }
        share.returned = min(max(told.returned, share.returned), share.dealt.granted)
        if let wanted = told.wanted {
            if share.wanted == 0 { share.waitsSince = now }
            (share.wanted, share.isUrgent, share.wantedAt) = (wanted, told.isUrgent, now)
        }
        shares[worker] = share
    }

    /// Deals anew. `limit` is how many connections there may be; `openings` how many may be granted beyond those that
    /// workers have, since no more may be on their way; `lease` how long one is kept where there are too few.
    ///
    /// Returns the workers whose share is another one than before, in their order.
    mutating func deal(
        limit: Int, openings: Int, lease: Span = ConnectionShares.lease, at now: Int64
    ) -> [Int] {
        let before = shares
        for (worker, share) in shares where share.wanted > 0 && now - share.wantedAt > Self.patience.nanoseconds {
            shares[worker]?.wanted = 0
        }
        takeBack(beyond: limit)
        let planned = plan(limit, lease, now)
        grant(limit, openings, planned, now)
        return shares.keys.filter { shares[$0]?.dealt != before[$0]?.dealt }.sorted()
    }

    /// Recalls what is more than there may be, from those that have most.
    private mutating func takeBack(beyond limit: Int) {
        var excess = shares.values.reduce(0) { $0 + $1.kept } - limit
        while excess > 0, let rich = richest() {
            recall(from: rich)
            excess -= 1
        }
    }

    private func richest() -> Int? {
        shares.filter { $0.value.kept > 0 }.max { ($0.value.kept, $0.key) < ($1.value.kept, $1.key) }?.key
    }

    private mutating func recall(from worker: Int) {
        guard var share = shares[worker] else { return }
        share.dealt.recalled = max(share.dealt.recalled, share.returned) + 1
        shares[worker] = share
    }

    /// Says how many each worker that wants more will get, and recalls what has to come back for that.
    private mutating func plan(_ limit: Int, _ lease: Span, _ now: Int64) -> [Int: Int] {
        var planned: [Int: Int] = [:]
        var left = limit - shares.values.reduce(0) { $0 + $1.kept }
        func has(_ worker: Int) -> Int { (shares[worker]?.kept ?? 0) + planned[worker, default: 0] }
        func wants(_ worker: Int) -> Bool { (shares[worker]?.wanted ?? 0) > planned[worker, default: 0] }
        while limit > 0 {
            let poor = shares.keys.filter(wants).min { turn(of: $0, has($0)) < turn(of: $1, has($1)) }
            guard let poor else { break }
            if left > 0 {
                left -= 1
            } else {
                let rich = shares.keys.filter { $0 != poor && has($0) > 0 && shares[$0]?.kept ?? 0 > 0 }
                    .max { (has($0), $1) < (has($1), $0) }
                guard let rich, mayLose(rich, has(rich), to: poor, has(poor), lease, now) else { break }
                recall(from: rich)
            }
            planned[poor, default: 0] += 1
        }
        return planned
    }

    /// Who has least is first, then who has an urgent job, then who has waited longest.
    private func turn(of worker: Int, _ has: Int) -> (Int, Int, Int64, Int) {
        let share = shares[worker] ?? Share()
        return (has, share.isUrgent ? 0 : 1, share.waitsSince, worker)
    }

    private func mayLose(
        _ rich: Int, _ itHas: Int, to poor: Int, _ otherHas: Int, _ lease: Span, _ now: Int64
    ) -> Bool {
        if itHas > otherHas + 1 { return true }
        // The only one that it has, for who has none.
        guard otherHas == 0, let rich = shares[rich], let poor = shares[poor] else { return false }
        if poor.isUrgent, !rich.wasUrgent { return true }
        return now - rich.grantedAt >= lease.nanoseconds
    }

    /// Gives out what is free now.
    private mutating func grant(_ limit: Int, _ openings: Int, _ planned: [Int: Int], _ now: Int64) {
        var free = min(limit - held, openings)
        var planned = planned
        while free > 0 {
            let next = planned.filter { $0.value > 0 }.keys.min {
                turn(of: $0, shares[$0]?.kept ?? 0) < turn(of: $1, shares[$1]?.kept ?? 0)
            }
            guard let next else { return }
            give(to: next, now)
            planned[next, default: 0] -= 1
            free -= 1
        }
    }

    private mutating func give(to worker: Int, _ now: Int64) {
        guard var share = shares[worker] else { return }
        share.dealt.granted += 1
        // Behind those that wait as it did, with what it wants beyond.
        (share.grantedAt, share.waitsSince) = (now, now)
        share.wasUrgent = share.isUrgent
        if share.wanted > 0 { share.wanted -= 1 }
        shares[worker] = share
    }

    /// Has one worker after the other try the relay, though none wants to; at most one a second, and only where none has
    /// a connection. Returns the worker whose share has grown.
    mutating func grantTry(at now: Int64) -> Int? {
        guard held == 0, lastTry.at == .min || now - lastTry.at >= Self.lease.nanoseconds else { return nil }
        let workers = shares.keys.sorted()
        guard let next = workers.first(where: { $0 > lastTry.worker }) ?? workers.first else { return nil }
        lastTry = (next, now)
        give(to: next, now)
        return next
    }
}
