internal import Glibc
internal import Linux
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var top: Verb {
        Verb(
            name: "top", summary: "watch the queue live",
            help: """
                usage: outspool top [--once]

                Shows, every second, the daemon and its relays, how much is sent, how many jobs
                each state has, the jobs that are being sent, and what happened last. q quits.
                Reads status.json and the directories, and changes nothing.

                  --once  one picture, as text; so it is without a terminal

                """,
            options: [.init("--once")], run: runTop)
    }
}

private func runTop(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    if let extra = invocation.arguments.operands.first { throw .usage("top takes no operand: \(printable(extra))") }
    let output = invocation.output
    let reader = try SpoolReader(path: try invocation.spoolPath())
    var watch = Watching()
    if invocation.arguments.has("--once") || !output.isTerminal || isatty(0) != 1 {
        for line in try watch.page(reader, nil).lines(output, rows: 1000, width: output.width) { try output.line(line) }
        return .success
    }
    let recent = RecentEvents(reader)
    let screen = try Screen()
    var isStale = true
    var drawnAt: Int64 = 0
    var page = try watch.page(reader, recent)
    while true {
        if isStale {
            page = try watch.page(reader, recent)
            drawnAt = Clock.monotonic
            isStale = false
        }
        let size = screen.size
        guard screen.draw(page.lines(output, rows: size.rows, width: size.columns)) else { return .inputOutput }
        var isWaiting = true
        while isWaiting {
            let left = Int((drawnAt + 1_000_000_000 - Clock.monotonic) / 1_000_000)
            switch screen.wait(milliseconds: left, or: recent?.descriptor ?? -1) {
            case .end, .key(UInt8(ascii: "q")), .key(UInt8(ascii: "Q")), .key(3), .key(4): return .success
            case .key(UInt8(ascii: " ")), .time: (isStale, isWaiting) = (true, false)
            case .resize: isWaiting = false
            case .readable: recent?.read()
            case .key: break
            }
            if left <= 0 { (isStale, isWaiting) = (true, false) }
        }
    }
}

/// The state that is kept from picture to picture.
private struct Watching {
    private var counts = StateCounts()
    private var daemon: DaemonStatus?

    /// The jobs in flight that are looked at.
    private static let limit = 200

    mutating func page(_ reader: borrowing SpoolReader, _ recent: RecentEvents?) throws(Failure) -> TopPage {
        let now = Timestamp.now
        try counts.update(reader)
        try recent?.update(reader)
        var inFlight: [Glance] = []
        for state in try reader.states() where state.word == "cur" {
            try reader.forEachEntry(of: state.path, while: { inFlight.count < Watching.limit }) {
                (name, directory) throws(Failure) in
                if let job = try Glance(name, in: state, at: directory) { inFlight.append(job) }
            }
        }
        inFlight.sort { ($0.last?.at ?? now, $0.id) < ($1.last?.at ?? now, $1.id) }
        let (previous, latest) = (daemon, DaemonStatus(of: reader))
        daemon = latest
        let pauses = try reader.pauses()
        return TopPage(
            path: reader.path, daemon: latest, previous: previous,
            diagnosis: Diagnosis(daemon: latest, pauses: pauses.count, numbers: .init(), limits: .init(), now: now),
            counts: counts.counts, inFlight: inFlight, recent: recent?.jobs ?? [], pauses: pauses, now: now)
    }
}
