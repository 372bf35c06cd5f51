internal import Linux
internal import Spool
internal import Time

/// The latest events of jobs, read from the directories that jobs move into; the newest is last.
final class RecentEvents {
    /// How many are remembered, and how many arrivals are looked at in one round; when more come, the newest count.
    private static let limit = 100

    private let path: String
    private let inotify: Inotify
    private var watches: [Int32: State] = [:]
    private var doneWatch: Int32 = -1
    private var arrivals: [(name: DirectoryName, state: State)] = []
    private(set) var jobs: [Glance] = []

    /// Nil where the kernel has no watches to spare: then nothing is recent.
    init?(_ reader: borrowing SpoolReader) {
        path = reader.path
        guard let inotify = try? Inotify() else { return nil }
        self.inotify = inotify
        guard let states = try? reader.states() else { return nil }
        for state in states { watch(state) }
        watch(.done(day: Timestamp.now.day))
        doneWatch = (try? inotify.add("\(path)/done", .arrivals)) ?? -1
    }

    /// Readable when something happened.
    var descriptor: Int32 { inotify.descriptor.raw }

    private func watch(_ state: State) {
        switch state {
        case .retry, .hold, .dead, .done: break
        default: return
        }
        // A day that is not there yet is watched when it comes.
        if let number = try? inotify.add("\(path)/\(state.path)", .arrivals) { watches[number] = state }
    }

    /// Takes note of what the kernel tells.
    func read() {
        // It can only say that there is nothing.
        _ = try? inotify.read { event in
            guard let name = event.name, !name.isHidden else { return }
            if event.watch == doneWatch {
                if let day = name.text { watch(.done(day: day)) }
            } else if event.isArrival, let state = watches[event.watch] {
                arrivals.append((name, state))
                if arrivals.count > 4 * RecentEvents.limit { arrivals.removeFirst(arrivals.count - RecentEvents.limit) }
            }
        }
    }

    /// Looks at what came.
    func update(_ reader: borrowing SpoolReader) throws(Failure) {
        let batch = arrivals.suffix(RecentEvents.limit)
        arrivals = []
        for arrival in batch {
            try reader.with(arrival.state) { (directory) throws(Failure) in
                if let job = try Glance(arrival.name, in: arrival.state, at: directory) { jobs.append(job) }
            }
        }
        if jobs.count > RecentEvents.limit { jobs.removeFirst(jobs.count - RecentEvents.limit) }
    }
}
