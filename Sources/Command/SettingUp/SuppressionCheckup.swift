internal import Linux
internal import Spool

extension Checkup {
    /// The files of `suppressed/`: of whom and how they are, and whether an address has their name. They are not read.
    mutating func examineSuppressed(_ reader: borrowing SpoolReader) throws(Failure) {
        let owner: UInt32
        do throws(Errno) { owner = try reader.root.status().owner } catch {
            throw Failure(SpoolError(.read, reader.path, error))
        }
        var faults: [(fault: SuppressionFault, count: Int, names: [String])] = []
        var count = 0
        try reader.forEachEntry(of: SuppressionFiles.directoryName) { (name, directory) throws(Failure) in
            count += 1
            // What went away meanwhile has no fault.
            guard let status = try? directory.status(of: name) else { return }
            guard let fault = SuppressionFault(name, status, owner: owner) else { return }
            let place = faults.firstIndex { $0.fault == fault } ?? faults.endIndex
            if place == faults.endIndex { faults.append((fault, 0, [])) }
            faults[place].count += 1
            if faults[place].names.count < 3 { faults[place].names.append(name.printable) }
        }
        for (fault, count, names) in faults {
            let more = count > names.count ? ", ..." : ""
            add("suppressed", fault.health, "\(count): \(fault.words): \(names.joined(separator: ", "))\(more)")
        }
        if faults.isEmpty, count > 0 { add("suppressed", .ok, "\(count) addresses") }
    }
}

/// The faults that a file of `suppressed/` may have.
private enum SuppressionFault: Equatable {
    case name
    case kind(String)
    case unreadable(owner: UInt32, user: UInt32)
    case foreign(owner: UInt32)
    case mode

    init?(_ name: DirectoryName, _ status: FileStatus, owner: UInt32) {
        guard let text = name.text, SuppressionName.address(of: text) != nil || text.utf8.count > 200 else {
            self = .name
            return
        }
        if !status.isRegular {
            self = .kind(status.kind)
        } else if status.owner != owner {
            self =
                status.permissions & 0o004 != 0 || owner == 0
                ? .foreign(owner: status.owner) : .unreadable(owner: status.owner, user: owner)
        } else if status.permissions & 0o022 != 0 || status.permissions & 0o600 != 0o600 {
            self = .mode
        } else {
            return nil
        }
    }

    var health: Health { if case .unreadable = self { .critical } else { .warning } }

    var words: String {
        switch self {
        case .name: "no address has this name: rename or remove it"
        case .kind(let kind): "a \(kind), which suppresses by its name alone: remove it"
        case .unreadable(let owner, let user):
            "of user \(owner), and mail to it waits since the daemon may not read it: chown it to user \(user)"
        case .foreign(let owner): "of user \(owner), and the daemon may not add to it"
        case .mode: "of a mode with which others may change it, or the daemon may not: chmod 600"
        }
    }
}
