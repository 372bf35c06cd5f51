internal import Glibc
internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var status: Verb {
        Verb(
            name: "status", summary: "how the daemon and the queue do",
            help: """
                usage: outspool status [--by template | --by to-domain | --by error]
                                       [--state STATE ...] [FILTER ...] [--limit N] [--quick]
                                       [--max-age WARN[,CRIT]] [--max-waiting N[,N]]
                                       [--max-hold N[,N]] [--max-dead N[,N]] [--json]

                Shows the daemon, its relays and pauses, the jobs by state, and the shape of
                what waits: rows by template, columns by age, as qshape does for domains.

                  --by WORD        what a row is: the template, the recipients' domain, or what
                                   the relay said last
                  --state STATE    the shape of these states; new, cur and retry, if not given
                  --template NAME, --to TEXT, --older SPAN, --error TEXT, --tag WORD
                                   the shape of these jobs, as with ls
                  --limit N        so many rows; 20, if not given
                  --quick          count names and open no file: no ages, no shape
                  --max-age ...    what is too much: the age of the oldest job that waits
                                   (15m,2h), how many wait, are held, are dead (100,1000)
                  --json           one JSON object

                Exits 0 when all is well; 1, a warning: paused, a relay of several does not
                work, more than the first number; 2, critical: no daemon, no relay works, the
                disk takes no writes, more than the second number.

                """,
            options: SelectionOptions.filters + [
                .init("--by", "template, to-domain or error"), .init("--limit", "a number"), .init("--quick"),
                .init("--max-age", "a span such as 15m, or two"), .init("--max-waiting", "a number, or two"),
                .init("--max-hold", "a number, or two"), .init("--max-dead", "a number, or two"), .init("--json"),
            ], run: runStatus)
    }
}

private func runStatus(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    if let extra = arguments.operands.first { throw .usage("status takes no operand: \(printable(extra))") }
    let filter = try SelectionOptions.filter(arguments, of: "status")
    var grouping = SpoolSurvey.Grouping.template
    if let word = try arguments.value("--by") {
        guard let known = SpoolSurvey.Grouping(rawValue: word) else {
            throw .usage("status: --by \(printable(word)) is not one of template, to-domain, error")
        }
        grouping = known
    }
    var rows = 20
    if let text = try arguments.value("--limit") {
        guard let number = Int(text), number > 0 else {
            throw .usage("status: --limit \(printable(text)) is not a number")
        }
        rows = number
    }
    var limits = Diagnosis.Limits()
    limits.age = try threshold("--max-age", arguments) { Span($0) }
    limits.waiting = try threshold("--max-waiting", arguments) { Int($0) }
    limits.held = try threshold("--max-hold", arguments) { Int($0) }
    limits.dead = try threshold("--max-dead", arguments) { Int($0) }
    let isQuick = arguments.has("--quick")
    if isQuick, limits.age != nil {
        throw .usage("status: --quick cannot be combined with --max-age: it reads no ages")
    }
    let reader = try SpoolReader(path: try invocation.spoolPath())
    let now = Timestamp.now
    let survey = try SpoolSurvey(of: reader, filter: filter, by: grouping, isQuick: isQuick, now: now)
    let daemon = DaemonStatus(of: reader)
    let pauses = try reader.pauses()
    let isLocked = try reader.isLocked(daemon, now: .now)
    let diagnosis = Diagnosis(
        daemon: daemon, isLocked: isLocked, isFull: isLocked && isFull(reader), pauses: pauses.count,
        numbers: survey.numbers, limits: limits, now: .now)
    let page = StatusPage(
        daemon: daemon, isLocked: isLocked, pauses: pauses, survey: survey, diagnosis: diagnosis, grouping: grouping,
        rows: rows,
        isQuick: isQuick, boxes: try reader.unread())
    if arguments.has("--json") {
        try invocation.output.line(printableJSON(page.json.text))
    } else {
        try page.write(to: invocation.output)
    }
    switch diagnosis.health {
    case .ok: return .success
    case .warning: return .warning
    case .critical: return .critical
    }
}

/// True when the spool's disk has no room for another file; false also where that cannot be told.
private func isFull(_ reader: borrowing SpoolReader) -> Bool {
    var space = statvfs()
    return fstatvfs(reader.root.descriptor.raw, &space) == 0 && space.f_bavail == 0
}

private func threshold<Value>(
    _ option: String, _ arguments: Arguments, _ parse: (String) -> Value?
) throws(Failure) -> Threshold<Value>? {
    guard let text = try arguments.value(option) else { return nil }
    guard let threshold = Threshold(text, parse) else {
        throw .usage("status: \(option) \(printable(text)) is neither WARN nor WARN,CRIT")
    }
    return threshold
}

extension DaemonStatus {
    /// The status that the spool's daemon wrote last; nil when the file is missing or cannot be read.
    init?(of reader: borrowing SpoolReader) {
        guard let bytes = try? reader.root.open("status.json").readAll(limit: 1 << 20),
            let value = try? JSON(parsing: bytes)
        else { return nil }
        self.init(value)
    }
}
