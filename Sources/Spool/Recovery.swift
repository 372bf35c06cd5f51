package import Time

/// The decision of the daemon's start about a job that it finds in `cur/`.
package enum Recovery: Equatable {
    case done
    /// Nothing is left to try: refused, expired, or judged before the rename came.
    case dead
    /// Back into the retry bucket or `scheduled/`, due as its history says.
    case retry(due: Timestamp)
    case scheduled(due: Timestamp)
    /// Set aside before the crash; the rename was missing.
    case hold
    /// The final dot may have been written for these recipients; without any, a program may have run.
    case inDoubt(attempt: Int, recipients: [String])
    /// Claimed, and nothing had begun: back to `new/`.
    case requeue
    /// Claimed three times, and each time the daemon died before it could say why.
    case poison

    /// Decides from the whole history; `recipients` are all of the envelope, empty when the job
    /// does not say them (a job that will be judged when it is claimed again).
    package init(history: History, recipients: [String], now: Timestamp) {
        if let open = history.openSending {
            self = .inDoubt(attempt: open.attempt ?? history.attempts, recipients: open.to)
            return
        }
        if let open = history.openRunning {
            self = .inDoubt(attempt: open.attempt ?? history.attempts, recipients: [])
            return
        }
        if history.isDone {
            self = .done
            return
        }
        if !recipients.isEmpty, history.open(of: recipients).isEmpty {
            self = history.isSent(to: recipients) ? .done : .dead
            return
        }
        switch history.last?.kind {
        case .expired, .dead: self = .dead
        case .held: self = .hold
        case .deferred, .blocked, .inDoubt, .sent, .refused:
            if history.isHeldInDoubt {
                self = .hold
            } else if let due = history.due, due > now {
                self = .retry(due: due)
            } else {
                self = .requeue
            }
        case .scheduled:
            if let due = history.due, due > now { self = .scheduled(due: due) } else { self = .requeue }
        default: self = history.recoveries >= 2 ? .poison : .requeue
        }
    }
}
