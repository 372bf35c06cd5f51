internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var events: Verb {
        Verb(
            name: "events", summary: "print what became of jobs, in the order of time",
            help: """
                usage: outspool events [--since CURSOR | TIME | SPAN] [--follow] [--json]

                Prints the outcomes of jobs: sent, done, dead, held, bounced, complained,
                delivered, delayed, suppressed. They are read from the jobs in done/, dead/
                and hold/, as long as these are kept.

                  --since CURSOR  what has come behind a line of --json with this cursor
                  --since TIME    since then: 2026-11-23T17:00:00Z
                  --since SPAN    since so long ago: 30m, 2h, 5d
                  --follow        go on, and print what comes
                  --json          one JSON object per line, each with its cursor

                Each outcome comes at least once, and is known by its id. With a further
                one of the same job it may come again.

                """,
            options: [.init("--since", "a cursor, a time or a span"), .init("--follow"), .init("--json")],
            run: runEvents)
    }
}

/// How old a change must be before it is told: no other with its time, or before it, can appear any more. Nanoseconds.
private let ripeness: Int64 = 100_000_000

/// The share of time in which directories are read, while nothing comes: one in so many.
private let restFactor: Int64 = 20

/// The least pause between two readings, in nanoseconds.
private let leastPause: Int64 = 200_000_000

private func runEvents(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    if let extra = arguments.operands.first { throw .usage("events takes no operand: \(printable(extra))") }
    let reader = try SpoolReader(path: try invocation.spoolPath())
    var reading = EventReading(start: try start(try arguments.value("--since")))
    let isJSON = arguments.has("--json")
    repeat {
        let begin = Clock.monotonic
        let horizon = Clock.realtime - (arguments.has("--follow") ? ripeness : 0)
        // What changed before the command was given is to be told, whatever the clock of the filesystem says.
        if !arguments.has("--follow") { Clock.sleep(until: begin + ripeness) }
        while try reading.read(
            reader, before: horizon,
            { (found) throws(Failure) in
                try tell(found, isJSON, invocation.output)
            })
        {}
        try invocation.output.flush()
        guard arguments.has("--follow") else { break }
        let cost = Clock.monotonic - begin
        Clock.sleep(until: Clock.monotonic + max(leastPause, cost * restFactor))
    } while true
    return .success
}

private func start(_ text: String?) throws(Failure) -> EventReading.Start {
    guard let text else { return .cursor(EventCursor(changed: 0, id: "")) }
    if let cursor = EventCursor(text) { return .cursor(cursor) }
    if let time = Timestamp(rfc3339: text) { return .time(time) }
    if let span = Span(text) { return .time(.now - span) }
    throw .usage(
        "events: --since \(printable(text)) is neither a cursor, nor a time such as 2026-11-23T17:00:00Z, nor a span such as 2h"
    )
}

private func tell(_ found: EventReading.Found, _ isJSON: Bool, _ output: Output) throws(Failure) {
    var params = found.params
    if isJSON {
        params["cursor"] = .string(found.cursor.text)
        return try output.line(printableJSON(JSON.object(params).text))
    }
    let recipients = (params["recipients"]?.array ?? []).compactMap(\.string)
    let more = recipients.count > 1 ? " +\(recipients.count - 1)" : ""
    let style: Output.Style? =
        switch found.outcome.word {
        case .sent, .done, .delivered: .green
        case .held, .delayed: .yellow
        default: .red
        }
    let words = [
        found.outcome.event.at.rfc3339Seconds, output.styled(found.outcome.word.rawValue, style),
        params["job"]?.string ?? "", recipients.first.map { printable($0) + more } ?? "-",
        printable(found.outcome.event.words),
    ]
    try output.line(words.joined(separator: "  "))
}
