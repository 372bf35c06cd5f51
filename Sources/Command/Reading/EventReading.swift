internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

/// How far a reader of outcomes has come: the last job of which it knows all, by when its file was changed, and its id.
struct EventCursor: Comparable {
    /// The file's ctime, in nanoseconds.
    let changed: Int64
    let id: String

    init(changed: Int64, id: String) { (self.changed, self.id) = (changed, id) }

    /// Nil for any other text.
    init?(_ text: String) {
        guard let (time, id) = text.halves(at: "/"), let changed = Int64(time), JobID(id) != nil || id.isEmpty else {
            return nil
        }
        self.init(changed: changed, id: String(id))
    }

    var text: String { "\(changed)/\(id)" }

    static func < (left: EventCursor, right: EventCursor) -> Bool {
        if left.changed != right.changed { return left.changed < right.changed }
        return left.id.utf8.lexicographicallyPrecedes(right.id.utf8)
    }
    static func == (left: EventCursor, right: EventCursor) -> Bool {
        left.changed == right.changed && left.id.isExactly(right.id)
    }
}

/// Reads the outcomes of jobs that have ended, those first whose files were changed first.
struct EventReading {
    /// From where on outcomes are read.
    enum Start {
        /// Behind a job, with all outcomes of those that follow.
        case cursor(EventCursor)
        /// Outcomes of that moment or later.
        case time(Timestamp)
    }

    /// An outcome, and the cursor behind which it need not come again.
    struct Found {
        let outcome: Outcome
        let params: JSON.Object
        let cursor: EventCursor
    }

    /// How many jobs are read between two readings of the directories.
    static let batch = 20_000
    /// Of how many outcomes it is known that they were told.
    private static let memory = 100_000

    private var position: EventCursor
    private let earliest: Timestamp?
    private var told: Set<String> = []  // exact: ids of events are ASCII
    private var order: [String] = []

    init(start: Start) {
        switch start {
        case .cursor(let cursor): (position, earliest) = (cursor, nil)
        case .time(let time): (position, earliest) = (EventCursor(changed: time.nanoseconds, id: ""), time)
        }
    }

    /// Calls `tell` with each outcome of the next jobs whose files were changed before `horizon`, by the wall clock in
    /// nanoseconds; true when there are more.
    mutating func read(
        _ reader: borrowing SpoolReader, before horizon: Int64, _ tell: (Found) throws(Failure) -> Void
    ) throws(Failure) -> Bool {
        let (jobs, isWhole) = try changed(reader, before: horizon)
        for (cursor, state) in jobs {
            try tellOutcomes(of: cursor, in: state, reader, tell)
            position = cursor
        }
        return !isWhole
    }

    /// The jobs behind the position, the first of them where there are many.
    private func changed(
        _ reader: borrowing SpoolReader, before horizon: Int64
    ) throws(Failure) -> (jobs: [(EventCursor, State)], isWhole: Bool) {
        var found: [(EventCursor, State)] = []
        var isWhole = true
        func cut() {
            found.sort { $0.0 < $1.0 }
            if found.count > EventReading.batch {
                found.removeLast(found.count - EventReading.batch)
                isWhole = false
            }
        }
        for state in try reader.states() where state == .hold || state == .dead || state.word.isExactly("done") {
            try reader.forEachEntry(of: state.path) { (name, directory) throws(Failure) in
                guard let text = name.text, let id = JobID(text), !Outcome.isEvent(id) else { return }
                // One that was moved meanwhile is met where it is now, later.
                guard let status = try? directory.status(text), status.isRegular, status.changed < horizon else {
                    return
                }
                let cursor = EventCursor(changed: status.changed, id: text)
                guard cursor > position else { return }
                found.append((cursor, state))
                if found.count >= 2 * EventReading.batch { cut() }
            }
        }
        cut()
        return (found, isWhole)
    }

    private mutating func tellOutcomes(
        of cursor: EventCursor, in state: State, _ reader: borrowing SpoolReader,
        _ tell: (Found) throws(Failure) -> Void
    ) throws(Failure) {
        guard let id = JobID(cursor.id), let file = reader.job(at: "\(state.path)/\(id)") else { return }
        let events = file.history.events
        let subject = EventJob.Subject(id, file.value.object ?? JSON.Object(), history: events)
        let outcomes = Outcome.all(of: events, in: state).filter { outcome in
            earliest.map { outcome.event.at >= $0 } ?? true
        }
        for (index, outcome) in outcomes.enumerated() {
            let job = EventJob(outcome, of: subject, for: "", after: nil)
            guard told.insert(job.id.text).inserted else { continue }
            order.append(job.id.text)
            if order.count > 2 * EventReading.memory {
                for old in order.prefix(EventReading.memory) { told.remove(old) }
                order.removeFirst(EventReading.memory)
            }
            // A reader that stops between two of them gets the first again.
            let isLast = index == outcomes.count - 1
            try tell(Found(outcome: outcome, params: job.params, cursor: isLast ? cursor : position))
        }
    }
}
