internal import Spool
internal import Time

/// The findings about a spool, for people and for monitoring.
struct Diagnosis: Equatable, Sendable {
    struct Finding: Equatable, Sendable {
        let health: Health
        /// A sentence; names that the daemon wrote stand in it as they are.
        let text: String
    }

    /// The alert limits; nil disables a check.
    struct Limits: Sendable {
        /// The age of the oldest job that waits.
        var age: Threshold<Span>?
        var waiting: Threshold<Int>?
        var held: Threshold<Int>?
        var dead: Threshold<Int>?

        init() {}
    }

    /// The numbers that are held against the limits.
    struct Numbers: Sendable {
        /// Jobs in `new/`, `cur/` and `retry/`.
        var waiting = 0
        var held = 0
        var dead = 0
        /// Of a job that waits; nil when none does, or ages were not looked at.
        var oldest: Span?

        init() {}
    }

    /// The number of untouched files that are named.
    private static let stoppedShown = 3

    private(set) var findings: [Finding] = []

    /// The worst finding's.
    var health: Health { findings.map(\.health).max() ?? .ok }

    /// `daemon` is what the daemon wrote last, nil when it never did; `isLocked` says that one has the lock of its
    /// directory in `cur/` all the same, and `isFull` that the spool's disk has no room.
    init(
        daemon: DaemonStatus?, isLocked: Bool = false, isFull: Bool = false, pauses: Int, numbers: Numbers,
        limits: Limits, now: Timestamp
    ) {
        judge(daemon, isLocked, isFull, now)
        if pauses > 0 { add(.warning, "paused") }
        if let age = limits.age, let oldest = numbers.oldest {
            add(age.judge(oldest), "the oldest job has waited for \(oldest.approximate)")
        }
        for (threshold, count, what) in [
            (limits.waiting, numbers.waiting, "waiting"), (limits.held, numbers.held, "held"),
            (limits.dead, numbers.dead, "dead"),
        ] {
            if let threshold { add(threshold.judge(count), "\(count) \(what)") }
        }
        findings.sort { $0.health > $1.health }
    }

    private mutating func judge(_ daemon: DaemonStatus?, _ isLocked: Bool, _ isFull: Bool, _ now: Timestamp) {
        if isLocked, daemon?.isAlive(now: now) != true {
            let since = daemon.map { " since \($0.at.rfc3339Seconds)" } ?? ""
            return add(
                .critical,
                "a daemon has the spool and has not written status.json\(since): "
                    + (isFull ? "the disk is full" : "it is stopped or blocked, or may not write there"))
        }
        guard let daemon else { return add(.critical, "no daemon has ever run here") }
        guard daemon.isAlive(now: now) else {
            let how = daemon.state == "stopped" ? "was stopped" : "was last heard of"
            return add(.critical, "the daemon is not running: it \(how) at \(daemon.at.rfc3339Seconds)")
        }
        if daemon.unwritten > 0 {
            add(.critical, "the disk takes no writes: outcomes that wait in memory: \(daemon.unwritten)")
        }
        for worker in daemon.workers { judge(worker, of: daemon) }
        for line in daemon.stoppedFiles.prefix(Diagnosis.stoppedShown) { add(.warning, "it waits untouched: \(line)") }
        if daemon.stopped > Diagnosis.stoppedShown {
            add(.warning, "files that wait untouched: \(daemon.stopped); outspool doctor names more of them")
        }
        if let configuration = daemon.configuration { add(.warning, "the configuration: \(configuration)") }
        for relay in daemon.relays where !relay.isOpen && relay.refused > 0 {
            let more = relay.refused > 1 ? ", and \(relay.refused - 1) more senders" : ""
            add(.warning, "relay \(relay.name) refuses \(relay.refusedSenders.first ?? "a sender")\(more)")
        }
        let open = daemon.relays.filter(\.isOpen)
        for relay in open {
            let reason = relay.reason.map { $0.isEmpty ? "" : ": \($0)" } ?? ""
            add(open.count == daemon.relays.count ? .critical : .warning, "relay \(relay.name) does not work\(reason)")
        }
    }

    /// A worker that is not at work holds up its share of the jobs.
    private mutating func judge(_ worker: DaemonStatus.Worker, of daemon: DaemonStatus) {
        let name = "worker \(worker.number)"
        if let silence = worker.silence(at: daemon.at) {
            let pid = worker.process.map { " (pid \($0))" } ?? ""
            return add(
                .critical, "\(name)\(pid): no sign of life for \(silence.approximate); its share of the jobs waits")
        }
        switch worker.state {
        case "dead": add(.warning, "\(name) has died, and is started again")
        case "waiting":
            let directory = "cur/\(daemon.instance).\(worker.number)"
            add(.critical, "\(name) waits for a process of an earlier start, which has the lock of \(directory)")
        default: break
        }
    }

    private mutating func add(_ health: Health, _ text: String) {
        if health > .ok { findings.append(Finding(health: health, text: text)) }
    }
}
