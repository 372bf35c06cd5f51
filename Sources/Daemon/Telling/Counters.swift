package import Spool
package import Time

/// The counts since the daemon's start, which only grow; a reload leaves them.
package struct Counters: Equatable, Sendable {
    /// A count for each value of a label: of so many values, and one more for all others.
    package struct Labelled: Equatable, Sendable {
        package static let limit = 200
        package static let others = "(other)"
        package private(set) var counts: [String: Int] = [:]

        package mutating func count(_ label: String, by amount: Int = 1) {
            let known = counts[label] != nil || counts.count < Labelled.limit
            counts[known ? label : Labelled.others, default: 0] += amount
        }

        /// Adds the counts of another process.
        package mutating func add(_ other: Labelled) {
            for (label, amount) in other.sorted { count(label, by: amount) }
        }

        /// By label, in the order of the labels.
        package var sorted: [(label: String, count: Int)] {
            counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        package subscript(label: String) -> Int { counts[label] ?? 0 }
        package var sum: Int { counts.values.reduce(0, +) }
    }

    package var received = 0
    /// Recipients by outcome, in the words of the history.
    package var recipients = Labelled()
    /// The outcomes of programs, in the same words: tasks, and `data` that asked to be tried again.
    package var programs = Labelled()
    // Jobs, by template; "" is a job that carries its mail.
    package var done = Labelled()
    package var deferred = Labelled()
    package var held = Labelled()
    package var blocked = Labelled()
    /// Dead letters by the event that made them so, then by template.
    package var dead: [Event.Kind: Labelled] = [:]

    // By relay.
    package var attempts = Labelled()
    package var returned = Labelled()
    package var breakerOpenings = Labelled()
    package var connections = Labelled()
    package var connectionFailures = Labelled()
    package var rateWaits = Labelled()

    /// From the submission to the end in `done/`, by priority.
    package var latency: [Job.Priority: Histogram] = [:]
    /// From the hand-over to a connection to the last reply.
    package var attemptTime = Histogram(bounds: Counters.attemptBounds)

    /// From the start of a task's program to its end.
    package var taskTime = Histogram(bounds: Counters.taskBounds)

    /// Reports, by the event, then by its class.
    package var reported: [Event.Kind: Labelled] = [:]
    /// Reports that tell of no job.
    package var unmatchedReports = 0

    package var diskRefusals = 0
    package var inotifyOverflows = 0
    package var reloads = 0
    package var failedReloads = 0
    package var digests = 0

    /// Seconds: a mail on its way at once, one that met a busy relay, one that climbed the buckets.
    package static let latencyBounds: [Double] = [
        0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 28800, 86400, 432_000,
    ]
    package static let attemptBounds: [Double] = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600,
    ]

    package static let taskBounds: [Double] = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400, 86400]

    package init() {}

    /// All dead letters.
    package var deadLetters: Int { dead.values.reduce(0) { $0 + $1.sum } }

    /// A number of `status.json`.
    package func total(_ outcome: DaemonStatus.Outcome) -> Int {
        func outcomes(_ kind: Event.Kind) -> Int { recipients[kind.rawValue] + programs[kind.rawValue] }
        return switch outcome {
        case .sent: outcomes(.sent)
        case .deferred: outcomes(.deferred)
        // Who is suppressed is refused by us.
        case .refused: outcomes(.refused) + recipients["suppressed"]
        case .inDoubt: outcomes(.inDoubt)
        case .returned: returned.sum + outcomes(.returned)
        case .done: done.sum
        case .dead: deadLetters
        }
    }

    package mutating func observeLatency(_ span: Span, _ priority: Job.Priority) {
        latency[priority, default: Histogram(bounds: Counters.latencyBounds)].observe(max(span.inSeconds, 0))
    }
}

/// How many observations were at most so large, for some bounds.
package struct Histogram: Equatable, Sendable {
    package let bounds: [Double]
    /// One for each bound, and the last for what is beyond all; not cumulative.
    package private(set) var counts: [Int]
    package private(set) var sum = 0.0

    /// `bounds` ascend.
    package init(bounds: [Double]) {
        self.bounds = bounds
        counts = [Int](repeating: 0, count: bounds.count + 1)
    }

    /// Nil unless there is a count for each bound and one more.
    init?(bounds: [Double], counts: [Int], sum: Double) {
        guard counts.count == bounds.count + 1 else { return nil }
        (self.bounds, self.counts, self.sum) = (bounds, counts, sum)
    }

    /// Adds the observations of another process, of the same bounds.
    mutating func add(_ other: Histogram) {
        for (index, count) in other.counts.enumerated() { counts[index] += count }
        sum += other.sum
    }

    package mutating func observe(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }

    package var count: Int { counts.reduce(0, +) }
}
