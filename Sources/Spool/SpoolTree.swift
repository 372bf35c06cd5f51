package import Linux

/// A daemon's hold on a spool, or that of one of its processes: every directory open, and the locks of `cur/` and of
/// what is its own below it.
///
/// It does not know the configuration, and times come as values; only ``Emptiness`` is kept by the clock.
package final class SpoolTree {
    package let path: String
    /// The name of ``claimed`` below `cur/`.
    package let instance: String
    /// The names that this process looks at.
    package let share: WorkerShare
    package let root: Directory
    package let tmp: Directory
    package let new: Directory
    /// Its flock(2), which a daemon without workers and a parent hold until this value ends, keeps every other daemon
    /// out, whatever its instance: two would take the same file of a drop box, and not see the ids that the other works
    /// on.
    package let cur: Directory
    /// `cur/INSTANCE` or `cur/INSTANCE.K`, whose flock(2) this value holds until it ends, unless it is a parent's.
    package let claimed: Directory
    /// The directories of `cur/`, besides ``claimed``, in which a job of this process's share may lie: what another
    /// process has there, or a start could not judge yet. See ``places(of:except:afresh:)``.
    package var otherClaims: [String] = []
    package let scheduled: Directory
    package let hold: Directory
    package let dead: Directory
    package let done: Directory
    package let drop: Directory
    private let retry: [OpenDirectory]
    private var day: (name: String, inode: UInt64, directory: OpenDirectory)?
    var emptiness = Emptiness()
    /// The user that the spool belongs to, who is the daemon's.
    package let owner: UInt32
    /// The directory's identity, whatever path leads there: its device and inode.
    package let identity: String

    /// Lets arrays and optionals hold a directory.
    private final class OpenDirectory {
        let directory: Directory
        init(_ directory: consuming Directory) { self.directory = directory }
    }

    /// Why a spool cannot be taken.
    package enum OpenError: Error, CustomStringConvertible {
        case spool(SpoolError)
        /// Another daemon runs on it, or, of a worker's directory, a process of an earlier start.
        case locked(path: String)
        /// A file that this process writes there would not be the owner's.
        case foreign(path: String, owner: UInt32)
        /// The filesystem lacks what a spool needs, and what that is.
        case unsuitable(path: String, reason: String)

        package var description: String {
            switch self {
            case .spool(let error): error.description
            case .locked(let path): "\(path) is locked: another outspoold runs on this spool"
            case .foreign(let path, let owner):
                "\(path) belongs to user \(owner), and the daemon must run as that user, not as \(Process.effectiveUser)"
            case .unsuitable(let path, let reason): "\(path): \(reason): see FILESYSTEMS in spool(5)"
            }
        }
    }

    /// For half a second.
    private static let lockTries = 25

    /// The directories below `cur/` in which the workers of this start claim; empty without workers.
    package let instancesOfWorkers: [String]

    /// The use of a spool by a process, which decides the locks that it takes.
    package enum Role: Equatable, Sendable {
        /// Everything.
        case daemon
        /// All but claims: it holds `cur/` for its workers.
        case parent
        /// The claims of a share, under a parent that holds `cur/`.
        case worker(WorkerShare)
    }

    /// Opens every directory and takes the role's locks; a missing `cur/INSTANCE` or `cur/INSTANCE.K` is made.
    package init(path: String, instance: String, as role: Role = .daemon) throws(OpenError) {
        self.path = path
        share = if case .worker(let share) = role { share } else { .everything }
        instancesOfWorkers = share.claimsOfAll(of: instance)
        let instance = share.claims(of: instance)
        self.instance = instance
        @discardableResult func at<Result: ~Copyable>(
            _ path: String, _ step: SpoolError.Step, _ call: @autoclosure () throws(Errno) -> Result
        ) throws(OpenError) -> Result {
            do throws(Errno) { return try call() } catch { throw .spool(SpoolError(step, path, error)) }
        }
        let top = try at(path, .open, Directory(path: path))
        let status = try at(path, .open, top.status())
        owner = status.owner
        identity = "\(status.device):\(status.inode)"
        // A copy that root makes of a file that is not the owner's would again be not the owner's.
        guard owner == Process.effectiveUser else { throw .foreign(path: path, owner: owner) }
        func open(_ name: String, in parent: borrowing Directory) throws(OpenError) -> Directory {
            try at("\(path)/\(name)", .open, parent.directory(name))
        }
        let drafts = try open("tmp", in: top)
        new = try open("new", in: top)
        let claims = try open("cur", in: top)
        scheduled = try open("scheduled", in: top)
        hold = try open("hold", in: top)
        dead = try open("dead", in: top)
        done = try open("done", in: top)
        drop = try open("drop", in: top)
        let buckets = try open("retry", in: top)
        var retry: [OpenDirectory] = []
        for bucket in Bucket.allCases {
            let directory = try at("\(path)/retry/\(bucket.name)", .open, buckets.directory(bucket.name))
            retry.append(OpenDirectory(directory))
        }
        self.retry = retry
        let filesystem = try at(path, .open, Filesystem(of: top.descriptor))
        func lock(_ directory: borrowing Directory, _ path: String) throws(OpenError) {
            // A program that a killed daemon was about to start holds its locks until it is loaded.
            for _ in 0..<SpoolTree.lockTries {
                if try at(path, .lock, directory.lock()) { return }
                Process.pause(milliseconds: 20)
            }
            throw .locked(path: path)
        }
        if case .worker = role {} else { try lock(claims, "\(path)/cur") }
        let own = "\(path)/cur/\(instance)"
        try at(own, .create, allowing(.exists, claims.makeDirectory(instance, mode: 0o700)))
        let claimed = try at(own, .open, claims.directory(instance))
        if role != .parent { try lock(claimed, own) }
        let probed: Void? = try at("\(path)/tmp", .rename, allowing(.invalid, SpoolTree.probeNoReplace(in: drafts)))
        // On some filesystems every process gets the lock. A worker's parent has tried.
        var excludes = true
        if share == .everything {
            let again = try open("cur", in: top)
            excludes = try at("\(path)/cur", .lock, again.lock()) == false
        }
        if let reason = SpoolTree.objection(to: filesystem, hasNoReplace: probed != nil, locksExclude: excludes) {
            throw .unsuitable(path: path, reason: reason)
        }
        self.claimed = claimed
        tmp = drafts
        cur = claims
        root = top
    }

    /// Why a spool cannot lie on a filesystem; nil where it can.
    ///
    /// A try decides, except on network filesystems: there two hosts would try at the same time.
    package static func objection(to filesystem: Filesystem, hasNoReplace: Bool, locksExclude: Bool) -> String? {
        if filesystem.isNetwork {
            return "the filesystem is \(filesystem.remoteName ?? ""), and a spool needs a local one"
        }
        let name = filesystem.remoteName.map { " (\($0))" } ?? ""
        if !hasNoReplace { return "the filesystem\(name) lacks RENAME_NOREPLACE" }
        return locksExclude ? nil : "locks of directories do not exclude on the filesystem\(name)"
    }

    /// Renames a probe file and removes it; EINVAL when the filesystem lacks RENAME_NOREPLACE. A full disk does not
    /// prevent a start: then the question stays open until a rename asks it.
    private static func probeNoReplace(in tmp: borrowing Directory) throws(Errno) {
        let (name, other) = (JobID.random(characters: 20), JobID.random(characters: 20))
        do throws(Errno) { _ = try tmp.create(name, mode: 0o600) } catch {
            if error == .noSpace || error == .quota { return }
            throw error
        }
        do throws(Errno) { try tmp.rename(name, into: tmp, as: other) } catch {
            // The rename's error is the one to report.
            try? tmp.unlink(name)
            throw error
        }
        try tmp.unlink(other)
    }

    /// Calls `body` with the directory of a state, which is made if it is a day's that is not there.
    package func with<Result: ~Copyable>(
        _ state: State, _ body: (borrowing Directory) throws(SpoolError) -> Result
    ) throws(SpoolError) -> Result {
        emptiness.willFill(state)
        return try open(state, body)
    }

    /// Calls `body` with the directory of a state in which it puts no file.
    func open<Result: ~Copyable>(
        _ state: State, _ body: (borrowing Directory) throws(SpoolError) -> Result
    ) throws(SpoolError) -> Result {
        switch state {
        case .new: return try body(new)
        case .claimed(let name):
            if name == instance { return try body(claimed) }
            let other = try step(.open, state.path, cur.directory(name))
            return try body(other)
        case .retry(let bucket): return try body(retry[bucket.rawValue - 1].directory)
        case .scheduled: return try body(scheduled)
        case .hold: return try body(hold)
        case .dead: return try body(dead)
        case .done(let name):
            if try !isOpenDay(name) {
                let opened = try openDay(name)
                let inode = try step(.read, state.path, opened.status().inode)
                day = (name, inode, OpenDirectory(opened))
            }
            return try body(day!.directory.directory)
        }
    }

    /// Whether the day that is open is this one, and still where it was: an operator may move days away.
    private func isOpenDay(_ name: String) throws(SpoolError) -> Bool {
        guard let day, day.name == name else { return false }
        return try step(.read, "done/\(name)", allowing(.noEntry, done.status(name).inode)) == day.inode
    }

    private func openDay(_ name: String) throws(SpoolError) -> Directory {
        if let day = try step(.open, "done/\(name)", allowing(.noEntry, done.directory(name))) { return day }
        try step(.create, "done/\(name)", allowing(.exists, done.makeDirectory(name, mode: 0o700)))
        return try step(.open, "done/\(name)", done.directory(name))
    }

    /// Forgets the open directory of a day that is being removed.
    package func forgetDay(_ name: String) {
        if day?.name == name { day = nil }
        emptiness.forget(.done(day: name))
    }

    /// The day whose directory is open.
    var openDay: String? { day?.name }

    /// Whether the id has a file in the state. The day that is open is taken to be where it was.
    func contains(_ id: JobID, in state: State) throws(SpoolError) -> Bool {
        guard case .done(let name) = state else {
            return try open(state) { (directory) throws(SpoolError) in
                try step(.read, "\(state.path)/\(id)", directory.contains(id.text))
            }
        }
        do throws(Errno) {
            if let day, day.name == name { return try day.directory.directory.contains(id.text) }
            return try done.contains("\(name)/\(id)")
        } catch {
            // A day that was pruned since it was listed holds nothing.
            if error == .notDirectory { return false }
            throw SpoolError(.read, "\(state.path)/\(id)", error)
        }
    }
}
