internal import JSON
internal import Linux
internal import Spool

/// A job that was queued in memory.
public struct Queued: Hashable, Sendable {
    public let id: String
    /// The job object of spool(5), as JSON text.
    public let job: String

    public init(id: String, job: String) {
        self.id = id
        self.job = job
    }
}

extension Spool {
    /// A spool that keeps what is queued in memory, for tests; ``queued`` has it. Nothing touches the disk.
    ///
    /// ```swift
    /// let spool = Spool.inMemory()
    /// try shop(spool).order()
    /// #expect(spool.queued.count == 1)
    /// ```
    ///
    /// Copies of the value share what is queued. Jobs are judged as they are for a real spool.
    public static func inMemory() -> Spool { Spool(.memory(SpoolMemory())) }

    /// The jobs that were queued in memory, in order; empty for a spool on disk.
    public var queued: [Queued] { if case .memory(let memory) = place { memory.queued } else { [] } }
}

/// The jobs that the copies of a spool in memory share.
final class SpoolMemory: Sendable {
    private let jobs = Monitor<[Queued]>([])

    var queued: [Queued] { jobs.withLock { $0 } }

    /// - Throws: if a job of that id is there: what a spool on disk would say.
    func add(_ id: JobID, _ object: [UInt8]) throws(SubmitError) {
        let job = Queued(id: id.text, job: String(decoding: object.dropLast(), as: UTF8.self))
        let namesake = jobs.withLock { jobs -> Queued? in
            let namesake = jobs.first { $0.id == job.id }
            if namesake == nil { jobs.append(job) }
            return namesake
        }
        guard let namesake else { return }
        if isSame(namesake.job, job.job) { throw .alreadyQueued(id: job.id) }
        throw .invalid(field: "id", reason: "another job of that id is queued; a new job needs a new id")
    }

    private func isSame(_ one: String, _ other: String) -> Bool {
        // Both were written as JSON.
        guard let one = try? JSON(parsing: Array(one.utf8)), let other = try? JSON(parsing: Array(other.utf8)) else {
            return false
        }
        return one.isSame(as: other)
    }
}
