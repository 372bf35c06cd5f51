internal import Linux
internal import Text

/// The side of a transfer that jobs reach: `arriving/NAME` of a spool, with drafts and receipts.
///
/// A draft is a parcel's file that is not yet in its state. A receipt is an empty file of the same name: with it the
/// draft is complete; where the draft is gone, the job has been in its state, whatever became of it since. See
/// spool(5), "Transfer".
package final class Arrivals {
    package let path: String
    package let identity: String
    private let root: Directory
    /// `arriving/NAME`, whose flock(2) this value holds, and `received/` in it; nil before ``begin(_:keeping:)``.
    private var place: Place?
    /// The drafts brought since the last ``settle()``, in order.
    private var batch: [Draft] = []
    private var current: Draft?

    private final class Place {
        let path: String
        let drafts: Directory
        let receipts: Directory

        init(path: String, drafts: consuming Directory, receipts: consuming Directory) {
            self.path = path
            self.drafts = drafts
            self.receipts = receipts
        }
    }

    /// A parcel of the batch.
    private final class Draft {
        let parcel: Parcel
        let file: SharedFile?
        let modified: Int64
        var answer: Parcel.Answer?

        /// `file` is nil when nothing is written: the parcel has a receipt.
        init(_ parcel: Parcel, _ file: SharedFile?, modified: Int64) {
            self.parcel = parcel
            self.file = file
            self.modified = modified
        }
    }

    /// Opens the spool at `path`, and gives it an identity if it has none.
    package init(path: String) throws(TransferError) {
        self.path = path
        let top = try ownSpool(path)
        identity = try SpoolIdentity.make(in: top)
        root = top
    }

    /// Begins the transfer of that name, or goes on with it. Keeps the drafts and receipts whose names `isKept`
    /// accepts: the jobs of others are no longer under way.
    ///
    /// Waits for another process that serves the same transfer, whose connection may not have noticed its end.
    package func begin(_ name: JobID, keeping isKept: (String) -> Bool) throws(TransferError) {
        let own = "arriving/\(name)"
        for path in ["arriving", own, "\(own)/received"] {
            try transferStep(.create, path, allowing(.exists, root.makeDirectory(path, mode: 0o700)))
        }
        try transferStep(.sync, "arriving", root.directory("arriving").sync())
        try transferStep(.sync, path, root.sync())
        let drafts = try transferStep(.open, own, root.directory(own))
        let end = Clock.monotonic + Arrivals.patience
        while try transferStep(.lock, own, !drafts.lock()) {
            if Clock.monotonic > end { throw .busy(path: "\(path)/\(own)") }
            Process.pause(milliseconds: 50)
        }
        let receipts = try transferStep(.open, own, drafts.directory("received"))
        // The receipt goes first: without it, a draft is nothing.
        for name in try names(in: "\(own)/received", of: root) where !isKept(name) {
            try transferStep(.remove, "\(own)/received/\(name)", receipts.unlink(name))
        }
        try transferStep(.sync, "\(own)/received", receipts.sync())
        for name in try names(in: own, of: root) where !name.isExactly("received") && !isKept(name) {
            try transferStep(.remove, "\(own)/\(name)", drafts.unlink(name))
        }
        place = Place(path: own, drafts: drafts, receipts: receipts)
    }

    /// How long another process of the same transfer is waited for, in nanoseconds.
    private static let patience: Int64 = 30_000_000_000

    /// Begins a parcel. Its bytes follow by ``write(_:)``, then ``close()``.
    package func open(_ parcel: Parcel, modified: Int64) throws(TransferError) {
        let place = try current(nil)
        let path = "\(place.path)/\(parcel.name)"
        var file: SharedFile?
        if try transferStep(.read, path, !place.receipts.contains(parcel.name)) {
            // A draft without a receipt may be half of one.
            try transferStep(.remove, path, allowing(.noEntry, place.drafts.unlink(parcel.name)))
            file = SharedFile(try transferStep(.create, path, place.drafts.create(parcel.name, mode: 0o600)))
        }
        current = Draft(parcel, file, modified: modified)
    }

    /// The directories of the transfer, in which the parcel that is under way is `expected` or not.
    private func current(_ expected: Draft?) throws(TransferError) -> Place {
        guard let place, current === expected else { throw .broken("parts of a transfer out of their order") }
        return place
    }

    /// The next bytes of the parcel. Of one that has a receipt they are passed over.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(TransferError) {
        guard let current, let file = current.file else { return }
        try transferStep(.write, current.parcel.name, file.descriptor.write(all: bytes))
    }

    /// Ends the parcel: its bytes are complete.
    package func close() throws(TransferError) {
        guard let draft = current else { throw .broken("parts of a transfer out of their order") }
        if let file = draft.file {
            try transferStep(
                .touch, draft.parcel.name, file.descriptor.setModified(nanoseconds: draft.modified))
            file.descriptor.startWriteback()
        }
        batch.append(draft)
        current = nil
    }

    /// Puts the batch into its states, and answers for each parcel, in order. On return the answers hold over a power
    /// cut.
    package func settle() throws(TransferError) -> [(Parcel, Parcel.Answer)] {
        let place = try current(nil)
        defer { batch = [] }
        if let error = syncAll(batch.compactMap(\.file)) {
            throw .spool(SpoolError(.sync, place.path, error))
        }
        let others = try occupied()
        for draft in batch where draft.file != nil { try compare(draft, with: others, in: place) }
        try transferStep(.sync, place.path, place.drafts.sync())
        for draft in batch where draft.file != nil && draft.answer == nil || draft.answer == .arrived {
            try receipt(for: draft.parcel, in: place)
        }
        try transferStep(.sync, "\(place.path)/received", place.receipts.sync())
        var filled: Set<State> = []
        for draft in batch where draft.answer == nil {
            draft.answer = try publish(draft.parcel, in: place)
            filled.insert(draft.parcel.state)
        }
        for state in filled { try transferStep(.sync, state.path, root.directory(state.path).sync()) }
        try transferStep(.sync, place.path, place.drafts.sync())
        return batch.map { ($0.parcel, $0.answer ?? .arrived) }
    }

    private func receipt(for parcel: Parcel, in place: Place) throws(TransferError) {
        let path = "\(place.path)/received/\(parcel.name)"
        _ = try transferStep(.create, path, allowing(.exists, place.receipts.create(parcel.name, mode: 0o600)))
    }

    /// Renames a draft, which has its receipt, into its state. If the draft is missing, it was renamed before.
    private func publish(_ parcel: Parcel, in place: Place) throws(TransferError) -> Parcel.Answer {
        let target = "\(parcel.state.path)/\(parcel.id)"
        do throws(Errno) {
            try place.drafts.rename(parcel.name, into: root, as: target)
            return .arrived
        } catch {
            if error == .noEntry, try isThere(parcel.state) { return .arrived }
            guard error == .exists else { throw .spool(SpoolError(.rename, target, error)) }
        }
        try takeBack(parcel, in: place)
        return .refused("another job of this id is in \(parcel.state.path) there")
    }

    private func isThere(_ state: State) throws(TransferError) -> Bool {
        try transferStep(.open, state.path, root.contains(state.path))
    }

    /// Removes a draft with its receipt, which goes first: without it the draft is nothing.
    private func takeBack(_ parcel: Parcel, in place: Place) throws(TransferError) {
        let path = "\(place.path)/\(parcel.name)"
        try transferStep(.remove, path, allowing(.noEntry, place.receipts.unlink(parcel.name)))
        try transferStep(.sync, path, place.receipts.sync())
        try transferStep(.remove, path, allowing(.noEntry, place.drafts.unlink(parcel.name)))
    }

    /// Says of one parcel that will not be sent again whether it has arrived; if not, nothing of it stays here.
    package func withdraw(_ parcel: Parcel) throws(TransferError) -> Parcel.Answer {
        let place = try current(nil)
        let path = "\(place.path)/\(parcel.name)"
        if try transferStep(.read, path, place.receipts.contains(parcel.name)),
            try transferStep(.read, path, !place.drafts.contains(parcel.name))
        {
            return .arrived
        }
        try takeBack(parcel, in: place)
        return .refused("taken back")
    }

    /// Removes the receipts of jobs that are gone on the other side.
    package func forget(_ parcels: [Parcel]) throws(TransferError) {
        let place = try current(nil)
        for parcel in parcels {
            let path = "\(place.path)/received/\(parcel.name)"
            try transferStep(.remove, path, allowing(.noEntry, place.receipts.unlink(parcel.name)))
        }
    }

    /// Removes the transfer's directory: nothing is under way any more.
    package func end() throws(TransferError) {
        let place = try current(nil)
        for path in ["\(place.path)/received", place.path] {
            do throws(Errno) { try root.removeDirectory(path) } catch {
                // A job that is left on the other side, because its id is taken on both, may go on later.
                if error != .notEmpty, error != .exists, error != .noEntry {
                    throw .spool(SpoolError(.remove, path, error))
                }
            }
        }
        self.place = nil
    }
}

/// The comparison with jobs that arrive under an id that the spool has.
extension Arrivals {
    /// The states of the spool, in the order in which a job passes through them, so that one that moves is met.
    private func occupied() throws(TransferError) -> [State] {
        var states = State.waiting + [.hold]
        for name in try names(in: "cur", of: root) { states.append(.claimed(instance: name)) }
        states.append(.dead)
        for name in try names(in: "done", of: root) { states.append(.done(day: name)) }
        return states
    }

    /// Looks for a job of the draft's id. The same one, to which the daemon here may have appended, makes the draft
    /// needless; another one refuses it. Either removes the draft.
    private func compare(_ draft: Draft, with states: [State], in place: Place) throws(TransferError) {
        for state in states {
            let path = "\(state.path)/\(draft.parcel.id)"
            guard try isFile(at: path) else { continue }
            // It may have moved on since: then it is in one of the states that follow.
            guard let isSame = try begins(path, with: draft) else { continue }
            try transferStep(.remove, draft.parcel.name, allowing(.noEntry, place.drafts.unlink(draft.parcel.name)))
            draft.answer = isSame ? .arrived : .refused("another job of this id is in \(state.path) there")
            return
        }
    }

    private func isFile(at path: String) throws(TransferError) -> Bool {
        do throws(Errno) { return try root.contains(path) } catch {
            // A file among the directories of days or instances.
            if error == .notDirectory { return false }
            throw .spool(SpoolError(.read, path, error))
        }
    }

    /// Whether the file at `path` begins with the draft's bytes; nil when it is gone.
    private func begins(_ path: String, with draft: Draft) throws(TransferError) -> Bool? {
        guard let status = try transferStep(.read, path, allowing(.noEntry, root.status(path))) else { return nil }
        guard status.isRegular else { return false }
        guard let other = try transferStep(.open, path, allowing(.noEntry, root.open(path))) else { return nil }
        guard let own = draft.file else { return false }
        var offset = 0
        while true {
            let piece = try transferStep(
                .read, draft.parcel.name, own.descriptor.readAll(from: offset, limit: 65536, sizeHint: offset + 65535))
            if piece.isEmpty { return true }
            let there = try transferStep(
                .read, path, other.readAll(from: offset, limit: piece.count, sizeHint: offset + piece.count))
            guard there == piece else { return false }
            offset += piece.count
        }
    }
}
