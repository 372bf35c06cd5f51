internal import JSON
internal import Linux

/// How a job with secrets leaves `cur/`: as a copy in which they are masked.
///
/// `done/` is the one place where the producer's bytes are not kept: a secret has no use after its mail. The file in
/// `cur/` has the outcome before the copy is begun, and goes after the copy is there:
///
///     crash before              leaves                                next start
///     the copy's rename         cur/ID with its outcome, a draft      makes the copy again
///     the unlink of cur/ID      cur/ID, and its copy in done/         removes cur/ID
///
/// The draft holds no secret; the sweep of `tmp/` clears it. The copy is on disk before its rename, so that a
/// power cut does not leave an empty file where the job's record was.
extension Claim {
    /// Writes the copy, renames it into `target`, and removes the file, wherever the operator moved it.
    ///
    /// When it is tried again after an error, the copy that is there already is found and taken for what it is.
    func moveMasked(_ object: JSON, to target: State, as newID: JobID, in spool: SpoolTree) throws(SpoolError) -> Move {
        guard try whereabouts(in: spool) != nil else { return .gone }
        let path = "cur/\(id)"
        // It was read before it was claimed; if it is not a job any more, all of its lines are looked at.
        let own = try contents()
        let encoded = object.encoded
        let draft = JobID.random(characters: 20)
        do throws(Errno) {
            let copy = try spool.tmp.create(draft, mode: 0o600)
            try copy.write(all: encoded + [0x0A])
            try copyHistory(from: own?.object.endIndex ?? 0, to: copy)
            try copy.syncData()
        } catch {
            try? spool.tmp.unlink(draft)  // Litter that the sweep clears; the error is the one to report.
            throw SpoolError(.copy, path, error)
        }
        do throws(SpoolError) {
            let isThere = try publish(draft, in: target, as: newID, of: spool)
            if !isThere {
                try? spool.tmp.unlink(draft)  // As above.
                guard case .job(let other) = try spool.examine(newID, in: target, limit: encoded.count),
                    other.contents.object.elementsEqual(encoded),
                    let own, other.contents.history.events == own.history.events
                else { return .taken }
            }
        } catch {
            try? spool.tmp.unlink(draft)  // As above.
            throw error
        }
        try discard(in: spool)
        return .renamed
    }

    /// Copies the lines that are events, a piece at a time.
    private func copyHistory(from start: Int, to copy: borrowing Descriptor) throws(Errno) {
        var lines = HistoryLines(longest: max(size, JobFile.pieceSize))
        var (offset, pending) = (start, [UInt8]())
        func keep(_ line: ArraySlice<UInt8>) { if History.isEvent(line) { pending += line + [0x0A] } }
        while true {
            let piece = try file.readAll(
                from: offset, limit: JobFile.pieceSize, sizeHint: min(size, offset + JobFile.pieceSize))
            if piece.isEmpty { lines.end(keep) } else { lines.take(piece[...], keep) }
            try copy.write(all: pending)
            if piece.isEmpty { return }
            pending = []
            offset += piece.count
        }
    }

    /// False when the id is taken there.
    private func publish(
        _ draft: String, in target: State, as newID: JobID, of spool: SpoolTree
    ) throws(SpoolError) -> Bool {
        var mayBePruned = true
        while true {
            let isThere: Bool? = try spool.with(target) { (directory) throws(SpoolError) in
                do throws(Errno) {
                    try spool.tmp.rename(draft, into: directory, as: newID.text)
                    return true
                } catch {
                    if error == .exists { return false }
                    if error == .noEntry, mayBePruned { return nil }
                    throw SpoolError(.rename, "\(target.path)/\(newID)", error)
                }
            }
            if let isThere { return isThere }
            // The directory of its day was removed while it was open.
            mayBePruned = false
            if case .done(let day) = target { spool.forgetDay(day) }
        }
    }
}
