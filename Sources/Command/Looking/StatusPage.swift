internal import JSON
internal import Spool
internal import Text
internal import Time

/// The output of `status`, for people and for programs.
struct StatusPage {
    let daemon: DaemonStatus?
    /// A daemon has the lock of the spool, whatever it wrote.
    let isLocked: Bool
    let pauses: [PauseFile]
    let survey: SpoolSurvey
    let diagnosis: Diagnosis
    let grouping: SpoolSurvey.Grouping
    let rows: Int
    let isQuick: Bool
    /// The number of files in each drop box that has any.
    let boxes: [(name: String, count: Int)]

    private var now: Timestamp { survey.now }

    func write(to output: Output) throws(Failure) {
        for (title, text) in daemonLines { try line(title, text, output) }
        if !pauses.isEmpty {
            try line("paused", pauses.map(\.description).joined(separator: ", "), output)
        }
        if !boxes.isEmpty {
            try line("boxes", boxes.map { "\($0.name): \($0.count) not taken in" }.joined(separator: ", "), output)
        }
        try output.line("")
        try writeStates(output)
        if !isQuick { try writeShape(output) }
        if !diagnosis.findings.isEmpty { try output.line("") }
        for finding in diagnosis.findings {
            let style: Output.Style = finding.health == .critical ? .red : .yellow
            let word = finding.health.word
            try output.line("\(output.styled(word, style)): \(printable(finding.text))")
        }
    }

    private func line(_ title: String, _ text: String, _ output: Output) throws(Failure) {
        let padding = String(repeating: " ", count: max(1, 9 - columns(title)))
        try output.line(output.styled(title, .bold) + padding + cut(printable(text), to: max(20, output.width - 9)))
    }

    /// The daemon, what it does and did, and its relays; each a title and a text that is not yet fit for a terminal.
    private var daemonLines: [(String, String)] {
        if isLocked, daemon?.isAlive(now: .now) != true {
            let last = daemon.map { "; last heard of \((Timestamp.now - $0.at).approximate) ago" } ?? ""
            return [("daemon", "has the spool, and has not written status.json\(last)")]
        }
        guard let daemon else { return [("daemon", "none has ever run here")] }
        let since = daemon.started.map { ", up \((daemon.at - $0).approximate)" } ?? ""
        guard daemon.isAlive(now: .now) else {
            return [
                (
                    "daemon",
                    "not running; \(daemon.state) when last heard of, \((Timestamp.now - daemon.at).approximate) ago"
                )
            ]
        }
        var lines = [
            ("daemon", "\(daemon.state), pid \(daemon.pid), instance \(daemon.instance)\(since)"),
            (
                "jobs",
                "\(daemon.inFlight) being sent, \(daemon.waiting) lined up, \(daemon.unwritten) not written to disk"
            ),
            ("minute", counts(daemon.lastMinute)), ("total", counts(daemon.totals)),
        ]
        if !daemon.workers.isEmpty {
            let running = daemon.workers.count { $0.state == "running" && $0.silence(at: daemon.at) == nil }
            let restarts = daemon.workers.reduce(0) { $0 + $1.restarts }
            let more = restarts == 0 ? "" : ", started again \(restarts) times"
            lines.append(("workers", "\(running) of \(daemon.workers.count) at work\(more)"))
        }
        for relay in daemon.relays {
            let connections = "\(relay.connections)\(relay.limit.map { " of \($0)" } ?? "") connections"
            lines.append(
                (
                    "relay",
                    "\(relay.name): " + (relay.isOpen ? "breaker open: \(relay.reason ?? "")" : "up, \(connections)")
                ))
            lines += relay.quotaLines.map { ("quota", $0) }
        }
        if daemon.tasksRunning + daemon.tasksWaiting > 0 {
            lines.append(("tasks", "\(daemon.tasksRunning) running, \(daemon.tasksWaiting) lined up"))
        }
        for task in daemon.tasks.prefix(10) {
            let age = task.started.map { " for \((daemon.at - $0).approximate)" } ?? ""
            lines.append(("", "\(task.id): \(task.template)\(age)" + (task.progress.map { ", \($0)" } ?? "")))
        }
        return lines
    }

    private func counts(_ counts: [DaemonStatus.Outcome: Int]) -> String {
        let shown = [DaemonStatus.Outcome.sent, .deferred, .refused, .returned]
        return shown.map { "\(counts[$0] ?? 0) \($0)" }.joined(separator: ", ")
    }

    private func writeStates(_ output: Output) throws(Failure) {
        let shape: [Table.Column] = [
            .init(title: "STATE"), .init(title: "JOBS", isRight: true), .init(title: "AGE", isRight: true),
            .init(title: "NEXT", isRight: true), .init(title: "OLDEST JOB", least: 10),
        ]
        let cells = JobFilter.stateWords.map { word -> [String] in
            let count = survey.counts[word] ?? .init()
            return [
                word, String(count.count), count.oldest.map { (now - $0.submitted).approximate } ?? "-",
                count.next.map { until($0, now: now) } ?? "-", count.oldest?.id ?? "-",
            ]
        }
        let table = Table(shape, fitting: cells, into: output.width)
        try output.line(output.styled(table.header, .bold))
        for row in cells {
            try output.line(
                table.line(row) { column, text in
                    column != 1 || row[1] == "0" ? text : output.styled(text, row[0] == "dead" ? .red : nil)
                })
        }
    }

    private func writeShape(_ output: Output) throws(Failure) {
        let title = grouping == .template ? "TEMPLATE" : grouping == .toDomain ? "DOMAIN" : "LAST"
        let shape: [Table.Column] =
            [.init(title: title, least: 8), .init(title: "JOBS", isRight: true)]
            + QueueShape.titles.map { .init(title: $0, isRight: true) }
        let all = survey.shape.rows
        if all.isEmpty { return }
        let cells = ([survey.shape.total] + all.prefix(rows)).map { row in
            [printable(row.name), String(row.total)] + row.ages.map { $0 == 0 ? "." : String($0) }
        }
        let table = Table(shape, fitting: cells, into: output.width)
        try output.line("\n" + output.styled(table.header, .bold))
        for row in cells { try output.line(table.line(row)) }
        if all.count > rows { try output.line("(\(all.count - rows) more rows: --limit)") }
    }

    var json: JSON {
        func number(_ value: Int) -> JSON { .number(.init(value)) }
        var states = JSON.Object()
        for word in JobFilter.stateWords {
            let count = survey.counts[word] ?? .init()
            var object = JSON.Object([("jobs", number(count.count))])
            object["oldest"] = count.oldest.map { .string($0.id) }
            object["oldestSubmitted"] = count.oldest.map { .string($0.submitted.rfc3339) }
            object["next"] = count.next.map { .string($0.rfc3339) }
            states[word] = .object(object)
        }
        var object = JSON.Object([
            ("health", .string(diagnosis.health.word)),
            (
                "findings",
                .array(
                    diagnosis.findings.map {
                        .object(.init([("health", .string($0.health.word)), ("text", .string($0.text))]))
                    })
            ),
            ("daemon", daemonJSON),
            ("paused", .array(pauses.map { .string($0.description) })),
            ("states", .object(states)),
        ])
        object["boxes"] = .object(.init(boxes.map { (name: $0.name, value: number($0.count)) }))
        if !isQuick {
            object["shape"] = .array(
                survey.shape.rows.prefix(rows).map { row in
                    var ages = JSON.Object()
                    for (title, count) in zip(QueueShape.titles, row.ages) { ages[title] = number(count) }
                    return .object(
                        .init([("name", .string(row.name)), ("jobs", number(row.total)), ("ages", .object(ages))]))
                })
        }
        return .object(object)
    }

    private var daemonJSON: JSON {
        guard let daemon else { return .null }
        func counts(_ counts: [DaemonStatus.Outcome: Int]) -> JSON {
            let outcomes = DaemonStatus.Outcome.allCases
            return .object(.init(outcomes.map { (name: $0.rawValue, value: .number(.init(counts[$0] ?? 0))) }))
        }
        var object = JSON.Object([
            ("running", .bool(daemon.isAlive(now: .now))), ("at", .string(daemon.at.rfc3339)),
            ("state", .string(daemon.state)),
            ("pid", .number(.init(daemon.pid))), ("instance", .string(daemon.instance)),
            ("inFlight", .number(.init(daemon.inFlight))), ("waiting", .number(.init(daemon.waiting))),
            ("unwritten", .number(.init(daemon.unwritten))), ("lastMinute", counts(daemon.lastMinute)),
            ("total", counts(daemon.totals)),
        ])
        object["stopped"] = .number(.init(daemon.stopped))
        object["tasksRunning"] = .number(.init(daemon.tasksRunning))
        object["tasksWaiting"] = .number(.init(daemon.tasksWaiting))
        object["tasks"] = .array(
            daemon.tasks.map { task in
                var one = JSON.Object([
                    ("id", .string(task.id)), ("template", .string(task.template)),
                    ("attempt", .number(.init(task.attempt))),
                ])
                one["started"] = task.started.map { .string($0.rfc3339) }
                one["progress"] = task.progress.map { .string($0) }
                return .object(one)
            })
        object["workers"] =
            daemon.workers.isEmpty
            ? nil
            : .array(
                daemon.workers.map { worker in
                    var one = JSON.Object([
                        ("worker", .number(.init(worker.number))), ("state", .string(worker.state)),
                        ("restarts", .number(.init(worker.restarts))),
                    ])
                    one["pid"] = worker.process.map { .number(.init($0)) }
                    one["silentSeconds"] = worker.silence(at: daemon.at).map { .number(.init(Int($0.inSeconds))) }
                    return .object(one)
                })
        object["relays"] = .array(
            daemon.relays.map { relay in
                var one = JSON.Object([("name", .string(relay.name)), ("open", .bool(relay.isOpen))])
                one["reason"] = relay.reason.map { .string($0) }
                one["connections"] = .number(.init(relay.connections))
                one["quotas"] = relay.quotas.isEmpty ? nil : .array(relay.quotas.map(\.json))
                return .object(one)
            })
        return .object(object)
    }
}
