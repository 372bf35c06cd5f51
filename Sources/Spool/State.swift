/// A job's state, which is the directory that its file is in.
package enum State: Hashable, Sendable {
    case new
    /// Claimed by the daemon of that instance name.
    case claimed(instance: String)
    case retry(Bucket)
    case scheduled
    case hold
    case dead
    /// Sent on that day in UTC, `2026-11-23`.
    case done(day: String)

    /// The directory below the spool.
    package var path: String {
        switch self {
        case .new: "new"
        case .claimed(let instance): "cur/\(instance)"
        case .retry(let bucket): "retry/\(bucket.name)"
        case .scheduled: "scheduled"
        case .hold: "hold"
        case .dead: "dead"
        case .done(let day): "done/\(day)"
        }
    }

    /// One word for tables and filters.
    package var word: String {
        switch self {
        case .new: "new"
        case .claimed: "cur"
        case .retry: "retry"
        case .scheduled: "scheduled"
        case .hold: "hold"
        case .dead: "dead"
        case .done: "done"
        }
    }

    /// States in which a job waits for its time, with nothing done to it meanwhile.
    package static let waiting: [State] = [.new] + Bucket.allCases.map { .retry($0) } + [.scheduled]
}
