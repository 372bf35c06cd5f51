internal import IDNA
internal import Linux
internal import Message
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var suppress: Verb {
        Verb(
            name: "suppress", summary: "send an address no more mail",
            help: """
                usage: outspool suppress ADDRESS ... [--reason TEXT] [--stream NAME]
                                         [--for SPAN]
                       outspool suppress --import FILE [--why WORD] [--reason TEXT]
                                         [--stream NAME] [--for SPAN]

                Adds a line to suppressed/ADDRESS: the daemon refuses mail to it, with that
                reason, from its next attempt on. ADDRESS may be - for lines of standard
                input.

                  --reason TEXT   why, for the history of the jobs
                  --stream NAME   only mail of this stream: its first tag, else its template
                  --for SPAN      for so long: 12h, 30d
                  --import FILE   CSV with a line of names: address or email, and if there
                                  are such, why, at or created, reason, until, stream; as
                                  relays export it; - is standard input
                  --why WORD      with --import: bad-address, complaint or manual, whatever
                                  the file says

                """,
            options: [
                .init("--reason", "text"), .init("--stream", "a stream"), .init("--for", "a span such as 30d"),
                .init("--import", "a file"), .init("--why", "a word"),
            ], run: runSuppress)
    }

    static var unsuppress: Verb {
        Verb(
            name: "unsuppress", summary: "send an address mail again",
            help: """
                usage: outspool unsuppress ADDRESS ...

                Removes suppressed/ADDRESS, whatever it says: rm. ADDRESS may be - for lines
                of standard input. Jobs that were refused stay in dead/; see outspool retry.

                """,
            run: runUnsuppress)
    }
}

/// Calls `body` with the canonical form of each address that the operands name; false when one of them is not an address.
private func forEachAddress(
    _ words: [String], of verb: String, _ body: (String) throws(Failure) -> Void
) throws(Failure) -> Bool {
    var isClean = true
    func take(_ text: String) throws(Failure) {
        let address: String
        do throws(AddressError) { address = try Address(parsing: text).text } catch {
            complain("\(verb): \(printable("\(error)"))")
            isClean = false
            return
        }
        try body(address)
    }
    for word in words {
        guard word == "-" else {
            try take(word)
            continue
        }
        try Input.lines(of: "-") { (line) throws(Failure) in
            let text = trimmed(String(decoding: line, as: UTF8.self))
            if !text.isEmpty { try take(String(text)) }
        }
    }
    return isClean
}

/// The options' part in each entry.
private struct SuppressionOptions {
    let reason: String?
    let stream: String?
    let until: Timestamp?
    let why: SuppressionEntry.Why?

    init(_ arguments: Arguments, now: Timestamp) throws(Failure) {
        reason = try arguments.value("--reason").map { printable($0, limit: 300) }
        stream = try arguments.value("--stream")
        let span = try SelectionOptions.span("--for", arguments, of: "suppress")
        if let span, span <= .zero { throw .usage("suppress: --for is more than 0") }
        until = span.map { now + $0 }
        let word = try arguments.value("--why")
        let why = word.flatMap { SuppressionEntry.Why(rawValue: $0) }
        switch why {
        case .badAddress, .complaint, .manual: break
        case .bounces, .soft, nil:
            if let word {
                throw .usage("suppress: --why is bad-address, complaint or manual, not \(printable(word))")
            }
        }
        self.why = why
    }

    func apply(to entry: inout SuppressionEntry) {
        entry.reason = reason ?? entry.reason
        entry.stream = stream ?? entry.stream
        entry.until = until ?? entry.until
        entry.why = why ?? entry.why
    }
}

/// Opens what the verbs change; says who may, where this user may not.
private func suppressionFiles(_ invocation: Invocation) throws(Failure) -> SuppressionFiles {
    let reader = try SpoolReader(path: try invocation.spoolPath())
    return try spoolStep(SuppressionFiles(path: reader.path))
}

private func runSuppress(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    let now = Timestamp.now
    let options = try SuppressionOptions(arguments, now: now)
    let path = try arguments.value("--import")
    if path != nil, !arguments.operands.isEmpty { throw .usage("suppress: --import takes no ADDRESS") }
    if path == nil, arguments.operands.isEmpty { throw .usage("suppress: name an address, or --import FILE") }
    if path == nil, options.why != nil { throw .usage("suppress: --why is for --import") }
    let files = try suppressionFiles(invocation)
    if let path { return try runImport(path, options, files, invocation, now: now) }
    let isClean = try forEachAddress(arguments.operands, of: "suppress") { (address) throws(Failure) in
        var entry = SuppressionEntry(address, at: now, why: .manual)
        options.apply(to: &entry)
        try spoolStep(files.add(entry))
        try invocation.output.line("suppressed: \(printable(address))")
    }
    try spoolStep(files.sync())
    return isClean ? .success : .usage
}

/// So many addresses are put on disk together.
private let importBatch = 1000

private func runImport(
    _ path: String, _ options: SuppressionOptions, _ files: SuppressionFiles, _ invocation: Invocation, now: Timestamp
) throws(Failure) -> ExitStatus {
    var reader = CSVReader()
    var table: SuppressionTable?
    var (added, count, faults) = (0, 0, 0)
    var batch: [SuppressionEntry] = []
    func flush() throws(Failure) {
        added += try spoolStep(files.addNew(batch))
        count += batch.count
        batch = []
    }
    func take(_ record: CSVReader.Record) throws(Failure) {
        guard let header = table else {
            guard let made = SuppressionTable(header: record.fields) else {
                throw Failure(
                    .data, "\(printable(path)): no column of the first line is called address or email")
            }
            table = made
            return
        }
        var entry: SuppressionEntry
        do throws(SuppressionTable.Fault) { entry = try header.entry(record.fields, now: now) } catch {
            faults += 1
            if faults <= 20 { complain("\(printable(path)): line \(record.line): \(printable(error.reason))") }
            return
        }
        options.apply(to: &entry)
        batch.append(entry)
        if batch.count >= importBatch { try flush() }
    }
    func failing(_ fault: CSVReader.Fault) -> Failure { Failure(.data, "\(printable(path)): \(fault)") }
    try Input.chunks(of: path) { (chunk) throws(Failure) in
        try reader.read(chunk, failing: failing, take)
        return true
    }
    try reader.end(failing: failing, take)
    try flush()
    try spoolStep(files.sync())
    if faults > 20 { complain("\(printable(path)): \(faults - 20) lines more") }
    try invocation.output.line("\(added) suppressed, \(count - added) known before, \(faults) no addresses")
    return faults == 0 ? .success : .data
}

private func runUnsuppress(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    if invocation.arguments.operands.isEmpty { throw .usage("unsuppress: name an address") }
    let files = try suppressionFiles(invocation)
    var status = ExitStatus.success
    let isClean = try forEachAddress(invocation.arguments.operands, of: "unsuppress") { (address) throws(Failure) in
        if try spoolStep(files.remove(address)) {
            try invocation.output.line("no more suppressed: \(printable(address))")
        } else {
            complain("\(printable(address)) is not suppressed")
            status = .noInput
        }
    }
    try spoolStep(files.sync())
    return isClean ? status : .usage
}
