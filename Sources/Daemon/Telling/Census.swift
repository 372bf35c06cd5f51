internal import EventLoop
internal import Linux
internal import Spool
package import Time

/// Counts the jobs of every state, from the names in its directory, and finds the oldest.
///
/// Only a directory whose own mtime has changed is read, in slices. Of its files at most ``statLimit`` are looked at:
/// a generated id tells when its job was submitted, and for others that is enough to estimate.
package final class Census {
    /// One state's count.
    package struct Count: Equatable, Sendable {
        /// The directory: `new`, `retry/01-30s`; `done` for all its days.
        package var state: String
        package var jobs: Int
        /// Since when the oldest waits; nil when it is unknown or the state is empty.
        package var oldest: Timestamp?

        package init(state: String, jobs: Int, oldest: Timestamp? = nil) {
            self.state = state
            self.jobs = jobs
            self.oldest = oldest
        }
    }

    /// How many files of a directory are looked at in one count.
    static let statLimit = 1000
    /// A count is made again after so long, or after fifty times what the last one took.
    private static let interval = Span.seconds(15)

    private final class Place {
        let state: State
        /// The whole count has the rest, see ``next``.
        var directory = WatchedDirectory(restFactor: 0)
        var jobs = 0
        var oldest: Timestamp?
        init(_ state: State) { self.state = state }
    }

    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    private let places = (State.waiting + [.hold, .dead]).map { Place($0) }
    private var days: [String: Place] = [:]
    private var reading: DirectoryReading?
    private var begun: Int64 = 0
    private var spent: Int64 = 0
    private var next: Int64 = 0
    /// When the last count was complete.
    private(set) var counted: Timestamp?

    init(spool: SpoolTree, loop: EventLoop, log: Log) {
        self.spool = spool
        self.loop = loop
        self.log = log
    }

    /// The last count, every state once.
    var counts: [Count] {
        places.map { Count(state: $0.state.path, jobs: $0.jobs, oldest: $0.oldest) }
            + [Count(state: "done", jobs: days.values.reduce(0) { $0 + $1.jobs })]
    }

    /// Begins a count, unless one is under way or the last one is too recent for what it cost.
    func countIfDue() {
        guard reading == nil, Clock.monotonic >= next else { return }
        begun = Clock.monotonic
        spent = 0
        do throws(SpoolError) {
            let names = Set(try spool.days())
            for name in days.keys where !names.contains(name) { days[name] = nil }
            for name in names where days[name] == nil { days[name] = Place(.done(day: name)) }
        } catch { log.write("\(error)", .warning) }
        count(places + days.keys.sorted().compactMap { days[$0] })
    }

    private func count(_ rest: [Place]) {
        guard let place = rest.first else { return finish() }
        let others = Array(rest.dropFirst())
        var (jobs, looks) = (0, 0)
        var oldest: Timestamp?
        var firstID: String?
        do throws(SpoolError) {
            let isRead = try open(place) { (directory, path) throws(SpoolError) in
                let modified = try step(.read, path, Timestamp(nanoseconds: directory.status().modified))
                guard place.directory.needsReading(modified: modified) else { return false }
                place.directory.begin(modified: modified, now: .now)
                let start = Clock.monotonic
                reading = try DirectoryReading(directory, path: path, loop: loop) { [unowned self] name in
                    jobs += 1
                    if let since = since(name, place.state, &looks, &firstID) { oldest = min(oldest ?? since, since) }
                } finish: { [unowned self] error in
                    reading = nil
                    spent += Clock.monotonic - start
                    if let error {
                        place.directory.fail()
                        log.write("\(error)", .warning)
                    }
                    (place.jobs, place.oldest) = (jobs, oldest)
                    count(others)
                }
                return true
            }
            if !isRead { count(others) }
        } catch {
            // A day may be removed while its turn comes.
            if error.errno != .noEntry { log.write("\(error)", .warning) }
            (place.jobs, place.oldest) = (0, nil)
            place.directory.fail()
            count(others)
        }
    }

    /// A day that was removed must not be made again by counting it.
    private func open(
        _ place: Place, _ body: (borrowing Directory, String) throws(SpoolError) -> Bool
    ) throws(SpoolError) -> Bool {
        guard case .done(let day) = place.state else {
            let path = place.state.path
            return try spool.with(place.state) { (directory) throws(SpoolError) in try body(directory, path) }
        }
        let directory = try step(.open, "done/\(day)", spool.done.directory(day))
        return try body(directory, "done/\(day)")
    }

    /// Since when a job waits: its submission, as a generated id or the mtime in `new/` says it, else the last change
    /// of its file. In `hold/` and `dead/` the mtime, when it was set aside.
    /// Nil where that is not known, and for a generated id that sorts behind `first`: of a million few are taken apart.
    private func since(
        _ name: DirectoryName, _ state: State, _ looks: inout Int, _ first: inout String?
    ) -> Timestamp? {
        guard let text = name.text else { return nil }
        switch state {
        case .done: return nil
        case .hold, .dead: break
        default:
            if JobID.looksGenerated(text) {
                if let first, text >= first { return nil }
                if let time = JobID(text)?.time {
                    first = text
                    return time
                }
            }
        }
        guard looks < Census.statLimit else { return nil }
        looks += 1
        // It may have gone on meanwhile.
        let found = try? spool.with(state) { (directory) throws(SpoolError) in
            try step(.read, text, directory.status(text))
        }
        guard let status = found else { return nil }
        switch state {
        case .new, .hold, .dead: return Timestamp(nanoseconds: status.modified)
        default: return Timestamp(nanoseconds: status.changed)
        }
    }

    private func finish() {
        counted = .now
        next = Clock.monotonic + max(Census.interval.nanoseconds, spent * 50) - Span.milliseconds(500).nanoseconds
    }
}

extension JobID {
    /// Whether a name has the form of a generated id, as far as its two letters tell.
    fileprivate static func looksGenerated(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 {
            $0.count > 17 && $0[8] == UInt8(ascii: "T") && $0[15] == UInt8(ascii: "Z") && $0[0] < 0x3A
        }
    }

    /// The second in which a generated id was made, `20261123T174411Z-…`; nil for another id.
    var time: Timestamp? {
        let text = Array(text.utf8.prefix(17))
        guard text.count == 17, text[8] == UInt8(ascii: "T"), text[15] == UInt8(ascii: "Z"),
            text[16] == UInt8(ascii: "-")
        else { return nil }
        func part(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
        return Timestamp(
            rfc3339: "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z")
    }
}
