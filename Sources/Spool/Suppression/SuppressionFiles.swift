package import Linux
internal import Text
package import Time

/// The directory `suppressed/` of a spool: a file for each address that gets no mail.
///
/// Any number of processes use it at a time, without a lock. Lines are appended in one write(2) each. A file that comes or
/// is replaced is written in `tmp/` and renamed. Who has appended looks whether the name still leads to that file, and
/// appends once more where it does not; who has replaced a file takes over what came to the old one meanwhile.
package final class SuppressionFiles {
    package static let directoryName = "suppressed"

    private let root: Directory
    private let owner: FileStatus
    private var directory: Open?
    /// The directory's mtime when it was last read, and when that was.
    private var read: (modified: Int64, at: Timestamp)?
    /// Whether ``directory`` had a file when it was last looked at.
    package private(set) var hasFiles = false

    /// Lets an optional hold a directory.
    private final class Open {
        let directory: Directory
        let inode: UInt64
        init(_ directory: consuming Directory, _ inode: UInt64) {
            self.directory = directory
            self.inode = inode
        }
    }

    /// An mtime this young may hide a further change.
    private static let grain = Span.seconds(2)
    private static let tries = 100

    /// Opens the spool at `path`. The directory need not be there.
    package init(path: String) throws(SpoolError) {
        let root = try step(.open, path, Directory(path: path))
        owner = try step(.read, path, root.status())
        self.root = root
    }

    /// The path of a name in messages.
    private func path(_ name: String) -> String { "\(Self.directoryName)/\(name)" }

    /// Makes the directory where it is missing.
    package func make() throws(SpoolError) {
        try step(.create, Self.directoryName) { () throws(Errno) in
            guard try allowing(.exists, root.makeDirectory(Self.directoryName, mode: 0o700)) != nil else { return }
            let made = try root.directory(Self.directoryName)
            if try made.status().owner != owner.owner {
                try made.descriptor.setOwner(owner.owner, group: owner.group)
                try made.descriptor.setMode(0o700)
            }
        }
    }

    // Looking.

    /// Looks whether the directory is there, and whether it holds a file: to be called once a second, so that a lookup
    /// costs nothing as long as there is none.
    ///
    /// On error it may hold some: then each lookup asks.
    package func look(now: Timestamp) throws(SpoolError) {
        hasFiles = try mayHaveFiles(now)
    }

    private func mayHaveFiles(_ now: Timestamp) throws(SpoolError) -> Bool {
        let before = hasFiles
        hasFiles = true
        let path = Self.directoryName
        guard let status = try step(.read, path, allowing(.noEntry, root.status(path))) else {
            (directory, read) = (nil, nil)
            return false
        }
        if directory?.inode != status.inode {
            let opened = try step(.open, path, root.directory(path))
            directory = Open(opened, status.inode)
            read = nil
        }
        if let read, read.modified == status.modified, Timestamp(nanoseconds: read.modified) + Self.grain < read.at {
            return before
        }
        read = nil
        let has = try hasName()
        read = (status.modified, now)
        return has
    }

    private func hasName() throws(SpoolError) -> Bool {
        guard let directory else { return false }
        var stream = try step(.list, Self.directoryName, directory.directory.entries())
        while let name = try step(.list, Self.directoryName, stream.next()) { if !name.isHidden { return true } }
        return false
    }

    /// The record in the address's file, or nil. Costs one openat(2) of a path that does not exist, and not
    /// even that as long as the directory was empty at the last ``look(now:)``.
    ///
    /// An entry that is not a regular file suppresses by its name alone.
    package func record(of address: String) throws(SpoolError) -> SuppressionRecord? {
        guard hasFiles else { return nil }
        if directory == nil { _ = try open() }
        guard let directory else { return nil }
        return try read(SuppressionName(address).text, of: address, in: directory.directory)
    }

    private func read(
        _ name: String, of address: String, in directory: borrowing Directory
    ) throws(SpoolError) -> SuppressionRecord? {
        do throws(Errno) {
            let file = try directory.open(name)
            let status = try file.status()
            let modified = Timestamp(nanoseconds: status.modified)
            guard status.isRegular else { return SuppressionRecord(reading: [], of: address, modified: modified) }
            let bytes = try file.readAll(
                limit: SuppressionRecord.sizeLimit, sizeHint: min(status.size, SuppressionRecord.sizeLimit) + 1)
            return SuppressionRecord(reading: bytes, of: address, modified: modified)
        } catch {
            switch error {
            case .noEntry: return nil
            // A link, a socket.
            case .loop, .noDevice: return SuppressionRecord(reading: [], of: address, modified: .now)
            default: throw SpoolError(.read, path(name), error)
            }
        }
    }

    /// Reads the file of a name that was listed.
    package func record(named name: String) throws(SpoolError) -> SuppressionRecord? {
        guard let directory = try open() else { return nil }
        return try read(name, of: SuppressionName.address(of: name) ?? name, in: directory.directory)
    }

    /// Calls `body` with each name that is not hidden, in the order of the directory.
    package func forEachName<Failure: Error>(
        failing: (SpoolError) -> Failure, _ body: (DirectoryName) throws(Failure) -> Void
    ) throws(Failure) {
        do throws(SpoolError) { if try open() == nil { return } } catch { throw failing(error) }
        guard let directory else { return }
        var stream: DirectoryStream
        do throws(Errno) { stream = try directory.directory.entries() } catch {
            throw failing(SpoolError(.list, Self.directoryName, error))
        }
        while true {
            let name: DirectoryName?
            do throws(Errno) { name = try stream.next() } catch {
                throw failing(SpoolError(.list, Self.directoryName, error))
            }
            guard let name else { return }
            if !name.isHidden { try body(name) }
        }
    }

    /// The directory as it is now; nil where it is not there.
    private func open() throws(SpoolError) -> Open? {
        if let directory,
            try step(.read, Self.directoryName, allowing(.noEntry, root.status(Self.directoryName).inode))
                == directory.inode
        {
            return directory
        }
        guard
            let opened = try step(
                .open, Self.directoryName, allowing(.noEntry, root.directory(Self.directoryName)))
        else {
            (directory, read) = (nil, nil)
            return nil
        }
        let inode = try step(.read, Self.directoryName, opened.status().inode)
        let made = Open(opened, inode)
        (directory, read) = (made, nil)
        return made
    }

    // Changing.

    /// Judges a lesson about an address by what its file says, and writes down what follows.
    ///
    /// On return the file's contents are on disk; the directory's entry is not synced, see ``sync()``. Nothing has
    /// changed, or all of it: a crash in between may leave a file in `tmp/`.
    /// - Returns: the entries that were added.
    @discardableResult
    package func learn(
        _ lesson: SuppressionPolicy.Lesson, of address: String, by policy: SuppressionPolicy, now: Timestamp
    ) throws(SpoolError) -> [SuppressionEntry] {
        let name = SuppressionName(address).text
        let record = try record(named: name, of: address)
        switch policy.change(by: lesson, of: record, address: address, now: now) {
        case .nothing: return []
        case .append(let entries):
            try add(entries, to: name)
            return entries
        case .keep(let entries):
            if let record { try keep(entries, of: record, in: name, address) }
            return []
        }
    }

    private func record(named name: String, of address: String) throws(SpoolError) -> SuppressionRecord? {
        guard let directory = try open() else { return nil }
        return try read(name, of: address, in: directory.directory)
    }

    /// Adds an entry to the file of its address.
    package func add(_ entry: SuppressionEntry) throws(SpoolError) {
        try add([entry], to: SuppressionName(entry.address).text)
    }

    /// Adds those entries that say more than the files do; returns how many. They are on disk together, however many.
    package func addNew(_ entries: [SuppressionEntry]) throws(SpoolError) -> Int {
        var drafts: [(path: String, entry: SuppressionEntry)] = []
        var added = 0
        var seen: Set<ExactText> = []
        for entry in entries {
            let name = SuppressionName(entry.address).text
            // The second of a batch for one address finds the file of the first.
            if !seen.insert(ExactText(name)).inserted {
                try publish(&drafts)
                seen = [ExactText(name)]
            }
            let record = try record(named: name, of: entry.address)
            if record?.covers(entry) == true { continue }
            added += 1
            if record != nil {
                try add([entry], to: name)
            } else {
                drafts.append((try write(entry.line, durably: false), entry))
            }
        }
        try publish(&drafts)
        return added
    }

    /// Puts drafts into their places, once all of them are on disk.
    private func publish(_ drafts: inout [(path: String, entry: SuppressionEntry)]) throws(SpoolError) {
        if drafts.isEmpty { return }
        try make()
        try step(.sync, Self.directoryName, root.syncFilesystem())
        for draft in drafts {
            let name = SuppressionName(draft.entry.address).text
            if try step(.publish, path(name), allowing(.exists, root.rename(draft.path, into: root, as: path(name))))
                == nil
            {
                try add([draft.entry], to: name)
                try step(.remove, draft.path, root.unlink(draft.path))
            }
        }
        drafts = []
        hasFiles = true
    }

    private func add(_ entries: [SuppressionEntry], to name: String) throws(SpoolError) {
        let lines = entries.flatMap(\.line)
        hasFiles = true
        for _ in 0..<Self.tries {
            if try append(lines, to: name) { return }
            if try create(name, lines) { return }
        }
        throw SpoolError(.append, path(name), .again)
    }

    /// False where the file is not there, or not any more.
    private func append(_ lines: [UInt8], to name: String) throws(SpoolError) -> Bool {
        guard let directory = try open() else { return false }
        do throws(Errno) {
            let file = try directory.directory.open(name, .append)
            let status = try file.status()
            // An entry that is not a file suppresses all the same.
            guard status.isRegular else { return true }
            let last = status.size > 0 ? try file.readAll(from: status.size - 1, limit: 1, sizeHint: 1).first : nil
            try file.write(all: (last ?? 0x0A) == 0x0A ? lines : [0x0A] + lines)
            try file.syncData()
            return try allowing(.noEntry, directory.directory.status(name).inode) == status.inode
        } catch {
            switch error {
            case .noEntry: return false
            case .loop, .noDevice, .isDirectory: return true
            default: throw SpoolError(.append, path(name), error)
            }
        }
    }

    /// False where the name was taken meanwhile.
    private func create(_ name: String, _ bytes: [UInt8]) throws(SpoolError) -> Bool {
        if try open() == nil { try make() }
        let draft = try write(bytes)
        do throws(Errno) { try root.rename(draft, into: root, as: path(name)) } catch {
            // Litter otherwise, which the daemon clears; the rename's error is the one to report.
            try? root.unlink(draft)
            if error == .exists { return false }
            throw SpoolError(.publish, path(name), error)
        }
        return true
    }

    /// Writes a draft, and syncs it; returns its path.
    private func write(_ bytes: [UInt8], durably: Bool = true) throws(SpoolError) -> String {
        let draft = "tmp/" + JobID.random(characters: 12)
        try step(.create, draft) { () throws(Errno) in
            let file = try root.create(draft, mode: 0o600)
            do throws(Errno) {
                if owner.owner != Process.effectiveUser { try file.setOwner(owner.owner, group: owner.group) }
                try file.write(all: bytes)
                if durably { try file.syncData() }
            } catch {
                // The first error is the one to report; the daemon clears what stays.
                try? root.unlink(draft)
                throw error
            }
        }
        return draft
    }

    /// Leaves only some entries of a file as it was read, and what came to it since.
    package func keep(
        _ entries: [SuppressionEntry], of record: SuppressionRecord, in name: String, _ address: String
    ) throws(SpoolError) {
        let draft: String
        do throws(Errno) {
            if entries.isEmpty {
                draft = "tmp/" + JobID.random(characters: 12)
                try root.rename(path(name), into: root, as: draft)
            } else {
                do throws(SpoolError) { draft = try write(SuppressionRecord(entries).bytes) } catch {
                    throw error.errno
                }
                do throws(Errno) { try root.exchange(draft, with: path(name)) } catch {
                    // The operator has removed the file, or the exchange's error is the one to report.
                    try? root.unlink(draft)
                    throw error
                }
            }
        } catch {
            if error == .noEntry { return }
            throw SpoolError(.rename, path(name), error)
        }
        let old = try read(draft, of: address, in: root)
        let missed = (old?.isBare == false ? old?.entries : nil)?.filter { !record.entries.contains($0) } ?? []
        if !missed.isEmpty { try add(missed, to: name) }
        try step(.remove, draft, allowing(.noEntry, root.unlink(draft)))
    }

    /// Removes an address's file; false where there is none.
    package func remove(_ address: String) throws(SpoolError) -> Bool {
        let name = path(SuppressionName(address).text)
        return try step(.remove, name, allowing(.noEntry, root.unlink(name))) != nil
    }

    /// Makes what was added and removed survive a power cut.
    package func sync() throws(SpoolError) {
        if let directory = try open() { try step(.sync, Self.directoryName, directory.directory.sync()) }
    }
}
