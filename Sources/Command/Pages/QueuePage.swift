internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time
internal import Web

extension Console {
    /// The daemon, what goes out, relays, tasks, and how many jobs each state has. It opens no job.
    func queuePage(_ reader: borrowing SpoolReader, _ request: Request) throws(Failure) -> Response {
        let now = Timestamp.now
        let daemon = DaemonStatus(of: reader)
        let pauses = try reader.pauses()
        try counts.update(reader)
        let diagnosis = try diagnosis(daemon, pauses: pauses.count, reader)
        var body: HTML = "<h1>Queue <small>\(reader.path)</small></h1>"
        for finding in diagnosis.findings {
            let style = finding.health == .critical ? "bad" : "warn"
            body += "<p class=\"finding \(style)\">\(printable(finding.text))</p>"
        }
        if diagnosis.findings.isEmpty { body += "<p class=\"finding good\">All is well.</p>" }
        let tiles = JobFilter.stateWords.map { word -> HTML in
            let count = counts[word]
            let link = word.isExactly("dead") ? Link(["queue", "dead"]) : Link(["queue", "jobs"], [("state", word)])
            let style = count.number == 0 ? "" : word.isExactly("dead") ? "bad" : word.isExactly("hold") ? "warn" : ""
            return "<a class=\"tile\" href=\"\(link)\"><b class=\"\(style)\">\(count.text)</b><span>\(word)</span></a>"
        }
        body += "<div class=\"tiles\">\(tiles)</div>"
        body += searchForm(JobQuery())
        body += outgoing(daemon, now: now)
        if let daemon {
            body += relays(daemon)
            body += tasks(daemon, now: now)
        }
        body += steering(pauses)
        return page("Queue", in: .queue, body, live: Live(request, byDefault: settings.isDevelopment))
    }

    private func diagnosis(
        _ daemon: DaemonStatus?, pauses: Int, _ reader: borrowing SpoolReader
    ) throws(Failure) -> Diagnosis {
        Diagnosis(
            daemon: daemon, isLocked: try reader.isLocked(daemon, now: .now), pauses: pauses, numbers: .init(),
            limits: .init(), now: .now)
    }

    private func outgoing(_ daemon: DaemonStatus?, now: Timestamp) -> HTML {
        let hour = now - Span.hours(1)
        let key = Rates.outcomes.map { outcome -> HTML in
            let style = outcome == .sent ? "good" : outcome == .deferred ? "warn" : "bad"
            let minute = daemon?.lastMinute[outcome] ?? 0
            return """
                <span><b class="\(style)">\(outcome.rawValue)</b> \(minute) in the last minute, \
                \(rates.count(outcome, since: hour)) in the last hour</span>
                """
        }
        let lines = Rates.outcomes.map { outcome in
            Curve.Line(outcome.rawValue, rates.samples.map { $0.added[outcome] ?? 0 })
        }
        let curve = Curve.svg(lines, title: "Recipients in each ten seconds of the last hour: sent, deferred, refused")
        return """
            <h2>Going out <small>recipients, as seen since this page is served</small></h2>
            <div class="card pad"><div class="key">\(key)</div>\(curve)</div>
            """
    }

    private func relays(_ daemon: DaemonStatus) -> HTML {
        let rows = daemon.relays.map { relay -> HTML in
            let state: HTML =
                relay.isOpen ? "<span class=\"tag bad\">breaker open</span>" : "<span class=\"tag good\">up</span>"
            let reason = ([relay.reason ?? ""] + relay.quotaLines + relay.refusedSenders).filter { !$0.isEmpty }
                .joined(separator: "; ")
            let steer: HTML = settings.allowsActions ? "<td>\(pauseForm("relay", relay.name))</td>" : ""
            let connections = "\(relay.connections)\(relay.limit.map { " of \($0)" } ?? "")"
            return """
                <tr><td>\(relay.name)</td><td>\(state)</td><td class="num">\(connections)</td><td>\(reason)</td>\
                \(steer)</tr>
                """
        }
        if rows.isEmpty { return "" }
        return "<h2>Relays</h2>"
            + table(
                "Relays",
                [("Relay", ""), ("State", ""), ("Connections", "num"), ("Why", "")]
                    + (settings.allowsActions ? [("Steer", "")] : []), rows)
    }

    private func tasks(_ daemon: DaemonStatus, now: Timestamp) -> HTML {
        if daemon.tasks.isEmpty, daemon.tasksRunning + daemon.tasksWaiting == 0 { return "" }
        let rows = daemon.tasks.map { task -> HTML in
            let since = task.started.map { moment($0, now: now) } ?? ""
            return """
                <tr><td class="mono"><a href="\(Link(["queue", "jobs", task.id]))">\(task.id)</a></td>\
                <td>\(task.template)</td><td class="tight">\(since)</td><td class="num">\(task.attempt)</td>\
                <td>\(task.progress ?? "running")</td></tr>
                """
        }
        return "<h2>Tasks <small>\(daemon.tasksRunning) running, \(daemon.tasksWaiting) lined up</small></h2>"
            + table(
                "Running tasks",
                [("Job", ""), ("Template", ""), ("Started", ""), ("Attempt", "num"), ("Progress", "")], rows)
    }

    private func steering(_ pauses: [PauseFile]) -> HTML {
        let paused = pauses.map { file -> HTML in
            let form: HTML = settings.allowsActions ? " \(steerForm("resume", words: file.words, label: "Resume"))" : ""
            return "<p>Paused: \(file.description)\(form)</p>"
        }
        let pauseAll: HTML =
            settings.allowsActions && !pauses.contains(.all)
            ? "<p>\(steerForm("pause", words: ["all"], label: "Pause everything"))</p>" : ""
        if paused.isEmpty, pauseAll.isEmpty { return "" }
        return "<h2>Pauses</h2><div class=\"card pad\">\(paused)\(pauseAll)</div>"
    }

    private func pauseForm(_ kind: String, _ name: String) -> HTML {
        steerForm("pause", words: [kind, name], label: "Pause")
    }

    private func steerForm(_ verb: String, words: [String], label: String) -> HTML {
        let hidden = words.map { word -> HTML in "<input type=\"hidden\" name=\"word\" value=\"\(word)\">" }
        return """
            <form class="inline" method="post" action="/queue/\(verb)">\(hidden)\
            <button>\(label)</button></form>
            """
    }

    /// `status.json`, with how many jobs each state has.
    func statusJSON(_ reader: borrowing SpoolReader) throws(Failure) -> Response {
        try counts.update(reader)
        let daemon = DaemonStatus(of: reader)
        let words = JobFilter.stateWords.map { (name: $0, value: JSON.number(.init(counts[$0].number))) }
        return Response(
            json: .object(
                .init([
                    ("running", .bool(daemon?.isAlive(now: .now) ?? false)), ("states", .object(.init(words))),
                    ("daemon", daemon?.json ?? .null),
                ])))
    }
}

func + (left: HTML, right: HTML) -> HTML { "\(left)\(right)" }
