internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var show: Verb {
        Verb(
            name: "show", summary: "show a job and all that happened to it",
            help: """
                usage: outspool show [--json] ID ...

                Shows where a job is, its object, and its history. Long texts are cut.

                  --json  one JSON object per line, with nothing cut

                """,
            options: [.init("--json")], run: runShow)
    }
}

/// An object of the usual most bytes, and the longest history.
private let fileLimit = Input.jobLimit + SpoolTree.historyLimit

private func runShow(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let ids = invocation.arguments.operands
    if ids.isEmpty { throw .usage("show needs an id") }
    let reader = try SpoolReader(path: try invocation.spoolPath())
    let states = try reader.states()
    var status = ExitStatus.success
    var isFirst = true
    for text in ids {
        guard let id = JobID(text) else { throw .usage("show: \(printable(text)) is no job id") }
        let found = try places(of: id, in: reader, states: states)
        if found.isEmpty {
            complain("no job \(id) in \(reader.path)")
            status = .noInput
        }
        for state in found {
            let shown = try Shown(id, in: state, of: reader)
            if invocation.arguments.has("--json") {
                try invocation.output.line(printableJSON(shown.json.text))
            } else {
                if !isFirst { try invocation.output.line("") }
                try shown.write(to: invocation.output, now: .now)
            }
            isFirst = false
        }
    }
    return status
}

private func places(of id: JobID, in reader: borrowing SpoolReader, states: [State]) throws(Failure) -> [State] {
    var found: [State] = []
    for state in states {
        do throws(Errno) { if try reader.root.contains("\(state.path)/\(id)") { found.append(state) } } catch {
            throw Failure(SpoolError(.read, "\(state.path)/\(id)", error))
        }
    }
    return found
}

/// A job's file, read whole.
private struct Shown {
    let id: JobID
    let state: State
    let status: FileStatus
    /// The object, or why there is none.
    let value: JSON?
    let problem: String?
    let history: History

    init(_ id: JobID, in state: State, of reader: borrowing SpoolReader) throws(Failure) {
        self.id = id
        self.state = state
        let path = "\(state.path)/\(id)"
        do throws(Errno) {
            status = try reader.root.status(path)
            guard status.isRegular else {
                (value, problem, history) = (nil, status.kind, History())
                return
            }
            let bytes = try reader.root.open(path).readAll(limit: fileLimit, sizeHint: status.size)
            do throws(JSONError) {
                let file = try JobFile(bytes)
                (value, problem, history) = (file.value, nil, file.history)
            } catch {
                // A dead letter that is no job still has its last word behind it.
                (value, problem, history) = (nil, "not a JSON object: \(error)", History(bytes[...]))
            }
        } catch { throw Failure(SpoolError(.read, path, error)) }
    }

    private var due: Timestamp? {
        switch state {
        case .retry, .scheduled: Timestamp(nanoseconds: status.modified)
        default: nil
        }
    }

    var json: JSON {
        var object = JSON.Object([
            ("id", .string(id.text)), ("state", .string(state.word)), ("path", .string("\(state.path)/\(id)")),
        ])
        object["next"] = due.map { .string($0.rfc3339) }
        object["problem"] = problem.map { .string($0) }
        object["job"] = value
        // An event is written by itself, and so is JSON.
        object["history"] = .array(history.events.compactMap { try? JSON(parsing: $0.line) })
        return .object(object)
    }

    func write(to output: Output, now: Timestamp) throws(Failure) {
        try output.line(output.styled(id.text, .bold))
        let when = due.map { $0 <= now ? ", due" : ", due in \(until($0, now: now)), at \($0.rfc3339Seconds)" } ?? ""
        try output.line("\(state.path)\(when)")
        if let submitted = history.submitted ?? (history.isEmpty ? Timestamp(nanoseconds: status.modified) : nil) {
            try output.line("submitted \(submitted.rfc3339Seconds), \((now - submitted).approximate) ago")
        }
        if let problem { try output.line(output.styled(printable(problem), .red)) }
        if let value { try output.line("\n" + printableJSON(value.pretty())) }
        if history.isEmpty { return }
        try output.line("")
        for event in history.events { try output.line(line(event, output)) }
    }

    private func line(_ event: Event, _ output: Output) -> String {
        let style: Output.Style? =
            switch event.kind {
            case .sent: .green
            case .refused, .expired, .dead: .red
            case .deferred, .inDoubt, .held, .blocked: .yellow
            default: nil
            }
        let word = event.kind.rawValue
        var text =
            event.at.rfc3339 + "  " + output.styled(word, style)
            + String(repeating: " ", count: max(0, 9 - word.utf8.count))
        if let attempt = event.attempt { text += "  #\(attempt)" }
        if !event.to.isEmpty { text += "  " + printable(event.to.joined(separator: ", ")) }
        if let relay = event.relay { text += "  through " + printable(relay) }
        if event.reply != nil || event.reason != nil {
            text += "  " + printable(event.reply != nil ? event.words : event.reason ?? "")
        }
        if let name = event.name { text += "  (was \(printable(name)))" }
        if let next = event.next { text += "  next \(next.rfc3339Seconds)" }
        return text
    }
}
