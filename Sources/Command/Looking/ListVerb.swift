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
                usage: outspool ls [ID ... | FILTER ...] [--limit N] [--json]
                       outspool ls --suppressed [--to TEXT] [--error TEXT] [--older SPAN]
                                   [--stream NAME] [--limit N] [--json | --csv]

                Lists the jobs of a spool, sorted by id; of more than 10,000 in the order of
                the directories. Sent jobs are listed only if --state asks for them, or
                --event. ID may be - for ids on standard input.

                \(SelectionOptions.help)
                  --limit N        at most so many
                  --json           one JSON object per line
                  --suppressed     the addresses that get no mail instead, and why; then
                                   --to is text in the address, --error in why or the
                                   reason, and --older is how long it has been so
                  --stream NAME    of --suppressed: what holds for this stream
                  --csv            of --suppressed: as `outspool suppress` imports it

                """,
            options: SelectionOptions.filters + [
                .init("--limit", "a number"), .init("--json"), .init("--suppressed"), .init("--stream", "a stream"),
                .init("--csv"),
            ], run: runList)
    }
}

/// How many jobs are sorted; more are printed as they are found.
private let sortLimit = 10_000

/// How long matching jobs are collected, in nanoseconds, where there are more than that.
private let patience: Int64 = 500_000_000

private func runList(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    let filter = try SelectionOptions.filter(arguments, of: "ls")
    var limit = Int.max
    if let text = try arguments.value("--limit") {
        guard let number = Int(text), number > 0 else { throw .usage("ls: --limit \(printable(text)) is not a number") }
        limit = number
    }
    if arguments.has("--suppressed") { return try listSuppressed(invocation, filter, limit: limit) }
    if arguments.has("--csv") || arguments.has("--stream") {
        throw .usage("ls: --csv and --stream are for --suppressed")
    }
    let path = try invocation.spoolPath()
    if let box = try AnswerReader(path: path) {
        return try list(arguments.operands, filter, in: box, limit: limit, invocation)
    }
    let reader = try SpoolReader(path: path)
    var listing = Listing(output: invocation.output, isJSON: arguments.has("--json"), now: .now, limit: limit)
    if !arguments.operands.isEmpty {
        guard filter.isEmpty else { throw .usage("ls: ids cannot be combined with filters") }
        return try list(arguments.operands, of: reader, into: &listing)
    }
    // What came back is the fate of jobs that were sent.
    let isOfSent = !filter.events.isEmpty
    let states = try reader.states().filter {
        filter.states.isEmpty ? isOfSent || $0.word != "done" : filter.names($0)
    }
    let sieve = Sieve(filter)
    listing.isSorted = try count(of: states, in: reader, upTo: sortLimit) <= sortLimit
    for state in states where !listing.isFull {
        try reader.forEachEntry(of: state.path, while: { !listing.isFull }) { (name, directory) throws(Failure) in
            guard sieve.mayPass(name, at: directory),
                let job = try Glance(name, in: state, at: directory)
            else { return }
            if filter.needsContents, !filter.matches(job.traits, now: listing.now) { return }
            try listing.add(job)
        }
    }
    try listing.end()
    return .success
}

private func list(
    _ words: [String], of reader: borrowing SpoolReader, into listing: inout Listing
) throws(Failure) -> ExitStatus {
    var status = ExitStatus.success
    let isClean = try SelectionOptions.forEachID(words, of: "ls") { (id) throws(Failure) in
        var isFound = false
        try reader.find(id) { (state) throws(Failure) in
            var job: Glance?
            try reader.with(state) { (directory) throws(Failure) in
                job = try Glance(DirectoryName(id.text), in: state, at: directory)
            }
            guard let job else { return false }
            isFound = true
            try listing.add(job)
            return true
        }
        if !isFound {
            complain("no job \(id) in \(printable(reader.path))")
            status = .noInput
        }
    }
    try listing.end()
    return isClean ? status : .usage
}

/// How many names there are, counted until it is known that there are more than `limit`.
private func count(of states: [State], in reader: borrowing SpoolReader, upTo limit: Int) throws(Failure) -> Int {
    var count = 0
    for state in states where count <= limit {
        try reader.forEachEntry(of: state.path, while: { count <= limit }) { _, _ in count += 1 }
    }
    return count
}

/// Jobs on their way to the output: sorted as long as they are few.
private struct Listing {
    let output: Output
    let isJSON: Bool
    let now: Timestamp
    /// How many jobs may still be listed.
    private var room: Int
    /// There are so few that all are sorted, however long it takes to read them.
    var isSorted = true
    private let deadline: Int64
    private var waiting: [Glance] = []
    /// Bytes, roughly, of what waits.
    private var weight = 0
    /// Set once lines are printed as they come.
    private var table: Table?
    private var isStreaming = false

    init(output: Output, isJSON: Bool, now: Timestamp, limit: Int) {
        self.output = output
        self.isJSON = isJSON
        self.now = now
        room = limit
        deadline = Clock.monotonic + patience
    }

    var isFull: Bool { room <= 0 }

    mutating func add(_ job: Glance) throws(Failure) {
        if isStreaming { return try print(job) }
        waiting.append(job)
        weight += job.weight
        // A short list is sorted. Of a long one the first lines are to appear soon, and no more than this is kept in
        // memory.
        if waiting.count > sortLimit || weight > 16 << 20 || !isSorted && Clock.monotonic > deadline { try release() }
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
            // Where no people read it, the id is what is wanted of the line.
            .init(title: "ID", least: output.isTerminal ? 27 : nil), .init(title: "STATE"),
            .init(title: "AGE", isRight: true),
            .init(title: "TEMPLATE", least: 8), .init(title: "TO", least: 8), .init(title: "TRY", isRight: true),
            .init(title: "NEXT", isRight: true), .init(title: "LAST", least: 6),
        ]
    }

    private mutating func print(_ job: Glance) throws(Failure) {
        if isFull { return }
        room -= 1
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
            job.kind,
            job.addressee, job.attempts > 0 ? String(job.attempts) : "-", job.due.map { until($0, now: now) } ?? "-",
            job.lastWord,
        ]
    }
}

/// How long until a job is due: `due` if it is.
func until(_ due: Timestamp, now: Timestamp) -> String { due <= now ? "due" : (due - now).approximate }

extension Glance {
    /// The first recipient's address, and how many more there are.
    var addressee: String {
        guard let first = recipients.first else { return "-" }
        var address = first
        if let open = first.utf8.lastIndex(of: UInt8(ascii: "<")),
            let close = first.utf8.lastIndex(of: UInt8(ascii: ">")),
            open < close
        {
            address = String(first[first.utf8.index(after: open)..<close])
        }
        return printable(address) + (recipients.count > 1 ? " +\(recipients.count - 1)" : "")
    }

    /// The template, or of a job that carries its mail the subject, or else who it is from.
    var kind: String {
        if let template { return printable(template) }
        if let subject, !subject.isEmpty { return "\"\(printable(cut(subject, to: 40)))\"" }
        if let sender { return "from \(sender.isEmpty ? "<>" : printable(cut(sender, to: 40)))" }
        return "-"
    }

    /// Bytes, roughly.
    fileprivate var weight: Int { recipients.reduce(500) { $0 + $1.utf8.count + 16 } }

    /// The last event, or the fault of the file.
    fileprivate var lastWord: String {
        if let problem { return printable(problem) }
        guard let last else { return "-" }
        return printable(last.words)
    }

    /// One line of `--json`.
    var json: JSON {
        var object = JSON.Object([
            ("id", .string(id)), ("state", .string(state.word)), ("path", .string("\(state.path)/\(id)")),
        ])
        object["template"] = template.map { .string($0) }
        object["subject"] = subject.map { .string($0) }
        object["to"] = .array(recipients.map { .string($0) })
        if !tags.isEmpty { object["tags"] = .array(tags.map { .string($0) }) }
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
