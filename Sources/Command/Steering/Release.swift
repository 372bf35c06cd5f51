internal import Spool
internal import Time

/// Where a held job or a dead letter goes when it is sent.
enum Release: Equatable, Sendable {
    /// `new/`: the daemon takes it up at once, and judges its expiry first.
    case new
    /// `scheduled/`, due then: it was never tried, and its time has not come.
    case scheduled(Timestamp)

    /// A job whose `sendAt` is still to come waits for it, whether it had been claimed before it was held or not:
    /// in `new/` a job with a history would be sent at once, since `sendAt` is read at the first claim only.
    /// One that was tried has been due already.
    init(history: History, sendAt: Timestamp?, now: Timestamp) {
        let wasTried = history.events.contains {
            switch $0.kind {
            case .sending, .sent, .deferred, .refused, .inDoubt, .running, .done: true
            default: false
            }
        }
        guard !wasTried, !history.isEmpty, let sendAt, sendAt > now else {
            self = .new
            return
        }
        self = .scheduled(sendAt)
    }
}
