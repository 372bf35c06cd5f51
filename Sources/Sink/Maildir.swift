internal import Glibc
internal import Linux

/// A Maildir that messages are put into: written in `tmp`, then renamed into `new`.
///
/// Nothing is synced: what is captured in a test or a demonstration need not outlive a power cut.
final class Maildir {
    fileprivate let tmp: Directory
    fileprivate let new: Directory

    /// Opens the Maildir at `path`; it and its three directories are made where they are missing.
    init(path: String) throws(Errno) {
        if mkdir(path, 0o700) == -1, Errno.last != .exists { throw Errno.last }
        let root = try Directory(path: path)
        for name in ["tmp", "new", "cur"] where try !root.contains(name) {
            try root.makeDirectory(name, mode: 0o700)
        }
        let tmp = try root.directory("tmp")
        new = try root.directory("new")
        self.tmp = tmp
    }

    /// A message on its way into a Maildir, in memory until it grows beyond ``chunk``.
    ///
    /// Ends with ``deliver(longLines:)``; else nothing stays behind.
    final class Draft {
        /// The part that has not been written yet; the message is appended here.
        var pending: [UInt8]
        let name: String
        private let maildir: Maildir
        private var file: Descriptor?
        private let longLinesOffset: Int

        static let chunk = 256 << 10

        /// `header` goes before the message; ``MessageHeader/longLinesWidth`` digits at
        /// `longLinesOffset` in it are filled in at the end.
        init(_ maildir: Maildir, name: String, header: [UInt8], longLinesOffset: Int) {
            self.maildir = maildir
            self.name = name
            self.longLinesOffset = longLinesOffset
            pending = header
        }

        deinit {
            // Already an abandoned message: a file that stays in tmp/ is the worst that follows.
            if file != nil { do { try maildir.tmp.unlink(name) } catch {} }
        }

        /// Writes what is pending when there is much of it.
        func spill() throws(Errno) {
            if pending.count >= Self.chunk { try write() }
        }

        /// On return the message is in `new/`. On error it is nowhere.
        func deliver(longLines: Int) throws(Errno) {
            let digits = MessageHeader.longLines(longLines)
            if file == nil {
                pending.replaceSubrange(longLinesOffset..<longLinesOffset + digits.count, with: digits)
            }
            let wasSpilled = file != nil
            try write()
            if wasSpilled, longLines > 0 {
                let number = file?.raw ?? -1
                let offset = off_t(longLinesOffset)
                _ = try retrying { pwrite(number, digits, digits.count, offset) }
            }
            try maildir.tmp.rename(name, into: maildir.new, as: name)
            file = nil
        }

        private func write() throws(Errno) {
            if file == nil { file = try maildir.tmp.create(name, mode: 0o600) }
            try file?.write(all: pending)
            pending.removeAll(keepingCapacity: true)
        }
    }
}
