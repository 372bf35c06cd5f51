internal import CLinux
internal import Glibc

/// A queue of hints about directories. See inotify(7).
package final class Inotify {
    /// The descriptor to wait on: readable when there are events.
    package let descriptor: Descriptor
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)

    /// Non-blocking and close-on-exec.
    package init() throws(Errno) { descriptor = Descriptor(owning: try retrying { clinux_inotify_init() }) }

    deinit { buffer.deallocate() }

    /// The changes to report about a directory.
    package struct Interest: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        /// A name came: by rename, by link(2) or by creation.
        package static let arrivals = Interest(rawValue: clinux_in_moved_to | clinux_in_create)
        /// An inode's metadata changed, its mtime included. Where the mtime alone is set, as `touch -m` does, the
        /// kernel calls that a modification.
        package static let changes = Interest(rawValue: clinux_in_attrib | clinux_in_modify)
        /// A name went: removed or renamed away.
        package static let departures = Interest(rawValue: clinux_in_delete | clinux_in_moved_from)
        /// A file that was open for writing was closed.
        package static let writes = Interest(rawValue: clinux_in_close_write)
    }

    /// One event. ``watch`` is what ``add(_:_:)`` returned; -1 when the queue overflowed.
    package struct Event {
        package let watch: Int32
        package let name: DirectoryName?
        /// A name came.
        package let isArrival: Bool
        package let isDeparture: Bool
        /// Events were dropped: what was not told must be read.
        package let isOverflow: Bool
        /// The watched directory itself was moved, removed or unmounted.
        package let isEnd: Bool
    }

    /// Watches the directory at `path`, whose own end is always told. ENOSPC means that the
    /// user's limit of watches is reached. See inotify_add_watch(2).
    package func add(_ path: String, _ interest: Interest) throws(Errno) -> Int32 {
        let mask = interest.rawValue | clinux_in_move_self | clinux_in_delete_self | clinux_in_onlydir
        return try retrying { inotify_add_watch(descriptor.raw, path, mask) }
    }

    /// Stops watching; what is queued still comes. See inotify_rm_watch(2).
    package func remove(_ watch: Int32) {
        // EINVAL: the kernel has ended it already.
        _ = inotify_rm_watch(descriptor.raw, watch)
    }

    /// Hands over what is queued, up to one buffer of it; false when there was nothing.
    package func read(_ each: (Event) -> Void) throws(Errno) -> Bool {
        let count: Int
        do throws(Errno) { count = try descriptor.read(into: buffer) } catch {
            if error == .again { return false }
            throw error
        }
        var offset = 0
        let header = MemoryLayout<inotify_event>.size
        while offset + header <= count {
            let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            var name: DirectoryName?
            if event.len > 0 {
                let start = buffer.baseAddress!.advanced(by: offset + header).assumingMemoryBound(to: CChar.self)
                name = DirectoryName(start, type: event.mask & clinux_in_isdir != 0 ? UInt8(DT_DIR) : UInt8(DT_UNKNOWN))
            }
            each(
                Event(
                    watch: event.wd, name: name,
                    isArrival: event.mask & (clinux_in_moved_to | clinux_in_create) != 0,
                    isDeparture: event.mask & (clinux_in_delete | clinux_in_moved_from) != 0,
                    isOverflow: event.mask & clinux_in_q_overflow != 0,
                    isEnd: event.mask & (clinux_in_move_self | clinux_in_delete_self | clinux_in_ignored) != 0))
            offset += header + Int(event.len)
        }
        return true
    }
}
