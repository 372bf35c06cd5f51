package import Spool
package import Time

/// When a job is tried again, and until when.
package struct RetryPolicy: Equatable, Sendable {
    /// How old a job may become, counted from the later of its submission and its `sendAt`.
    package var maximumAge: Span = .days(5)

    /// How many attempts a job gets, by its template; nil: as many as its age allows.
    package var maximumAttempts: Int?

    package init(maximumAge: Span = .days(5)) { self.maximumAge = maximumAge }

    /// The moment after which nothing is sent; see ``Lifetime``. `job` is nil when the object is not a job.
    package func expiry(submitted: Timestamp, of job: Job?, ttl: Span?) -> Timestamp {
        Lifetime(sendAt: job?.sendAt, expiresAt: job?.expiresAt, ttl: ttl, maximumAge: maximumAge)
            .expiry(submitted: submitted)
    }

    /// The due time after the `attempt`-th failure: the bucket's delay, made up to 10 % shorter or
    /// longer by `jitter` (from -1 to 1) so that what failed together does not come back together, and
    /// not later than the expiry, at which the job is judged.
    package func due(afterAttempt attempt: Int, now: Timestamp, jitter: Double, expiry: Timestamp) -> Timestamp {
        min(now + Bucket(afterAttempt: attempt).delay * (1 + 0.1 * jitter), max(expiry, now))
    }
}
