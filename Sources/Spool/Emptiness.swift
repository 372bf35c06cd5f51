internal import Linux
internal import Text
internal import Time

/// Which directories of a spool are known to be empty: a cache, so that the search for an id asks few of them.
///
/// A directory was empty when it was read, and has the mtime that it had then. See docs/decisions.md, "Empty
/// directories are believed for five milliseconds".
struct Emptiness {
    private var known: [State: (modified: Int64, isEmpty: Bool)] = [:]
    /// The states that were not known to be empty, and when that was found, by the monotonic clock.
    private var inhabited: (at: Int64, states: [State])?
    /// The days below `done/`, and the mtime of `done/` by which they are known.
    private var listed: (modified: Int64, days: [String])?

    /// How long it is believed which directories are empty: nanoseconds.
    ///
    /// A look is a system call for each of fifteen directories, a tenth of a mail's price, and is out of date when it
    /// returns: an operator may move a file at any moment. The daemon's own moves end it at once.
    static let trust: Int64 = 5_000_000

    /// How old an mtime must be, in nanoseconds, so that a later change gives another: some ticks of the kernel's clock.
    static let tick: Int64 = 50_000_000

    /// Whether a directory with that mtime is empty; nil when it has to be read.
    func isEmpty(_ state: State, modified: Int64) -> Bool? {
        known[state].flatMap { $0.modified == modified ? $0.isEmpty : nil }
    }

    mutating func note(_ state: State, modified: Int64, isEmpty: Bool) { known[state] = (modified, isEmpty) }

    /// The states that may hold files, as long as the last look is believed.
    func inhabited(at now: Int64) -> [State]? {
        inhabited.flatMap { now - $0.at < Emptiness.trust ? $0.states : nil }
    }

    mutating func note(inhabited states: [State], at now: Int64) { inhabited = (now, states) }

    /// The days that were listed when `done/` had that mtime; nil when it has to be read.
    func days(modified: Int64) -> [String]? { listed.flatMap { $0.modified == modified ? $0.days : nil } }

    mutating func note(days: [String], modified: Int64) { listed = (modified, days) }

    /// A file may be put into the state's directory now: it is not taken for empty after this.
    mutating func willFill(_ state: State) {
        if case .claimed = state { return }
        if inhabited?.states.contains(state) == false { inhabited = nil }
    }

    /// Believes no look of the past: the next one counts.
    mutating func distrust() { inhabited = nil }

    /// Forgets a directory that is being removed.
    mutating func forget(_ state: State) { known[state] = nil }
}

extension SpoolTree {
    /// The days that have a directory below `done/`, the oldest first. Read again only when
    /// `done/` has changed.
    package func days() throws(SpoolError) -> [String] {
        let modified = try step(.read, "done", done.status().modified)
        if let days = emptiness.days(modified: modified) { return days }
        var days: [String] = []
        var stream = try step(.list, "done", done.entries())
        while let entry = try step(.list, "done", stream.next()) {
            if let name = entry.text, Timestamp(rfc3339: name + "T00:00:00Z") != nil { days.append(name) }
        }
        days.sort()
        emptiness.note(days: days, modified: modified)
        return days
    }

    /// Whether a directory is known to be empty: one fstat(2) instead of a search for a name that is not there.
    private func isEmpty(_ state: State) throws(SpoolError) -> Bool {
        if case .done(let name) = state, openDay != name { return false }
        return try open(state) { (directory) throws(SpoolError) in
            let modified = try step(.read, state.path, directory.status().modified)
            if let isEmpty = emptiness.isEmpty(state, modified: modified) { return isEmpty }
            guard Clock.realtime - modified > Emptiness.tick else { return false }
            var stream = try step(.list, state.path, directory.entries())
            let isEmpty = try step(.list, state.path, stream.next()) == nil
            emptiness.note(state, modified: modified, isEmpty: isEmpty)
            return isEmpty
        }
    }

    /// The states, this daemon's claims left out, that are not known to be empty. `new/` is always one of them: it is
    /// where those come from that are asked for.
    private func inhabitedStates() throws(SpoolError) -> [State] {
        let now = Clock.monotonic
        if let states = emptiness.inhabited(at: now) { return states }
        let days = try days()
        var states: [State] = []
        for state in State.waiting + [.hold, .dead] + days.map({ .done(day: $0) }) {
            if state == .new { states.append(state) } else if try !isEmpty(state) { states.append(state) }
        }
        emptiness.note(inhabited: states, at: now)
        return states
    }

    /// The states, `except` and this process's claims left out, in which the id has a file; of other claims those that
    /// ``otherClaims`` names.
    /// - Parameter afresh: where a file must not be missed that was moved a moment ago.
    package func places(of id: JobID, except: State, afresh: Bool = false) throws(SpoolError) -> [State] {
        if afresh { emptiness.distrust() }
        var places: [State] = []
        for state in try inhabitedStates() where state != except {
            if try contains(id, in: state) { places.append(state) }
        }
        for name in otherClaims where except != .claimed(instance: name) {
            let isThere = try step(.read, "cur/\(name)/\(id)", cur.contains("\(name)/\(id)"))
            if isThere { places.append(.claimed(instance: name)) }
        }
        return places
    }

    /// The directories below `cur/` whose lock a process has, other than this one's own.
    package func livingClaims() throws(SpoolError) -> [String] {
        var names: [String] = []
        for name in try claimDirectories() where !name.isExactly(instance) {
            // One that the operator has removed since has no lock.
            let isLocked = try step(.lock, "cur/\(name)", allowing(.noEntry, cur.directory(name).isLocked()))
            if isLocked == true { names.append(name) }
        }
        return names
    }

    /// The names of the directories below `cur/`.
    package func claimDirectories() throws(SpoolError) -> [String] {
        var names: [String] = []
        var stream = try step(.list, "cur", cur.entries())
        while let entry = try step(.list, "cur", stream.next()) {
            if let name = entry.text, !entry.isHidden { names.append(name) }
        }
        return names.sorted()
    }
}
