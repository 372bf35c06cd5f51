internal import Linux
internal import Time

/// Where a producer submits: the `tmp/` and `new/` of a spool, or of a drop box.
///
/// Safe to share between threads: it holds two descriptors that never change.
package final class Entrance: Sendable {
    package let path: String
    private let tmp: Directory
    private let new: Directory
    /// 0600 where the producer owns the directory. Elsewhere (a drop box, or root) the
    /// daemon, which owns it, has to read the file, and nobody else who can reach it.
    private let mode: UInt32

    /// Opens the spool or drop box at `path`. Neither the daemon nor its configuration is needed.
    package init(path: String) throws(SpoolError) {
        // A producer may cross its drop box and cannot read it.
        let root = try step(.open, path) { () throws(Errno) in try Directory(anchorAt: path) }
        tmp = try step(.open, "\(path)/tmp") { () throws(Errno) in try root.directoryOrAnchor("tmp") }
        let new = try step(.open, "\(path)/new") { () throws(Errno) in try root.directoryOrAnchor("new") }
        let owner = try step(.open, "\(path)/new") { () throws(Errno) in try new.status().owner }
        self.new = new
        mode = owner == Process.effectiveUser ? 0o600 : 0o604
        self.path = path
    }

    /// A job's file in `tmp/`, written and synced, that nobody sees until it is published.
    ///
    /// When the value ends unpublished the file is removed; after a crash the daemon
    /// removes it when it is 36 h old.
    package struct Draft: ~Copyable {
        package let id: JobID
        fileprivate let name: String
        fileprivate let file: Descriptor
        fileprivate let entrance: Entrance
        fileprivate var isInPlace = true

        fileprivate init(id: JobID, name: String, file: consuming Descriptor, entrance: Entrance) {
            self.id = id
            self.name = name
            self.file = file
            self.entrance = entrance
        }

        deinit {
            // A file that cannot be removed is harmless litter for the daemon to clear.
            if isInPlace { try? entrance.tmp.unlink(name) }
        }
    }

    /// Writes a job's object into `tmp/` and waits until it is on disk.
    ///
    /// On return nothing is queued: ``publish(_:)`` does that with one rename. An application
    /// prepares before its database commits and publishes after. On error nothing is left.
    package func prepare(_ object: [UInt8], id: JobID) throws(SpoolError) -> Draft {
        let draft = try write(object, id: id)
        try step(.sync, "tmp/\(draft.name)") { () throws(Errno) in try draft.file.sync() }
        return draft
    }

    /// Queues a prepared job under its id.
    ///
    /// On return the job is on disk and outlives a power cut. On error it is not queued,
    /// with one exception: after ``SpoolError/Step/settle`` the daemon may have it already.
    /// EEXIST at ``SpoolError/Step/publish`` means that a job of that id waits in `new/`.
    package func publish(_ draft: consuming Draft) throws(SpoolError) {
        try rename(&draft)
        try settle(draft)
    }

    /// ``prepare(_:id:)`` and ``publish(_:)``.
    package func submit(_ object: [UInt8], id: JobID) throws(SpoolError) { try publish(try prepare(object, id: id)) }

    /// Queues many jobs at the price of few waits for the disk; one result for each, in order.
    ///
    /// Those that succeeded are durable on return, as if submitted one by one. They are
    /// taken in groups of ``groupSize``, which bounds the descriptors that are open at once.
    package func submit(batch: [(object: [UInt8], id: JobID)]) -> [Result<JobID, SpoolError>] {
        var results: [Result<JobID, SpoolError>] = []
        results.reserveCapacity(batch.count)
        var start = 0
        while start < batch.count {
            let end = min(start + Entrance.groupSize, batch.count)
            submit(group: batch[start..<end], into: &results)
            start = end
        }
        return results
    }

    /// How many jobs of a batch share a sync of `new/`.
    package static let groupSize = 256

    private func submit(
        group: ArraySlice<(object: [UInt8], id: JobID)>, into results: inout [Result<JobID, SpoolError>]
    ) {
        // The write-back of all files is under way before the first wait, so that the disk
        // sees one long queue instead of many short ones.
        let first = results.count
        let drafts = group.map { item -> DraftBox? in
            do throws(SpoolError) {
                let draft = try write(item.object, id: item.id)
                draft.file.startWriteback()
                results.append(.success(item.id))
                return DraftBox(draft)
            } catch {
                results.append(.failure(error))
                return nil
            }
        }
        var unsettled: [(index: Int, box: DraftBox)] = []
        for (index, box) in drafts.enumerated() {
            guard let box else { continue }
            do throws(SpoolError) {
                try box.syncAndRename()
                unsettled.append((first + index, box))
            } catch {
                results[first + index] = .failure(error)
            }
        }
        if new.isReadable {
            do throws(Errno) { try new.sync() } catch {
                for item in unsettled { results[item.index] = .failure(SpoolError(.settle, "new/", error)) }
            }
            return
        }
        for item in unsettled {
            do throws(SpoolError) { try item.box.settle() } catch { results[item.index] = .failure(error) }
        }
    }

    private func write(_ object: [UInt8], id: JobID) throws(SpoolError) -> Draft {
        // The name is random, and only the rename gives the id: a writer that crashed must not
        // block an idempotency key.
        let name = JobID.random(characters: 20)
        let file = try step(.create, "tmp/\(name)") { () throws(Errno) in try tmp.create(name, mode: mode) }
        let draft = Draft(id: id, name: name, file: file, entrance: self)
        try step(.write, "tmp/\(name)") { () throws(Errno) in try draft.file.write(all: object) }
        return draft
    }

    fileprivate func rename(_ draft: inout Draft) throws(SpoolError) {
        let name = draft.name
        let id = draft.id.text
        do throws(Errno) {
            try tmp.rename(name, into: new, as: id)
        } catch {
            guard error == .invalid else { throw SpoolError(.publish, "new/\(id)", error) }
            // The filesystem has no RENAME_NOREPLACE: link(2) refuses a name that is taken, too.
            try step(.publish, "new/\(id)") { () throws(Errno) in try tmp.link(name, into: new, as: id) }
            // A second link in tmp/ is litter, and the daemon's to clear.
            try? tmp.unlink(name)
        }
        draft.isInPlace = false
    }

    fileprivate func settle(_ draft: borrowing Draft) throws(SpoolError) {
        // The rename is on disk only once its directory is; where the directory may not be
        // read, syncing the file again commits the rename on ext4, XFS and btrfs.
        try step(.settle, "new/\(draft.id)") { () throws(Errno) in
            if new.isReadable { try new.sync() } else { try draft.file.sync() }
        }
    }

    /// Lets an array hold drafts, which do not copy.
    private final class DraftBox {
        private var draft: Draft

        init(_ draft: consuming Draft) { self.draft = draft }

        func syncAndRename() throws(SpoolError) {
            let name = draft.name
            try step(.sync, "tmp/\(name)") { () throws(Errno) in try draft.file.sync() }
            try draft.entrance.rename(&draft)
        }

        func settle() throws(SpoolError) { try draft.entrance.settle(draft) }
    }
}
