/// The next step of a pump: a value that hears every event, with the time as a parameter.
///
/// Messages go one way: taken, submitted, acknowledged. Each stage waits for room in the next, so that the memory of a
/// pump is bounded by a few batches.
struct PumpFlow {
    enum Action: Equatable {
        /// Queue what was taken.
        case submit
        /// Hand over receipts.
        case acknowledge
        /// Start `take`.
        case take
        /// Have `take` end.
        case stopTaking
        /// Nothing until something happens, or that moment comes.
        case wait(until: Int64?)
        /// Everything is done.
        case end
    }

    /// How many messages make a batch, and how many bytes.
    let batch: Int
    static let batchBytes = 8 << 20
    /// Whether a program of its own reads the receipts; otherwise `take` does.
    let acknowledgesApart: Bool
    /// Whether the pump ends when `take` brings nothing.
    let isOnce: Bool

    /// Messages that were taken and are not submitted.
    var taken = 0
    var takenBytes = 0
    /// Whether for the moment no more comes: a small batch does not wait any longer.
    var isQuiet = true
    /// Whether some of what was submitted was refused and waits for another try. Until then nothing is acknowledged: an
    /// engine that knows one position alone would take it for all before it.
    var hasRest = false
    /// Receipts of messages that are in the spool.
    var receipts = 0
    /// The receipts that are on their way to the engine.
    var underWay = 0
    var isTaking = false
    /// Whether this run of `take`, or the last one, has brought anything.
    var broughtAny = true
    /// Whether the last run of `take` failed.
    var hasFailed = false
    /// Whether the spool has as many waiting jobs as it may.
    var isFull = false
    /// Whether the pump is to end.
    var isStopping = false
    /// Whether what the engine refused, or the spool, is given up: only when stopping.
    var hasGivenUp = false
    private var wasAskedToStop = false

    /// Moments before which a step is not tried, by the monotonic clock in nanoseconds.
    var submitAt: Int64 = 0
    var acknowledgeAt: Int64 = 0
    var takeAt: Int64 = 0

    init(batch: Int, acknowledgesApart: Bool, isOnce: Bool = false) {
        self.batch = batch
        self.acknowledgesApart = acknowledgesApart
        self.isOnce = isOnce
    }

    /// Whether `take` is read from. When the pump is to end, what comes is read and dropped: a program that waits for its
    /// reader would not see the end of its receipts.
    func reads(at now: Int64) -> Bool {
        if isStopping { return isTaking }
        return isTaking && !isFull && taken < batch && takenBytes < PumpFlow.batchBytes && submitAt <= now
            && receipts + underWay < 4 * batch
    }

    /// The next step. The caller carries it out, sets the properties by its result, and asks again.
    mutating func next(at now: Int64) -> Action {
        if isStopping, hasGivenUp { return isTaking ? stop(now) : .end }
        if taken > 0, isBatch, submitAt <= now { return .submit }
        if receipts > 0, underWay == 0, !hasRest, acknowledgeAt <= now, acknowledgesApart || isTaking {
            return .acknowledge
        }
        if isStopping {
            // A program that reads receipts ends when it has read them.
            if isTaking, acknowledgesApart || (receipts == 0 && underWay == 0) { return stop(now) }
            if !isTaking, taken == 0, receipts == 0, underWay == 0 { return .end }
            return wait(now)
        }
        if isTaking || isFull || taken > 0 || receipts > 0 || underWay > 0 { return wait(now) }
        if isOnce, !broughtAny { return .end }
        if takeAt <= now {
            broughtAny = false
            return .take
        }
        return wait(now)
    }

    private var isBatch: Bool {
        isQuiet || isStopping || !isTaking || taken >= batch || takenBytes >= PumpFlow.batchBytes
    }

    private mutating func stop(_ now: Int64) -> Action {
        if wasAskedToStop { return wait(now) }
        wasAskedToStop = true
        return .stopTaking
    }

    private func wait(_ now: Int64) -> Action {
        var moments: [Int64] = []
        if taken > 0 { moments.append(submitAt) }
        if receipts > 0, underWay == 0 { moments.append(acknowledgeAt) }
        if !isTaking, !isStopping { moments.append(takeAt) }
        return .wait(until: moments.filter { $0 > now }.min())
    }
}
