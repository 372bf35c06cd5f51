internal import Spool

extension Job {
    /// The row for an outbox table, which an application inserts in the transaction of its business: the job's id, a
    /// new one if ``id`` is nil, and its JSON text. `outspool pump` takes both from there.
    ///
    /// ```swift
    /// let row = try job.outboxRow()
    /// try await transaction.query("INSERT INTO outspool_outbox (id, job) VALUES (\(row.id), \(row.job)::json)")
    /// ```
    ///
    /// Nothing is queued, and no spool is needed.
    /// - Throws: ``SubmitError/invalid(field:reason:)`` for what the daemon would bury, as far as the job alone tells.
    public func outboxRow() throws(SubmitError) -> (id: String, job: String) {
        let id = try jobID()
        // Without the line end that a file has.
        return (id.text, String(decoding: try object().dropLast(), as: UTF8.self))
    }
}
