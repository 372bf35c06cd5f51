internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// The jobs that wait for a program to be started for them, and what starts them: one by one, when there is a place.
///
/// How many places there are, and what starting means, is its owner's.
final class ProgramQueue {
    /// What it takes; a job whose template has become another kind goes to ``onOther``.
    private let kind: WaitingJob.Kind
    private let loop: EventLoop
    private let triage: Triage
    private var lanes = TaskLanes()
    /// A job was not lined up for want of room: ``onRoom`` comes when there is some.
    private var hasDropped = false
    private var isPumping = false
    /// The system refused to start a program: for a moment none is tried.
    private var isResting = false

    /// Whether there is a place.
    var mayStart: () -> Bool = { false }
    /// Whether one of them may be given to `bulk`.
    var bulkMayStart: () -> Bool = { true }
    /// Whether as many programs of the template run as may at a time.
    var isFull: (String) -> Bool = { _ in false }
    var isPaused: (_ template: String?) -> Bool = { _ in false }
    /// Claims a job and starts its program.
    var start: (consuming ReadyJob) -> Void = { _ in }
    /// Takes a job that is none of this kind any more; false when there is no room for it there.
    var onOther: (consuming ReadyJob) -> Bool = { _ in false }
    /// Told of the state of a job that was lined up and is not to start now: it must be met again.
    var onHeld: (State) -> Void = { _ in }
    var onRoom: () -> Void = {}

    init(_ kind: WaitingJob.Kind, loop: EventLoop, triage: Triage) {
        self.kind = kind
        self.loop = loop
        self.triage = triage
    }

    var count: Int { lanes.count }
    func contains(_ id: JobID, in state: State) -> Bool { lanes.contains(id, in: state) }
    func removeExpired(at now: Timestamp) -> [WaitingJob] { lanes.removeExpired(at: now) }

    private var canStart: Bool { !isResting && mayStart() }

    /// Takes a job that was looked at; false when there is no room: it stays on disk and must be met again.
    func offer(_ ready: consuming ReadyJob) -> Bool {
        let waiting = ready.waiting
        if lanes.isEmpty, canStart, waiting.priority != .bulk || bulkMayStart(), !isFull(waiting.template ?? "") {
            start(ready)
            return true
        }
        if lanes.append(waiting) { return true }
        hasDropped = true
        return false
    }

    /// Starts what can be started.
    func pump() {
        if isPumping { return }
        isPumping = true
        defer { isPumping = false }
        let end = Clock.monotonic + DirectoryReading.slice.nanoseconds
        while canStart, let waiting = lanes.next(bulkAllowed: bulkMayStart(), isFull: isFull) {
            if isPaused(waiting.template) {
                onHeld(waiting.state)
            } else if let ready = triage.look(waiting.id, in: waiting.state, now: .now) {
                if ready.waiting.kind == kind {
                    start(ready)
                } else if !onOther(ready) {
                    onHeld(waiting.state)
                }
            }
            if Clock.monotonic > end {
                loop.later { [weak self] in self?.pump() }
                break
            }
        }
        if hasDropped, lanes.count < lanes.capacity / 2 {
            hasDropped = false
            onRoom()
        }
    }

    /// The machine lacks what a program needs: none is started for a second.
    func rest() {
        isResting = true
        loop.schedule(after: .seconds(1)) { [weak self] in
            self?.isResting = false
            self?.pump()
        }
    }
}
