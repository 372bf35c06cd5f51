internal import Linux
internal import Spool
internal import Text
internal import Time

/// The faults of the files of jobs, for `doctor` and `check`: owners, modes, links, names, and times that their

/// histories contradict.
///
/// Memory is bounded: of each kind of fault a state has one line, with the first names.
struct FileCheckup {
    /// A fault of a file. Its words follow the number of such files.
    enum Fault: Hashable {
        case name
        case kind(String)
        case unreadable(owner: UInt32, user: UInt32)
        case foreign(owner: UInt32)
        case mode
        case links
        case early

        var health: Health {
            switch self {
            case .unreadable: .critical
            case .name, .kind, .foreign, .mode, .links, .early: .warning
            }
        }

        var words: String {
            switch self {
            case .name: "the name is not a job id: rename or remove it"
            case .kind(let kind): "a \(kind): remove it"
            case .unreadable(let owner, let user):
                "of user \(owner), and the daemon may not read it: chown it to user \(user)"
            case .foreign(let owner): "of user \(owner): the daemon makes a copy of its own of it"
            case .mode: "of a mode with which others may change it, or the daemon may not: chmod 600"
            case .links: "more than one hard link, as a backup by cp -al makes: the history is appended to all"
            case .early:
                "due by its mtime, and by its history later: were the mtimes lost, as cp -r loses them? "
                    + "touch -d sets one"
            }
        }
    }

    private struct Found {
        var count = 0
        var names: [String] = []
    }

    private static let namesShown = 3
    /// So many histories of a state are read.
    private static let glanceLimit = 20_000

    private var found: [Fault: Found] = [:]
    private var glances = 0
    private let root: FileStatus
    private let now: Timestamp

    /// - Parameter root: the spool's own directory.
    init(root: FileStatus, now: Timestamp) {
        self.root = root
        self.now = now
    }

    /// Judges one entry of a state's directory.
    mutating func look(_ name: DirectoryName, in state: State, at directory: borrowing Directory) throws(Failure) {
        // What went away meanwhile has no fault.
        guard let status = try? directory.status(of: name) else { return }
        let id = name.text.flatMap { JobID($0) }
        if id == nil { return add(.name, name) }
        guard status.isRegular else { return add(.kind(status.kind), name) }
        if status.owner != root.owner {
            return add(
                isReadable(status) ? .foreign(owner: status.owner) : .unreadable(owner: status.owner, user: root.owner),
                name)
        }
        if status.permissions & 0o022 != 0 || status.permissions & 0o600 != 0o600 { add(.mode, name) }
        if status.links > 1 { add(.links, name) }
        switch state {
        case .scheduled, .retry: try judgeTime(name, in: state, at: directory)
        default: break
        }
    }

    private mutating func judgeTime(
        _ name: DirectoryName, in state: State, at directory: borrowing Directory
    ) throws(Failure) {
        glances += 1
        guard glances <= FileCheckup.glanceLimit, let job = try Glance(name, in: state, at: directory),
            let due = job.due, let next = job.last?.next
        else { return }
        // A job that was made due by hand is taken up within a minute.
        if due + .seconds(2) < next, due <= now - .minutes(1) || state == .scheduled, next > now { add(.early, name) }
    }

    /// True when the daemon, which runs as the spool's owner, may read the file, as far as the mode tells.
    private func isReadable(_ status: FileStatus) -> Bool {
        root.owner == 0 || status.permissions & 0o004 != 0
            || status.group == root.group && status.permissions & 0o040 != 0
    }

    private mutating func add(_ fault: Fault, _ name: DirectoryName) {
        found[fault, default: Found()].count += 1
        if found[fault, default: Found()].names.count < FileCheckup.namesShown {
            found[fault, default: Found()].names.append(name.printable)
        }
    }

    /// A line for each kind of fault, the worst first.
    var lines: [(health: Health, text: String)] {
        found.map { fault, found in
            let more = found.count > found.names.count ? ", ..." : ""
            return (fault.health, "\(found.count): \(fault.words): \(found.names.joined(separator: ", "))\(more)")
        }
        .sorted { ($1.health, $0.text) < ($0.health, $1.text) }
    }
}

extension FileCheckup {
    /// Judges the files of every state but `done/`: a line for each kind of fault in each state.
    static func findings(
        _ reader: borrowing SpoolReader, now: Timestamp
    ) throws(Failure) -> [(state: State, health: Health, text: String)] {
        let root: FileStatus
        do throws(Errno) { root = try reader.root.status() } catch {
            throw Failure(SpoolError(.read, reader.path, error))
        }
        var findings: [(state: State, health: Health, text: String)] = []
        for state in try reader.states() where state.word != "done" {
            var checkup = FileCheckup(root: root, now: now)
            try reader.forEachEntry(of: state.path) { (name, directory) throws(Failure) in
                try checkup.look(name, in: state, at: directory)
            }
            findings += checkup.lines.map { (state, $0.health, $0.text) }
        }
        return findings
    }
}

extension Checkup {
    /// The files of jobs.
    mutating func examineFiles(_ reader: borrowing SpoolReader) throws(Failure) {
        let findings = try FileCheckup.findings(reader, now: now)
        for finding in findings { add(finding.state.path, finding.health, finding.text) }
        if findings.isEmpty { add("files", .ok, "names, owners, modes, links and times") }
    }
}
