internal import JSON
internal import Linux
internal import Mail
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var show: Verb {
        Verb(
            name: "show", summary: "show a job and all that happened to it",
            help: """
                usage: outspool show [--json | --mail] [--reveal] ID ...

                Shows where a job is, its object, and its history. Long texts are cut.
                Secrets are masked; without a look at the job's template, all parameters.

                  --json    one JSON object per line, with nothing cut
                  --mail    the mail as it would be sent now
                  --reveal  with the secrets

                In a drop box it shows what the daemon tells of the box's jobs: the state,
                what happened last, tags and metadata.

                """,
            options: [.init("--json"), .init("--mail"), .init("--reveal")], run: runShow)
    }
}

private func runShow(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    let ids = arguments.operands
    if ids.isEmpty { throw .usage("show needs an id") }
    let isJSON = arguments.has("--json")
    let isMail = arguments.has("--mail")
    if isJSON, isMail { throw .usage("show: --mail cannot be combined with --json") }
    let path = try invocation.spoolPath()
    if let box = try AnswerReader(path: path) { return try show(ids, in: box, invocation) }
    let templates = try VisibleTemplates(arguments)
    let reader = try SpoolReader(path: path)
    let daemon = DaemonStatus(of: reader)
    var status = ExitStatus.success
    var isFirst = true
    for text in ids {
        guard let id = JobID(text) else { throw .usage("show: \(printable(text)) is not a job id") }
        var isFound = false
        try reader.find(id) { (state) throws(Failure) in
            guard var shown = try Shown(id, in: state, of: reader, arguments.has("--reveal") ? nil : templates)
            else { return false }
            isFound = true
            if case .claimed = state, daemon?.isAlive(now: .now) == true {
                shown.progress = daemon?.task(id.text)?.progress
            }
            if isJSON {
                try invocation.output.line(printableJSON(shown.json.text))
            } else if isMail {
                try showMail(of: shown, templates, invocation)
            } else {
                if !isFirst { try invocation.output.line("") }
                try shown.write(to: invocation.output, now: .now)
            }
            isFirst = false
            return true
        }
        if !isFound {
            complain("no job \(id) in \(reader.path)")
            status = .noInput
        }
    }
    return status
}

/// The message that the daemon would hand to a relay for the job, byte for byte.
private func showMail(of shown: Shown, _ templates: VisibleTemplates, _ invocation: Invocation) throws(Failure) {
    guard let value = shown.original else {
        throw Failure(.data, "\(shown.id): \(printable(shown.problem ?? "no job"))")
    }
    let source = try PreviewSource(
        value, shown.id, JobTimes(submitted: shown.submitted, history: shown.history), templates,
        reveals: invocation.arguments.has("--reveal"),
        invocation.arguments)
    try invocation.output.show(source.preview(in: source.job.locale).mail.bytes)
}

/// A job's file, read whole.
private struct Shown {
    let id: JobID
    let state: State
    let status: FileStatus
    /// The object as it is in the file and as it is shown, or the reason for its absence.
    let original: JSON?
    let value: JSON?
    let problem: String?
    /// The part of the object that is hidden, if any.
    let note: String?
    let history: History
    /// The last line that a running task's program wrote about its progress.
    var progress: String?

    /// - Parameter templates: where to look what is a secret; nil to reveal all.
    /// Nil when the file is gone.
    init?(
        _ id: JobID, in state: State, of reader: borrowing SpoolReader, _ templates: VisibleTemplates?
    ) throws(Failure) {
        let path = "\(state.path)/\(id)"
        self.id = id
        self.state = state
        do throws(Errno) {
            status = try reader.root.status(path)
            guard status.isRegular else {
                (original, value, problem, note, history) = (nil, nil, status.kind, nil, History())
                return
            }
            let bytes = try reader.root.open(path).readAll(limit: .max, sizeHint: status.size)
            do throws(JSONError) {
                let file = try JobFile(bytes)
                (original, problem, history) = (file.value, nil, file.history)
                (value, note) = templates.map { Shown.hide(file.value, $0) } ?? (file.value, nil)
            } catch {
                // A dead letter that is not a job still has its last event after it.
                (original, value, note) = (nil, nil, nil)
                (problem, history) = ("not a JSON object: \(error)", History(bytes[...]))
            }
        } catch {
            if error == .noEntry { return nil }
            throw Failure(SpoolError(.read, path, error))
        }
    }

    private static func hide(_ value: JSON, _ templates: VisibleTemplates) -> (JSON, String?) {
        let name = value.object?["template"]?.string
        let template = name.flatMap { templates.template($0) }
        guard let masked = value.maskingSecrets(of: template) else { return (value, nil) }
        // What has been masked in the file cannot be revealed.
        if masked.encoded == value.encoded { return (value, nil) }
        let what =
            template != nil ? "secrets are masked" : "all parameters are masked: the template cannot be read here"
        return (masked, "\(what); --reveal shows them")
    }

    /// When the job was submitted, as the daemon takes it.
    var submitted: Timestamp {
        history.submitted(in: state, modified: Timestamp(nanoseconds: status.modified), now: .now)
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
        object["progress"] = progress.map { .string($0) }
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
        let submitted = submitted
        try output.line("submitted \(submitted.rfc3339Seconds), \((now - submitted).approximate) ago")
        if let subject = original?.object.flatMap(mailSubject) { try output.line("subject: " + printable(subject)) }
        if let progress { try output.line("progress: " + printable(progress)) }
        if let problem { try output.line(output.styled(printable(problem), .red)) }
        if let value { try output.line("\n" + printableJSON(value.pretty())) }
        if let note { try output.line(output.styled("(\(note))", .dim)) }
        if history.isEmpty { return }
        try output.line("")
        for event in history.events { try output.line(line(event, output)) }
    }

    private func line(_ event: Event, _ output: Output) -> String {
        let style: Output.Style? =
            switch event.kind.mood {
            case .good: .green
            case .bad: .red
            case .warn: .yellow
            case .plain: nil
            }
        let word = event.kind.rawValue
        var text =
            event.at.rfc3339 + "  " + output.styled(word, style)
            + String(repeating: " ", count: max(0, 9 - word.utf8.count))
        if let attempt = event.attempt { text += "  #\(attempt)" }
        if !event.to.isEmpty { text += "  " + printable(event.to.joined(separator: ", ")) }
        if let word = event.class { text += "  " + printable(word) }
        if let relay = event.relay { text += "  through " + printable(relay) }
        if event.reply != nil || event.reason != nil {
            // A program's last line, next to the reason why its end was final.
            let reason = event.code == nil && event.reply != nil ? event.reason.map { "\($0): " } ?? "" : ""
            text += "  " + printable(reason + (event.reply != nil ? event.words : event.reason ?? ""))
        }
        if let name = event.name { text += "  (was \(printable(name)))" }
        if let next = event.next { text += "  next \(next.rfc3339Seconds)" }
        return text
    }
}
