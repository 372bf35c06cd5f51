internal import Linux

extension Entrance {
    /// Queues many jobs at the price of few waits for the disk; one result for each, in order.
    ///
    /// Those that succeeded are durable on return, as if submitted one by one; of two with the same id one is queued. They
    /// are taken in groups of ``groupSize`` by up to ``threadCount`` threads, which bounds the descriptors that are open at
    /// once: while one group waits for the disk, others are written, and the disk's flushes serve several.
    package func submit(batch: [(object: [UInt8], id: JobID)]) -> [Result<JobID, SpoolError>] {
        let submission = BatchSubmission(batch, to: self)
        let groups = (batch.count + Entrance.groupSize - 1) / Entrance.groupSize
        Threads.run(min(groups, Entrance.threadCount)) { submission.work() }
        return submission.results
    }

    /// How many jobs of a batch a thread takes at a time, and how many threads there are at most.
    package static let groupSize = 16
    package static let threadCount = 16

    /// Submits the jobs of a group: all are written before the first wait, so that the disk sees one long queue instead of
    /// many short ones, and one sync of `new/` serves them.
    fileprivate func submit(group: ArraySlice<(object: [UInt8], id: JobID)>) -> [Result<JobID, SpoolError>] {
        let places = group.map { Place($0.object, $0.id, in: self) }
        for place in places { place.attempt { (draft) throws(SpoolError) in try syncAndRename(&draft) } }
        settle(places)
        return places.map(\.result)
    }

    private func settle(_ places: [Place]) {
        guard new.directory.isReadable else {
            for place in places { place.attempt { (draft) throws(SpoolError) in try settle(draft) } }
            return
        }
        do throws(Errno) { try new.sync() } catch {
            for place in places { place.attempt { (_) throws(SpoolError) in throw SpoolError(.settle, "new/", error) } }
        }
    }

    private func syncAndRename(_ draft: inout Draft) throws(SpoolError) {
        let name = draft.name
        try step(.sync, "tmp/\(name)", draft.file.sync())
        try rename(&draft)
    }

    /// A job's place in its group: its draft as long as nothing failed, and its result.
    private final class Place {
        private var draft: Draft?
        private(set) var result: Result<JobID, SpoolError>

        init(_ object: [UInt8], _ id: JobID, in entrance: Entrance) {
            result = .success(id)
            do throws(SpoolError) {
                let written = try entrance.write(object, id: id)
                written.file.startWriteback()
                draft = consume written
            } catch {
                draft = nil
                result = .failure(error)
            }
        }

        /// Does a step, unless an earlier one failed. A draft that is not renamed goes with its failure.
        func attempt(_ step: (inout Draft) throws(SpoolError) -> Void) {
            guard var current = draft.take() else { return }
            do throws(SpoolError) {
                try step(&current)
                draft = consume current
            } catch {
                result = .failure(error)
            }
        }
    }
}

/// A batch that several threads work at.
private final class BatchSubmission: Sendable {
    private let batch: [(object: [UInt8], id: JobID)]
    private let entrance: Entrance
    private let progress = Monitor(Progress())

    private struct Progress {
        /// The first job that no thread has taken.
        var next = 0
        /// The results of the groups that are through, by the group's first job.
        var results: [Int: [Result<JobID, SpoolError>]] = [:]
    }

    init(_ batch: [(object: [UInt8], id: JobID)], to entrance: Entrance) {
        self.batch = batch
        self.entrance = entrance
    }

    /// The work of each thread: takes groups until none is left.
    func work() {
        while true {
            let start = progress.withLock { progress in
                defer { progress.next += Entrance.groupSize }
                return progress.next
            }
            guard start < batch.count else { return }
            let results = entrance.submit(group: batch[start..<min(start + Entrance.groupSize, batch.count)])
            progress.withLock { $0.results[start] = results }
        }
    }

    /// One for each job, in their order. Complete when all threads have returned.
    var results: [Result<JobID, SpoolError>] {
        progress.withLock { progress in
            stride(from: 0, to: batch.count, by: Entrance.groupSize).flatMap { progress.results[$0] ?? [] }
        }
    }
}
