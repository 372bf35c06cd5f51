internal import Spool
package import Time

/// When a job is tried again, and until when.
package struct RetryPolicy: Equatable, Sendable {
    /// How old a job may become, counted from its submission.
    package var maximumAge: Span = .days(5)

    package init(maximumAge: Span = .days(5)) { self.maximumAge = maximumAge }

    /// The moment from which nothing is sent any more: the job's own, else its template's
    /// `ttl`, and never later than the maximum age.
    package func expiry(submitted: Timestamp, expiresAt: Timestamp?, ttl: Span?) -> Timestamp {
        let own = expiresAt ?? ttl.map { submitted + $0 } ?? .distantFuture
        return min(own, submitted + maximumAge)
    }

    /// The due time after the `attempt`-th failure: the bucket's delay, made up to 10 % shorter or
    /// longer by `jitter` (from -1 to 1) so that what failed together does not come back together, and
    /// not later than the expiry, at which the job is judged.
    package func due(afterAttempt attempt: Int, now: Timestamp, jitter: Double, expiry: Timestamp) -> Timestamp {
        min(now + Bucket(afterAttempt: attempt).delay * (1 + 0.1 * jitter), max(expiry, now))
    }
}
