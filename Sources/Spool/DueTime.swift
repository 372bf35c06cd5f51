package import Linux
package import Time

extension SpoolTree {
    /// How much of a file's end is read for the last outcome: one line for each recipient.
    private static let tailLimit = 64 << 10

    /// Returns when a job of a bucket is due: as its mtime says, unless the clock was set back since it was given; see
    /// ``Bucket/due(modified:changed:next:now:)``. Its history is read only where the times do not tell.
    ///
    /// - Parameter known: the due time that was worked out before, which needs no second look.
    package func due(
        _ id: JobID, in bucket: Bucket, at directory: borrowing Directory, _ status: FileStatus, known: Timestamp?,
        now: Timestamp
    ) throws(SpoolError) -> Timestamp {
        let (modified, changed) = (
            Timestamp(nanoseconds: status.modified), Timestamp(nanoseconds: status.changed)
        )
        guard bucket.isFar(modified, now: now), modified != known, status.isRegular else { return modified }
        let due = bucket.due(modified: modified, changed: changed, next: nil, now: now)
        guard due == modified else { return due }
        let tail: [UInt8]
        do throws(Errno) {
            tail = try directory.open(id.text).readAll(
                from: max(0, status.size - SpoolTree.tailLimit), limit: SpoolTree.tailLimit)
        } catch {
            switch error {
            // It is gone, or is for the look at it to judge.
            case .noEntry, .accessDenied, .notPermitted, .loop: return modified
            default: throw SpoolError(.read, "retry/\(bucket.name)/\(id)", error)
            }
        }
        return bucket.due(modified: modified, changed: changed, next: History(tail[...]).nextTry, now: now)
    }
}
