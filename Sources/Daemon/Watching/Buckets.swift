internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// The retry buckets and `scheduled/`: tells which of their jobs are due.
///
/// The mtime is the due time. Of each directory the soonest are kept in memory; it is read
/// again at its interval, after an overflow, and when those are used up.
final class Buckets {
    private final class Bin {
        let state: State
        var list = DueList()
        var reading: DirectoryReading?
        /// A reading is followed by a rest of a hundred times its cost: a million jobs cost a hundredth of one processor
        /// at most. After a miss the directory is read at its interval only until there is room: jobs that were refused
        /// would be met again at once, and refused again, without end.
        var directory = WatchedDirectory(restFactor: 100)
        let interval: Span
        /// The due times far away that the operator gave, by the clock as it is: their histories were read.
        var meant: [JobID: Timestamp] = [:]
        var backoff = Backoff()
        /// A reading that failed comes again behind the backoff.
        var isReadLater = false

        init(_ state: State) {
            self.state = state
            if case .retry(let bucket) = state {
                interval = max(.minutes(1), bucket.delay * 0.125)
            } else {
                interval = .minutes(1)
            }
        }
    }

    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    private var bins: [State: Bin] = [:]
    private let states: [State] = Bucket.allCases.map { .retry($0) } + [.scheduled]
    private var timer: EventLoop.Timer?
    private var timerDue = Timestamp.distantFuture
    /// Takes a job that is due; false when it has no room, and then the job stays here.
    private let take: (JobID, State) -> Bool
    /// Hears of a name that is not an id.
    private let stray: (DirectoryName, State) -> Void
    private var isBlocked = false

    init(
        spool: SpoolTree, loop: EventLoop, log: Log, take: @escaping (JobID, State) -> Bool,
        stray: @escaping (DirectoryName, State) -> Void = { _, _ in }
    ) {
        self.spool = spool
        self.loop = loop
        self.log = log
        self.take = take
        self.stray = stray
        for state in states { bins[state] = Bin(state) }
    }

    /// How many jobs of the state are known to wait; at least that many do.
    func count(_ state: State) -> Int { bins[state]?.list.count ?? 0 }

    /// Reads everything, and again at each interval.
    func start() {
        for state in states {
            guard let bin = bins[state] else { continue }
            read(bin)
            repeatReading(bin)
        }
    }

    private func repeatReading(_ bin: Bin) {
        loop.schedule(after: bin.interval) { [weak self, weak bin] in
            guard let self, let bin else { return }
            if !bin.directory.isResting(at: Clock.monotonic) { readIfChanged(bin) }
            repeatReading(bin)
        }
    }

    /// The kernel does not tell what happens in the state's directory: it is read at its interval, always.
    func isNotWatched(_ state: State) { bins[state]?.directory.isUnwatched = true }

    /// The wall clock was set: what waits for a due time waits for it by the new one, and everything is read, since
    /// due times that were worked out by the old one may be out of reach.
    func clockWasSet() {
        timer?.cancel()
        timerDue = .distantFuture
        for bin in bins.values { bin.meant = [:] }
        arm()
        readAll()
    }

    /// Hints were lost: everything is read.
    func readAll() { for state in states { if let bin = bins[state] { read(bin) } } }

    /// A file came, or its mtime changed.
    func arrived(_ name: DirectoryName, in state: State) {
        guard let bin = bins[state] else { return }
        guard let id = name.text.flatMap({ JobID($0) }) else { return stray(name, state) }
        note(id, in: bin, now: .now)
        arm()
    }

    /// The daemon itself put a job there.
    func put(_ id: JobID, in state: State, due: Timestamp) {
        bins[state]?.list.note(id, due: due)
        arm()
    }

    /// Has a job that waits taken up at once, whatever its due time says.
    func hasten(_ id: JobID, in state: State, now: Timestamp) {
        do throws(SpoolError) {
            _ = try spool.with(state) { (directory) throws(SpoolError) in
                // It may no longer be there, and that is all there is to it.
                try step(
                    .touch, "\(state.path)/\(id)",
                    allowing(.noEntry, directory.setModified(id.text, nanoseconds: now.nanoseconds)))
            }
            put(id, in: state, due: now)
        } catch { log.write("\(error)", .warning) }
    }

    private func note(_ id: JobID, in bin: Bin, now: Timestamp) {
        do throws(SpoolError) {
            try spool.with(bin.state) { (directory) throws(SpoolError) in
                let status: FileStatus
                do throws(Errno) { status = try directory.status(id.text) } catch {
                    bin.list.forget(id)
                    if error == .noEntry { return }
                    throw SpoolError(.read, "\(bin.state.path)/\(id)", error)
                }
                var due = Timestamp(nanoseconds: status.modified)
                if case .retry(let bucket) = bin.state {
                    let repaired = try spool.due(
                        id, in: bucket, at: directory, status, known: bin.meant[id], now: now)
                    if bucket.isFar(repaired, now: now) {
                        // Beyond so many, histories are read again.
                        if bin.meant.count >= bin.list.capacity { bin.meant = [:] }
                        bin.meant[id] = repaired
                    }
                    if repaired != due {
                        // Written down, or it would move on with every reading.
                        try step(
                            .touch, "\(bin.state.path)/\(id)",
                            directory.setModified(id.text, nanoseconds: repaired.nanoseconds))
                        due = repaired
                    }
                }
                bin.list.note(id, due: due)
            }
        } catch { readLater(bin, error) }
    }

    /// Something of the directory is not known, and nothing else will tell.
    private func readLater(_ bin: Bin, _ error: SpoolError) {
        log.write("\(error)", .warning)
        bin.directory.fail()
        guard !bin.isReadLater else { return }
        bin.isReadLater = true
        loop.schedule(after: bin.backoff.next()) { [weak self, weak bin] in
            guard let self, let bin else { return }
            bin.isReadLater = false
            read(bin)
        }
    }

    private func readIfChanged(_ bin: Bin) {
        do throws(SpoolError) {
            let modified = try spool.with(bin.state) { (directory) throws(SpoolError) in
                try mtime(of: directory, bin.state)
            }
            if bin.directory.needsReading(modified: modified) { read(bin) }
        } catch { readLater(bin, error) }
    }

    private func mtime(of directory: borrowing Directory, _ state: State) throws(SpoolError) -> Timestamp {
        try step(.read, state.path, Timestamp(nanoseconds: directory.status().modified))
    }

    private func read(_ bin: Bin) {
        guard bin.reading == nil else { return bin.directory.ask() }
        do throws(SpoolError) {
            try spool.with(bin.state) { (directory) throws(SpoolError) in
                bin.directory.begin(modified: try mtime(of: directory, bin.state), now: .now)
                bin.list.beginReading()
                bin.reading = try DirectoryReading(directory, path: bin.state.path, loop: loop) { [unowned self] name in
                    guard spool.share.owns(name) else { return }
                    if let id = name.text.flatMap({ JobID($0) }) {
                        note(id, in: bin, now: .now)
                    } else {
                        stray(name, bin.state)
                    }
                    if let next = bin.list.next, next < timerDue { arm() }
                } finish: { [unowned self] error in
                    if let reading = bin.reading { bin.directory.end(cost: reading.cost, at: Clock.monotonic) }
                    bin.reading = nil
                    if let error {
                        readLater(bin, error)
                    } else if bin.directory.isAsked {
                        // Hints were lost while it was read.
                        read(bin)
                    } else if !bin.isReadLater {
                        bin.backoff = Backoff()
                    }
                    arm()
                }
            }
        } catch { readLater(bin, error) }
    }

    /// A job of the state was due and not taken: the directory is read again, at its interval or when
    /// there is room for more.
    func missed(_ state: State) { bins[state]?.directory.miss() }

    /// Reads the directories of which a job was missed.
    func readMissed() {
        for state in states { if let bin = bins[state], bin.directory.hasMissed { read(bin) } }
    }

    /// There is room again for jobs that are due.
    func resume() {
        guard isBlocked else { return }
        isBlocked = false
        arm()
    }

    /// Sets the timer to the soonest job, or to the horizon behind which only the disk knows more.
    private func arm() {
        if isBlocked { return }
        var soonest = Timestamp.distantFuture
        for state in states {
            guard let bin = bins[state] else { continue }
            if let next = bin.list.next {
                soonest = min(soonest, next)
            } else if let horizon = bin.list.horizon, bin.reading == nil, !bin.directory.hasMissed {
                soonest = min(soonest, horizon)
            }
        }
        if soonest == timerDue, timer?.isPending == true { return }
        timer?.cancel()
        timerDue = soonest
        guard soonest < .distantFuture else { return }
        // The wall clock may jump: a minute is the longest wait without another look.
        let wait = min(max(soonest - Timestamp.now, .zero), .minutes(1))
        timer = loop.schedule(after: wait) { [unowned self] in deliver() }
    }

    private func deliver() {
        let end = Clock.monotonic + DirectoryReading.slice.nanoseconds
        let now = Timestamp.now
        for state in states {
            guard let bin = bins[state] else { continue }
            while let id = bin.list.popDue(at: now) {
                if !take(id, state) {
                    bin.list.note(id, due: now)
                    isBlocked = true
                    return
                }
                if Clock.monotonic > end {
                    loop.later { [weak self] in self?.deliver() }
                    return
                }
            }
            if bin.list.next == nil, let horizon = bin.list.horizon, horizon <= now, bin.reading == nil,
                !bin.directory.hasMissed
            {
                read(bin)
            }
        }
        timerDue = .distantFuture
        arm()
    }
}
