internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var ls: Verb {
        Verb(
            name: "ls", summary: "list jobs",
            help: """
                usage: outspool ls [--state STATE ...] [--template NAME] [--to TEXT] [--json]

                Lists the jobs of a spool, sorted by id; beyond 10,000 in the order of the
                directories. Sent jobs are listed only if --state asks for them.

                  --state STATE    new, cur, retry, scheduled, hold, dead or done, or the
                                   directory, such as retry/03-2m; may be repeated
                  --template NAME  jobs of this template
                  --to TEXT        jobs with a recipient that contains the text
                  --json           one JSON object per line

                """,
            options: [
                .init("--state", "a state"), .init("--template", "a template"), .init("--to", "an address"),
                .init("--json"),
            ], run: runList)
    }
}

/// How many jobs are sorted; more are printed as they are found.
private let sortLimit = 10_000

private func runList(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    if let extra = arguments.operands.first { throw .usage("ls takes no operand: \(printable(extra))") }
    let reader = try SpoolReader(path: try invocation.spoolPath())
    let states = try chosenStates(arguments.values("--state"), of: reader.states())
    let template = try arguments.value("--template")
    let text = try arguments.value("--to")?.lowercased()
    var listing = Listing(output: invocation.output, isJSON: arguments.has("--json"), now: .now)
    for state in states {
        try reader.forEachEntry(of: state.path) { (name, directory) throws(Failure) in
            guard let job = try Glance(name, in: state, at: directory) else { return }
            if let template, job.template != template { return }
            if let text, !job.recipients.contains(where: { $0.lowercased().contains(text) }) { return }
            try listing.add(job)
        }
    }
    try listing.end()
    return .success
}

private func chosenStates(_ words: [String], of states: [State]) throws(Failure) -> [State] {
    if words.isEmpty { return states.filter { $0.word != "done" } }
    for word in words where !states.contains(where: { $0.word == word || $0.path == word }) {
        // A state that no job is in may have no directory.
        let known = ["new", "cur", "retry", "scheduled", "hold", "dead", "done"]
        if known.contains(word) || word.hasPrefix("done/") || word.hasPrefix("cur/") { continue }
        let near = nearest(to: word, among: known).map { "; did you mean \($0)?" } ?? ""
        throw .usage("ls: unknown state \(printable(word))\(near)")
    }
    return states.filter { words.contains($0.word) || words.contains($0.path) }
}

/// Jobs on their way to the output: sorted as long as they are few.
private struct Listing {
    let output: Output
    let isJSON: Bool
    let now: Timestamp
    private var waiting: [Glance] = []
    /// Set once lines are printed as they come.
    private var table: Table?
    private var isStreaming = false

    init(output: Output, isJSON: Bool, now: Timestamp) {
        self.output = output
        self.isJSON = isJSON
        self.now = now
    }

    mutating func add(_ job: Glance) throws(Failure) {
        if isStreaming { return try print(job) }
        waiting.append(job)
        if waiting.count >= sortLimit { try release() }
    }

    mutating func end() throws(Failure) { if !isStreaming { try release() } }

    private mutating func release() throws(Failure) {
        isStreaming = true
        waiting.sort { $0.id < $1.id }
        if !isJSON, !waiting.isEmpty {
            let table = Table(shape, fitting: waiting.map { cells($0) }, into: output.width)
            self.table = table
            try output.line(output.styled(table.header, .bold))
        }
        for job in waiting { try print(job) }
        waiting = []
    }

    private var shape: [Table.Column] {
        [
            .init(title: "ID", least: 27), .init(title: "STATE"), .init(title: "AGE", isRight: true),
            .init(title: "TEMPLATE", least: 8), .init(title: "TO", least: 8), .init(title: "TRY", isRight: true),
            .init(title: "NEXT", isRight: true), .init(title: "LAST", least: 6),
        ]
    }

    private func print(_ job: Glance) throws(Failure) {
        guard let table else { return try output.line(printableJSON(job.json.text)) }
        let style: Output.Style? =
            switch job.state {
            case .dead: .red
            case .hold: .yellow
            case .done: .green
            default: nil
            }
        try output.line(table.line(cells(job)) { column, text in column == 1 ? output.styled(text, style) : text })
    }

    private func cells(_ job: Glance) -> [String] {
        [
            job.id, job.state.word, job.submitted.map { (now - $0).approximate } ?? "-",
            job.template.map { printable($0) } ?? "-",
            job.addressee, job.attempts > 0 ? String(job.attempts) : "-", job.due.map { until($0, now: now) } ?? "-",
            job.lastWord,
        ]
    }
}

/// How long until a job is due: `due` if it is.
func until(_ due: Timestamp, now: Timestamp) -> String { due <= now ? "due" : (due - now).approximate }

extension Glance {
    /// The first recipient's address, and how many more there are.
    fileprivate var addressee: String {
        guard let first = recipients.first else { return "-" }
        var address = first
        if let open = first.lastIndex(of: "<"), let close = first.lastIndex(of: ">"), open < close {
            address = String(first[first.index(after: open)..<close])
        }
        return printable(address) + (recipients.count > 1 ? " +\(recipients.count - 1)" : "")
    }

    /// What happened last, or what is wrong with the file.
    fileprivate var lastWord: String {
        if let problem { return printable(problem) }
        guard let last else { return "-" }
        return printable(last.words)
    }

    fileprivate var json: JSON {
        var object = JSON.Object([
            ("id", .string(id)), ("state", .string(state.word)), ("path", .string("\(state.path)/\(id)")),
        ])
        object["template"] = template.map { .string($0) }
        object["to"] = .array(recipients.map { .string($0) })
        object["attempts"] = .number(.init(attempts))
        object["submitted"] = submitted.map { .string($0.rfc3339) }
        object["next"] = due.map { .string($0.rfc3339) }
        // An event is written by itself, and so is JSON.
        object["last"] = last.flatMap { try? JSON(parsing: $0.line) }
        object["problem"] = problem.map { .string($0) }
        return .object(object)
    }
}

extension Event {
    /// The server's words, or the reason, or what happened.
    var words: String {
        if let reply { return [code.map { String($0) }, dsn, reply].compactMap { $0 }.joined(separator: " ") }
        return kind.rawValue + (reason.map { ": \($0)" } ?? "")
    }
}
