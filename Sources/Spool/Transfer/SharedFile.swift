internal import Linux

/// An open file that several threads may wait for.
final class SharedFile: Sendable {
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}

/// Waits until all the files are on disk, several at a time, so that a flush of the disk serves many; the first error,
/// or nil. See fsync(2).
func syncAll(_ files: [SharedFile]) -> Errno? {
    let next = Monitor(0)
    let failure = Monitor<Errno?>(nil)
    Threads.run(min(files.count, Entrance.threadCount)) {
        while true {
            let index = next.withLock { index in
                defer { index += 1 }
                return index
            }
            guard index < files.count else { return }
            do throws(Errno) { try files[index].descriptor.sync() } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
    }
    return failure.withLock { $0 }
}
