internal import JSON
internal import Linux
internal import Mail
internal import Spool
internal import Text
internal import Time
internal import Web

/// A job's file as a page shows it: secrets are masked, and there is no way to reveal them.
struct ShownJob {
    /// A larger file is not read.
    static let limit = 4 << 20

    let state: State
    let history: History
    let submitted: Timestamp
    let due: Timestamp?
    /// As it is shown; nil where the file does not hold a job, or is too large.
    let value: JSON?
    let subject: String?
    let note: String?

    /// Nil when the file is gone.
    init?(_ id: JobID, in state: State, _ reader: borrowing SpoolReader, _ templates: VisibleTemplates) throws(Failure)
    {
        let path = "\(state.path)/\(id)"
        self.state = state
        var value: JSON?
        var (note, subject): (String?, String?)
        var history = History()
        let status: FileStatus
        do throws(Errno) {
            status = try reader.root.status(path)
            if !status.isRegular {
                note = status.kind
            } else if status.size > ShownJob.limit {
                note = "\(size(status.size)): too large for a page; outspool show \(id) shows it"
            } else {
                let bytes = try reader.root.open(path).readAll(limit: ShownJob.limit, sizeHint: status.size)
                do throws(JSONError) {
                    let file = try JobFile(bytes)
                    history = file.history
                    subject = file.value.object.flatMap(mailSubject)
                    let template = file.value.object?["template"]?.string.flatMap { templates.template($0) }
                    value = file.value
                    if let masked = file.value.maskingSecrets(of: template) {
                        if masked.encoded != file.value.encoded { note = "Secrets are masked." }
                        value = masked
                    }
                } catch {
                    note = "not a JSON object: \(error)"
                    history = History(bytes[...])
                }
            }
        } catch {
            if error == .noEntry { return nil }
            throw Failure(SpoolError(.read, path, error))
        }
        let modified = Timestamp(nanoseconds: status.modified)
        submitted = history.submitted(in: state, modified: modified, now: .now)
        due =
            switch state {
            case .retry, .scheduled: modified
            default: nil
            }
        (self.value, self.note, self.subject, self.history) = (value, note, subject, history)
    }
}

extension Console {
    /// The job of an id, wherever it is; nil where it is nowhere.
    func shownJob(_ id: JobID, _ reader: borrowing SpoolReader) throws(Failure) -> ShownJob? {
        let templates = try VisibleTemplates(arguments)
        var shown: ShownJob?
        try reader.find(id) { (state) throws(Failure) in
            shown = try ShownJob(id, in: state, reader, templates)
            return shown != nil
        }
        return shown
    }

    func jobPage(_ id: JobID, _ reader: borrowing SpoolReader, _ request: Request) throws(Failure) -> Response {
        guard let job = try shownJob(id, reader) else {
            throw Failure(.noInput, "no job \(id) in \(printable(reader.path))")
        }
        let now = Timestamp.now
        let daemon = DaemonStatus(of: reader)
        var facts: [(String, HTML)] = [
            ("State", "<span class=\"tag \(mood(of: job.state))\">\(job.state.path)</span>"),
            ("Submitted", moment(job.submitted, now: now)),
        ]
        if let due = job.due { facts.append(("Due", moment(due, now: now))) }
        if let subject = job.subject { facts.append(("Subject", "\(subject)")) }
        if let progress = daemon?.task(id.text)?.progress, job.state.word == "cur" {
            facts.append(("Progress", "\(progress)"))
        }
        let rows = facts.map { fact -> HTML in "<dt>\(fact.0)</dt><dd>\(fact.1)</dd>" }
        var body: HTML = """
            <h1 class="mono">\(id.text)</h1>
            <div class="card pad"><dl class="facts">\(rows)</dl></div>
            """
        if settings.allowsActions { body += jobButtons(id, job.state) }
        body += "<h2>What happened</h2>\(timeline(job.history))"
        if let value = job.value { body += "<h2>The job</h2><div class=\"card\"><pre>\(value.pretty())</pre></div>" }
        if let note = job.note { body += "<p class=\"note\">\(note)</p>" }
        return page(id.text, in: .queue, body, live: Live(request, byDefault: false))
    }

    func timeline(_ history: History) -> HTML {
        if history.isEmpty { return "<div class=\"card pad note\">Nothing yet: it waits for its turn.</div>" }
        let rows = history.events.map { event -> HTML in
            """
            <li><time datetime="\(event.at.rfc3339)">\(event.at.rfc3339)</time>\
            <span><span class="tag \(event.kind.mood.rawValue)">\(event.kind.rawValue)</span></span>\
            <span class="what">\(event.sentence)</span></li>
            """
        }
        return "<div class=\"card\"><ol class=\"timeline\">\(rows)</ol></div>"
    }

    private func jobButtons(_ id: JobID, _ state: State) -> HTML {
        let buttons = [JobChange.retry, .hold, .release, .remove].filter { change in
            switch change.step(in: state) {
            case .nothing, .busy, .refuse: false
            default: true
            }
        }.map { change -> HTML in
            let style = change == .remove ? "bad" : ""
            return "<button class=\"\(style)\" name=\"verb\" value=\"\(change.rawValue)\">\(change.label)</button> "
        }
        if buttons.isEmpty { return "" }
        return """
            <form class="inline bar" method="post" action="/queue/count">\
            <input type="hidden" name="id" value="\(id.text)">\(buttons)</form>
            """
    }
}

extension Event {
    /// The words of a timeline behind the event's name.
    fileprivate var sentence: String {
        var parts: [String] = []
        if let attempt { parts.append("attempt \(attempt)") }
        if !to.isEmpty { parts.append(to.prefix(20).joined(separator: ", ") + (to.count > 20 ? ", …" : "")) }
        if let relay { parts.append("through \(relay)") }
        if let reason, reply == nil || code == nil { parts.append(reason) }
        if reply != nil { parts.append(words) }
        if let name { parts.append("was \(name)") }
        if let next { parts.append("next \(next.rfc3339Seconds)") }
        return parts.joined(separator: " · ")
    }
}
