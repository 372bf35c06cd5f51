internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var wait: Verb {
        Verb(
            name: "wait", summary: "wait until jobs are sent, or will not be",
            help: """
                usage: outspool wait [--timeout SPAN] [--quiet] [--json] ID ...

                Waits until each job is in done/, dead/ or hold/, or is gone, and prints what
                happened to it. ID may be - for ids on standard input.

                  --timeout SPAN  give up after so long: 30s, 5m
                  --quiet, -q     print nothing
                  --json          one JSON object per job, as ls prints it

                Exits 0 when all were sent; else 65 if one is a dead letter, 69 if one is
                held, 66 if one is gone or was never there, 75 if the time was over before.
                After a second standard error says what keeps the jobs from being sent: no
                daemon, a pause, relays that do not work.

                """,
            options: [.init("--timeout", "a span such as 30s"), .init("--quiet"), .init("-q"), .init("--json")],
            run: runWait)
    }
}

/// How often the directories are looked at.
private let interval: Int64 = 50_000_000

private func runWait(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    let reader = try SpoolReader(path: try invocation.spoolPath())
    let limit = try SelectionOptions.span("--timeout", arguments, of: "wait")
    var waiting: [JobID] = []
    guard try SelectionOptions.forEachID(arguments.operands, of: "wait", { waiting.append($0) }) else { return .usage }
    if waiting.isEmpty { throw .usage("wait needs an id") }
    let isQuiet = arguments.has("--quiet") || arguments.has("-q")
    return try wait(for: waiting, in: reader, limit: limit, invocation, isQuiet: isQuiet)
}

/// Waits until none of the jobs may still be sent, and tells of each; see the verb's exit statuses.
func wait(
    for ids: [JobID], in reader: borrowing SpoolReader, limit: Span?, _ invocation: Invocation, isQuiet: Bool
) throws(Failure) -> ExitStatus {
    let end = limit.map { Clock.monotonic.addingReportingOverflow($0.nanoseconds) }
    var waiting = ids
    var worst = ExitStatus.success
    var said: String?
    var looksAgain = Clock.monotonic + Span.seconds(1).nanoseconds
    while true {
        var left: [JobID] = []
        for id in waiting {
            guard let ending = try ending(of: id, in: reader) else {
                left.append(id)
                continue
            }
            if ending.status.rank > worst.rank { worst = ending.status }
            if !isQuiet { try tell(ending, id, invocation) }
        }
        waiting = left
        if waiting.isEmpty { return worst }
        if let end, !end.overflow, Clock.monotonic >= end.partialValue {
            for id in waiting { complain("\(id) is still waiting") }
            return worst == .success ? .temporary : worst
        }
        if !isQuiet, Clock.monotonic >= looksAgain {
            looksAgain = Clock.monotonic + Span.seconds(1).nanoseconds
            // Each once, while it lasts.
            if let text = try hindrance(in: reader), said == nil {
                complain("waiting: \(text)")
                said = text
            }
        }
        Clock.sleep(until: Clock.monotonic + interval)
    }
}

/// How waiting for a job ended.
private struct Ending {
    let word: String
    let status: ExitStatus
    let job: Glance?
}

/// Nil while the job may still be sent.
private func ending(of id: JobID, in reader: borrowing SpoolReader) throws(Failure) -> Ending? {
    let places = try reader.settledPlaces(of: id)
    guard let state = places.first else { return Ending(word: "gone", status: .noInput, job: nil) }
    let (word, status): (String, ExitStatus)
    switch state {
    case .done: (word, status) = ("sent", .success)
    case .dead: (word, status) = ("dead", .data)
    case .hold: (word, status) = ("held", .unavailable)
    default: return nil
    }
    var job: Glance?
    try reader.with(state) { (directory) throws(Failure) in
        job = try Glance(DirectoryName(id.text), in: state, at: directory)
    }
    // It moved between the two looks: then it is not over.
    guard let job else { return nil }
    // A task has no recipients.
    if case .done = state, job.last?.kind == .done { return Ending(word: "done", status: status, job: job) }
    return Ending(word: word, status: status, job: job)
}

private func tell(_ ending: Ending, _ id: JobID, _ invocation: Invocation) throws(Failure) {
    let output = invocation.output
    if invocation.arguments.has("--json") {
        let gone = JSON.object(.init([("id", .string(id.text)), ("state", "gone")]))
        try output.line(printableJSON((ending.job?.json ?? gone).text))
    } else {
        let words = ending.job?.traits.last.map { "  " + printable($0) } ?? ""
        let style: Output.Style = ending.status == .success ? .green : ending.status == .unavailable ? .yellow : .red
        try output.line("\(id)  \(output.styled(ending.word, style))\(words)")
    }
    try output.flush()
}

extension ExitStatus {
    /// Which of several endings a script is told of.
    fileprivate var rank: Int {
        switch self {
        case .data: 3
        case .unavailable: 2
        case .noInput: 1
        default: 0
        }
    }
}
