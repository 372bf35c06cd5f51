internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

/// Which entries of `suppressed/` are listed, of those that hold.
struct SuppressionFilter: Equatable, Sendable {
    /// Text in the address, in whatever case.
    var to: String?
    /// Text in why or the reason, in whatever case.
    var error: String?
    /// At least so old.
    var older: Span?
    /// Only entries that hold for this stream.
    var stream: String?

    func matches(_ entry: SuppressionEntry, now: Timestamp) -> Bool {
        if !entry.holds(at: now) { return false }
        if let to, !entry.address.contains(text: to) { return false }
        if let error, !entry.why.rawValue.contains(text: error), entry.reason?.contains(text: error) != true {
            return false
        }
        if let older, entry.at + older > now { return false }
        if let stream, let own = entry.stream, !own.isExactly(stream) { return false }
        return true
    }
}

/// Prints `ls --suppressed`: sorted by address where there are few, else in the order of the directory.
func listSuppressed(
    _ invocation: Invocation, _ filter: JobFilter, limit: Int
) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    for option in ["--state", "--template", "--tag"] where arguments.has(option) {
        throw .usage("ls: \(option) cannot be combined with --suppressed")
    }
    if arguments.has("--json"), arguments.has("--csv") { throw .usage("ls: --json cannot be combined with --csv") }
    if !arguments.operands.isEmpty { throw .usage("ls: --suppressed takes no id; see --to") }
    let reader = try SpoolReader(path: try invocation.spoolPath())
    let files = try spoolStep(SuppressionFiles(path: reader.path))
    let chosen = SuppressionFilter(
        to: filter.to, error: filter.error, older: filter.older, stream: try arguments.value("--stream"))
    var listing = SuppressionListing(invocation, limit: limit)
    var status = ExitStatus.success
    try files.forEachName(failing: { Failure($0) }) { (name) throws(Failure) in
        guard !listing.isFull else { return }
        guard let text = name.text else {
            complain("suppressed/\(name.printable): no address has this name")
            status = .inputOutput
            return
        }
        let record: SuppressionRecord?
        do throws(SpoolError) { record = try files.record(named: text) } catch {
            complain(printable("\(error)"))
            status = .inputOutput
            return
        }
        for entry in record?.entries ?? [] where chosen.matches(entry, now: listing.now) { try listing.add(entry) }
    }
    try listing.end()
    return status
}

/// Entries on their way to the output.
private struct SuppressionListing {
    private enum Form { case table, json, csv }

    private let output: Output
    private let form: Form
    let now = Timestamp.now
    private var room: Int
    private var waiting: [SuppressionEntry] = []
    private var table: Table?
    private var isStreaming = false

    /// So many are sorted; more are printed as they are found.
    private static let sortLimit = 10_000

    init(_ invocation: Invocation, limit: Int) {
        output = invocation.output
        form = invocation.arguments.has("--json") ? .json : invocation.arguments.has("--csv") ? .csv : .table
        room = limit
    }

    /// Sorting needs to see more than it prints.
    var isFull: Bool { isStreaming && room <= 0 }

    mutating func add(_ entry: SuppressionEntry) throws(Failure) {
        if isStreaming { return try print(entry) }
        waiting.append(entry)
        if waiting.count > Self.sortLimit { try release() }
    }

    mutating func end() throws(Failure) { if !isStreaming { try release() } }

    private mutating func release() throws(Failure) {
        isStreaming = true
        waiting.sort { (ExactText($0.address), $0.at) < (ExactText($1.address), $1.at) }
        switch form {
        case .csv: try output.write(csvRecord(SuppressionTable.columns))
        case .table where !waiting.isEmpty:
            let table = Table(Self.shape, fitting: waiting.map { cells($0) }, into: output.width)
            self.table = table
            try output.line(output.styled(table.header, .bold))
        default: break
        }
        for entry in waiting { try print(entry) }
        waiting = []
    }

    private static let shape: [Table.Column] = [
        .init(title: "ADDRESS"), .init(title: "WHY"), .init(title: "SINCE"), .init(title: "UNTIL"),
        .init(title: "STREAM", least: 6), .init(title: "JOB", least: 8), .init(title: "REASON", least: 8),
    ]

    private func cells(_ entry: SuppressionEntry) -> [String] {
        [
            printable(entry.address), entry.why.rawValue, entry.at.day, entry.until?.day ?? "-",
            entry.stream.map { $0.isEmpty ? "(none)" : printable($0) } ?? "all", entry.job.map { printable($0) } ?? "-",
            entry.reason.map { printable($0) } ?? "-",
        ]
    }

    private mutating func print(_ entry: SuppressionEntry) throws(Failure) {
        if room <= 0 { return }
        room -= 1
        switch form {
        case .json: try output.line(printableJSON(JSON.object(entry.object).text))
        case .csv: try output.write(csvRecord(SuppressionTable.row(entry)))
        case .table: if let table { try output.line(table.line(cells(entry))) }
        }
    }
}
