package import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

/// Where mail is submitted: a spool, or the drop box that this application has in one.
///
/// ```swift
/// struct OrderShipped: TypedJob {
///     let orderId: Int
///     let carrier: String
/// }
///
/// let spool = try Spool()
/// try spool.submit(OrderShipped(orderId: 1042, carrier: "DHL"), to: "Zoë <zoe@example.com>")
/// ```
///
/// A submission writes one small file and waits until it is on disk, about a millisecond. It does
/// not need the daemon, never waits for it, and opens no connection. Open a spool once and keep it:
/// the value is two descriptors, may be copied and used by any thread, and closes with its last copy.
public struct Spool: Sendable {
    /// Where the spool or drop box is; `memory:` for one in memory.
    public var path: String { if case .entrance(let entrance) = place { entrance.path } else { Spool.memoryPath } }

    enum Place: Sendable {
        case entrance(Entrance)
        case memory(SpoolMemory)
    }

    let place: Place

    private static let memoryPath = "memory:"

    init(_ place: Place) { self.place = place }

    /// Opens the spool or drop box at `path`; if nil, at what the environment variable
    /// `OUTSPOOL_SPOOL` says, or else `/var/spool/outspool`. The path `memory:` is that of ``inMemory()``.
    ///
    /// - Throws: ``SubmitError/unusable(_:)`` if the spool is missing, or if this user may not submit there.
    public init(path: String? = nil) throws(SubmitError) {
        let named = Process.environment("OUTSPOOL_SPOOL").flatMap { $0.isEmpty ? nil : $0 }
        let path = path ?? named ?? "/var/spool/outspool"
        if path.isExactly(Spool.memoryPath) {
            self = .inMemory()
            return
        }
        do throws(SpoolError) {
            place = .entrance(try Entrance(path: path))
        } catch {
            throw SubmitError(error)
        }
    }

    /// Queues a mail from the template of the job's type, and returns its id.
    ///
    /// - Parameter recipients: an address each, `zoe@example.com` or `Zoë <zoe@example.com>`; none for a task.
    /// - Throws: what ``submit(_:)-(Job)`` throws.
    @discardableResult
    public func submit(_ job: some TypedJob, to recipients: String...) throws(SubmitError) -> String {
        try submit(Job(job, to: recipients.map { Address($0) }))
    }

    /// Queues a job, and returns its id.
    ///
    /// On return the job is on disk and outlives a power cut. On error it is not queued, with two
    /// exceptions that the error tells: ``SubmitError/alreadyQueued(id:)``, which is what a
    /// repeated submission under the same ``Job/id`` is meant to end in, and ``SubmitError/unsettled(id:_:)``.
    @discardableResult
    public func submit(_ job: Job) throws(SubmitError) -> String { try prepare(job).publish() }

    /// Queues many jobs at the price of few waits for the disk; one result for each, in order.
    ///
    /// A success is an id, and that job is on disk on return. A failure says nothing of the others. More than a few are
    /// written by several threads, which end before the call does; of two jobs with the same id one is queued.
    public func submit(batch jobs: [Job]) -> [Result<String, SubmitError>] {
        guard case .entrance(let entrance) = place else {
            return jobs.map { job in Result { () throws(SubmitError) in try submit(job) } }
        }
        var batch: [(object: [UInt8], id: JobID)] = []
        var places: [Int] = []
        var results = jobs.enumerated().map { index, job -> Result<String, SubmitError> in
            do throws(SubmitError) {
                let id = try job.jobID()
                let object = try job.object()
                try refuse(job, id, object)
                batch.append((object, id))
                places.append(index)
                return .success(id.text)
            } catch {
                return .failure(error)
            }
        }
        for (place, result) in zip(places, entrance.submit(batch: batch)) {
            guard case .failure(let error) = result, case .success(let id) = results[place] else { continue }
            results[place] = .failure(SubmitError(error, id: id))
        }
        return results
    }

    /// Writes a job to disk without queueing it; ``Draft/publish()`` does that.
    ///
    /// An application prepares before its database commits and publishes after, so that a full
    /// disk is an error while the transaction can still be rolled back:
    ///
    /// ```swift
    /// var job = Job(OrderShipped(orderId: order.id, carrier: "DHL"), to: order.email)
    /// job.id = "order-shipped-\(order.id)"
    /// let draft = try spool.prepare(job)    // a full disk, a bad field: here
    /// try database.commit()                 // fails: the draft is dropped, nothing was queued
    /// try draft.publish()                   // one rename(2)
    /// ```
    ///
    /// A crash between the last two lines loses the mail, not the order; an application that
    /// cannot have that submits again at its next start, under the same id.
    ///
    /// On error nothing is left on disk.
    public func prepare(_ job: Job) throws(SubmitError) -> Draft {
        let id = try job.jobID()
        let object = try job.object()
        try refuse(job, id, object)
        return try prepare(object, id)
    }

    /// Writes a job object to disk under a new id, checked as ``prepare(_:)`` checks it, without queueing it.
    package func prepare(object value: JSON) throws(SubmitError) -> Draft {
        let object = try Job.encoded(value)
        if let (field, reason) = jobLateness(value, now: .now) { throw .invalid(field: field, reason: reason) }
        return try prepare(object, JobID.make(at: .now))
    }

    private func prepare(_ object: [UInt8], _ id: JobID) throws(SubmitError) -> Draft {
        switch place {
        case .memory(let memory): return Draft(.memory(object, id, memory), id: id)
        case .entrance(let entrance):
            do throws(SpoolError) {
                return Draft(.file(FileDraft(try entrance.prepare(object, id: id), in: entrance)), id: id)
            } catch {
                throw SubmitError(error, id: id.text)
            }
        }
    }
}

extension Spool {
    /// Throws if the spool has a job of a chosen id, as far as this user can see, or if a new one could only expire.
    private func refuse(_ job: Job, _ id: JobID, _ object: [UInt8]) throws(SubmitError) {
        if job.id != nil { try refuseNamesake(of: id, object) }
        guard job.expiresAt != nil, let value = try? JSON(parsing: object),  // As below.
            let (field, reason) = jobLateness(value, now: .now)
        else { return }
        throw .invalid(field: field, reason: reason)
    }

    private func refuseNamesake(of id: JobID, _ object: [UInt8]) throws(SubmitError) {
        // It was written as JSON a moment ago.
        guard let value = try? JSON(parsing: object) else { return }
        // A spool in memory says so when the job is published.
        guard case .entrance(let entrance) = place else { return }
        let namesake: Namesake?
        do throws(SpoolError) { namesake = try entrance.namesake(of: id, value) } catch {
            throw SubmitError(error, id: id.text)
        }
        switch namesake {
        case nil: return
        case .same: throw .alreadyQueued(id: id.text)
        case .other(let state):
            throw .invalid(field: "id", reason: "another job of that id is in \(state.path); a new job needs a new id")
        }
    }
}

/// A job that is on disk and not queued yet. Dropped, it removes itself.
///
/// It holds an open file: publish it soon. What a crash leaves behind is cleared after 36 hours.
public struct Draft: ~Copyable {
    /// The id under which the job will be queued.
    public let id: String

    private let content: Content

    enum Content {
        case file(FileDraft)
        case memory([UInt8], JobID, SpoolMemory)
    }

    init(_ content: Content, id: JobID) {
        self.id = id.text
        self.content = content
    }

    /// Queues the job, and returns its id.
    ///
    /// On return and on error the promises of ``Spool/submit(_:)-(Job)`` hold.
    @discardableResult
    public consuming func publish() throws(SubmitError) -> String {
        switch content {
        case .file(let draft):
            do throws(SpoolError) { try draft.publish() } catch { throw SubmitError(error, id: id) }
        case .memory(let object, let id, let memory): try memory.add(id, object)
        }
        return id
    }
}

/// The file of a draft, which is removed with this object unless it was published.
final class FileDraft {
    private var draft: Entrance.Draft?
    private let entrance: Entrance

    init(_ draft: consuming Entrance.Draft, in entrance: Entrance) {
        self.draft = consume draft
        self.entrance = entrance
    }

    /// Queues the job; a second time does nothing.
    func publish() throws(SpoolError) {
        guard let draft = draft.take() else { return }
        try entrance.publish(draft)
    }
}
