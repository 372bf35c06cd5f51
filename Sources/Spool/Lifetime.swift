package import JSON
package import Time

/// The times that decide until when a job may be sent: its own, its template's and the configuration's.
package struct Lifetime: Equatable, Sendable {
    package var sendAt: Timestamp?
    package var expiresAt: Timestamp?
    /// The template's `ttl`.
    package var ttl: Span?
    /// `max_age`: how old a job may become.
    package var maximumAge: Span

    package init(sendAt: Timestamp? = nil, expiresAt: Timestamp? = nil, ttl: Span? = nil, maximumAge: Span) {
        self.sendAt = sendAt
        self.expiresAt = expiresAt
        self.ttl = ttl
        self.maximumAge = maximumAge
    }

    /// Returns the moment from which nothing is sent any more: the job's own, else its template's `ttl`, and never later
    /// than the maximum age. Both count from the later of submission and `sendAt`.
    package func expiry(submitted: Timestamp) -> Timestamp {
        let start = max(submitted, sendAt ?? submitted)
        let own = expiresAt ?? ttl.map { start + $0 } ?? .distantFuture
        return min(own, start + maximumAge)
    }
}

extension Job {
    /// Returns why a job that is submitted now could only expire: its `expiresAt` is over. Nil if it can be sent.
    ///
    /// It is for the submitter, who has looked for the same job in the spool before: what was queued in time stays so.
    package func lateness(now: Timestamp) -> JobError? {
        guard let expiresAt, expiresAt <= now else { return nil }
        return JobError("/expiresAt", "is over: the job could only expire")
    }
}

/// Returns why the object of a job that is submitted now could only expire; see ``Job/lateness(now:)``. For a module that
/// has a `Job` of its own and hides this one.
package func jobLateness(_ object: JSON, now: Timestamp) -> (field: String, reason: String)? {
    do throws(JobError) {
        if let error = try Job(object).lateness(now: now) { return (error.pointer, error.reason) }
    } catch { return (error.pointer, error.reason) }
    return nil
}
