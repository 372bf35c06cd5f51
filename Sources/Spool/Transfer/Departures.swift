package import Linux
internal import Text

/// The side of a transfer that jobs leave: `leaving/` of a spool, and the claims in it.
///
/// A job is claimed out of its state by one rename(2), after which no daemon delivers it, and removed when the other
/// side has it. What a death leaves in `leaving/` is what the next transfer begins with. See spool(5), "Transfer".
package final class Departures {
    package let path: String
    package let root: Directory
    private let owner: UInt32
    /// `leaving/`, whose flock(2) this value holds until it ends.
    private let leaving: Directory
    /// The path of this transfer's directory below the spool; empty before ``begin(to:)``.
    private var place = ""
    private var made: Set<State> = []
    /// The paths of the directories that have changed since the last ``sync()``.
    private var changed: Set<String> = []  // exact: our own

    /// Opens the spool at `path` and takes the lock of `leaving/`, which is made if it is not there.
    package init(path: String) throws(TransferError) {
        self.path = path
        let top = try ownSpool(path)
        owner = Process.effectiveUser
        try transferStep(.create, "\(path)/leaving", allowing(.exists, top.makeDirectory("leaving", mode: 0o700)))
        let claims = try transferStep(.open, "\(path)/leaving", top.directory("leaving"))
        guard try transferStep(.lock, "\(path)/leaving", claims.lock()) else { throw .busy(path: "\(path)/leaving") }
        leaving = claims
        root = top
    }

    /// The spool's own identity; nil where it has none.
    package func identity() throws(TransferError) -> String? { try SpoolIdentity.read(in: root) }

    /// Begins the transfer to the spool of that identity, or goes on with it, and returns the transfer's name.
    ///
    /// Jobs that are under way to another spool are an error.
    package func begin(to identity: String) throws(TransferError) -> String {
        let prefix = "\(identity)~"
        var name: String?
        for found in try names(in: "leaving", of: root) {
            if found.begins(with: prefix) {
                name = found
            } else if try !parcels(in: "leaving/\(found)").isEmpty {
                throw .elsewhere(path: "\(path)/leaving/\(found)")
            }
        }
        let own = name ?? prefix + JobID.random(characters: 12)
        place = "leaving/\(own)"
        if name == nil { try transferStep(.create, place, root.makeDirectory(place, mode: 0o700)) }
        try transferStep(.sync, "leaving", leaving.sync())
        try transferStep(.sync, path, root.sync())
        return String(decoding: own.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }

    /// The parcels that an earlier transfer left under way: this one begins with them.
    package func parcels() throws(TransferError) -> [Parcel] { try parcels(in: place) }

    private func parcels(in place: String) throws(TransferError) -> [Parcel] {
        var found: [Parcel] = []
        for state in Parcel.states {
            for name in try names(in: "\(place)/\(state.path)", of: root) {
                if let parcel = Parcel(name: name, state: state) { found.append(parcel) }
            }
        }
        return found
    }

    /// The result of a claim.
    package enum Claim {
        case claimed(Parcel)
        /// It has moved since it was seen.
        case gone
        /// It is left where it is, and why.
        case left(String)
    }

    /// Takes a job out of its state, unless `objection` has a reason to leave it there.
    ///
    /// One rename(2) takes it: the daemon, which may be about to claim it, finds it gone, or has claimed it before. It
    /// stays so over a power cut after ``sync()``.
    package func claim(
        _ id: JobID, from state: State, unless objection: (borrowing Descriptor, FileStatus) -> String?
    ) throws(TransferError) -> Claim {
        let path = "\(state.path)/\(id)"
        guard let before = try transferStep(.read, path, allowing(.noEntry, root.status(path))) else { return .gone }
        guard before.isRegular else { return .left("a \(before.kind)") }
        guard before.owner == owner else { return .left("the file of user \(before.owner)") }
        guard let file = try transferStep(.open, path, allowing(.noEntry, root.open(path))) else { return .gone }
        let status = try transferStep(.read, path, file.status())
        guard status.inode == before.inode, status.isRegular else { return .gone }
        if let reason = objection(file, status) { return .left(reason) }
        try makeDirectory(for: state)
        let parcel = Parcel(claiming: id, from: state)
        guard
            try transferStep(.rename, path, allowing(.noEntry, root.rename(path, into: root, as: claimPath(parcel))))
                != nil
        else { return .gone }
        changed.formUnion([state.path, "\(place)/\(state.path)"])
        // Between the look and the rename another file may have come in the place of that name.
        if try transferStep(.read, claimPath(parcel), root.status(claimPath(parcel)).inode) == status.inode {
            return .claimed(parcel)
        }
        return try giveBack(parcel) ? .gone : .left("its id was given to two files; one is \(claimPath(parcel))")
    }

    private func claimPath(_ parcel: Parcel) -> String { "\(place)/\(parcel.state.path)/\(parcel.name)" }

    private func makeDirectory(for state: State) throws(TransferError) {
        if made.contains(state) { return }
        var path = place
        for piece in state.path.pieces(at: "/") {
            let parent = path
            path += "/\(piece)"
            try transferStep(.create, path, allowing(.exists, root.makeDirectory(path, mode: 0o700)))
            try transferStep(.sync, parent, root.directory(parent).sync())
        }
        made.insert(state)
    }

    /// A parcel's file and what is known of it. What is appended to it from now on is not sent: it can only be what a
    /// daemon notes that was about to claim the job and finds it gone, and the other daemon notes that, too.
    package func open(_ parcel: Parcel) throws(TransferError) -> ParcelFile {
        let path = claimPath(parcel)
        let file = try transferStep(.open, path, root.open(path))
        let status = try transferStep(.read, path, file.status())
        return ParcelFile(file: file, status: status)
    }

    /// Removes a job that has arrived.
    package func remove(_ parcel: Parcel) throws(TransferError) {
        let path = claimPath(parcel)
        try transferStep(.remove, path, root.unlink(path))
        changed.insert("\(place)/\(parcel.state.path)")
    }

    /// Puts a job back into its state; false where its id was taken there meanwhile.
    package func giveBack(_ parcel: Parcel) throws(TransferError) -> Bool {
        let (path, target) = (claimPath(parcel), "\(parcel.state.path)/\(parcel.id)")
        let moved: Void? = try transferStep(
            .rename, target, allowing(.exists, root.rename(path, into: root, as: target)))
        changed.formUnion([parcel.state.path, "\(place)/\(parcel.state.path)"])
        return moved != nil
    }

    /// Puts everything that is under way to any spool back into its state; what could not be put back is returned.
    ///
    /// Only for a spool that is lost: what has arrived there is delivered twice if it comes back.
    package func giveAllBack(_ each: (Parcel) -> Void) throws(TransferError) -> [Parcel] {
        var stuck: [Parcel] = []
        for name in try names(in: "leaving", of: root) {
            place = "leaving/\(name)"
            for parcel in try parcels() { if try giveBack(parcel) { each(parcel) } else { stuck.append(parcel) } }
            try sync()
            try end()
        }
        return stuck
    }

    /// Has all claims and removals outlive a power cut.
    package func sync() throws(TransferError) {
        for path in changed.sorted() { try transferStep(.sync, path, root.directory(path).sync()) }
        changed = []
    }

    /// Removes what is empty of the transfer's directory.
    package func end() throws(TransferError) {
        for state in Parcel.states {
            for path in state.path.ancestors { try remove(directory: "\(place)/\(path)") }
        }
        try remove(directory: place)
        made = []
    }

    private func remove(directory path: String) throws(TransferError) {
        do throws(Errno) { try root.removeDirectory(path) } catch {
            if error != .noEntry, error != .notEmpty, error != .exists {
                throw .spool(SpoolError(.remove, path, error))
            }
        }
    }
}

/// A parcel's file, and what it was when it was opened.
package struct ParcelFile: ~Copyable {
    package let file: Descriptor
    package let status: FileStatus
}

extension String {
    /// A path and what it lies in, the longest first: `retry/01-30s`, `retry`.
    fileprivate var ancestors: [String] {
        guard let (first, _) = halves(at: "/") else { return [self] }
        return [self, String(first)]
    }
}
