internal import Spool
internal import Text
internal import Time

/// One picture of `top`: lines that fit into so many columns, without their ends.
struct TopPage {
    let path: String
    let daemon: DaemonStatus?
    /// The daemon's status when the previous picture was drawn.
    let previous: DaemonStatus?
    let diagnosis: Diagnosis
    let counts: [String: Int]
    let inFlight: [Glance]
    let recent: [Glance]
    let pauses: [PauseFile]
    let now: Timestamp

    func lines(_ output: Output, rows: Int, width: Int) -> [String] {
        var lines = [output.styled(cut("outspool \(printable(path))  \(now.rfc3339Seconds)", to: width), .bold)]
        for finding in diagnosis.findings.prefix(3) {
            let text = cut("\(finding.health.word): \(printable(finding.text))", to: width)
            lines.append(output.styled(text, finding.health == .critical ? .red : .yellow))
        }
        lines += head.map { cut(printable($0), to: width) }
        lines.append(cut(states(width), to: width))
        lines.append("")
        // What is left is shared: the jobs that are being sent first, then what happened.
        let left = max(4, rows - lines.count - 3)
        let flying = min(inFlight.count, recent.isEmpty ? left : max(left / 2, left - recent.count))
        lines += table(
            ["BEING SENT", "FOR", "TEMPLATE", "TO", "THROUGH"], inFlight.prefix(flying).map { flight($0) },
            least: [13, nil, 6, 8, 4],
            output, width)
        if flying > 0 { lines.append("") }
        let shown = recent.suffix(max(0, left - max(flying, 0))).reversed()
        lines += table(["AT", "JOB", "TO", "WHAT"], shown.map { event($0) }, least: [nil, 13, 8, 10], output, width)
        return lines
    }

    private var head: [String] {
        var lines: [String] = []
        if let daemon, daemon.isAlive(now: now) {
            lines.append(
                "daemon \(daemon.state), pid \(daemon.pid); \(daemon.inFlight) being sent, \(daemon.waiting) lined up, "
                    + (daemon.tasksRunning > 0 ? "\(daemon.tasksRunning) tasks running, " : "")
                    + "\(daemon.unwritten) unwritten"
            )
            lines.append("second " + rates(daemon))
            lines.append(
                "minute "
                    + DaemonStatus.Outcome.allCases.prefix(3).map { "\(daemon.lastMinute[$0] ?? 0) \($0)" }.joined(
                        separator: ", "))
            for relay in daemon.relays.prefix(4) {
                lines.append(
                    "relay  \(relay.name): "
                        + (relay.isOpen ? "breaker open: \(relay.reason ?? "")" : "\(relay.connections) connections"))
                lines += relay.quotaLines.map { "quota  \($0)" }
            }
        }
        return lines
    }

    /// Every state, or on a narrow terminal those that have jobs.
    private func states(_ width: Int) -> String {
        let all = JobFilter.stateWords.map { "\($0) \(counts[$0] ?? 0)" }.joined(separator: "  ")
        if columns(all) <= width { return all }
        return JobFilter.stateWords.filter { counts[$0, default: 0] > 0 }.map { "\($0) \(counts[$0] ?? 0)" }.joined(
            separator: "  ")
    }

    private func rates(_ daemon: DaemonStatus) -> String {
        guard let previous, previous.started == daemon.started, daemon.at > previous.at else { return "-" }
        let seconds = (daemon.at - previous.at).inSeconds
        return DaemonStatus.Outcome.allCases.prefix(3).map { outcome in
            let count = (daemon.totals[outcome] ?? 0) - (previous.totals[outcome] ?? 0)
            let tenths = Int(Double(count) / seconds * 10 + 0.5)
            return "\(tenths / 10).\(tenths % 10) \(outcome)"
        }.joined(separator: ", ")
    }

    private func flight(_ job: Glance) -> [String] {
        [
            job.id, job.last.map { (now - $0.at).approximate } ?? "-", job.kind,
            job.last?.kind == .running ? progress(job) : job.addressee,
            job.last?.relay.map { printable($0) } ?? "-",
        ]
    }

    /// A task's progress, as its program wrote it.
    private func progress(_ job: Glance) -> String {
        daemon?.task(job.id)?.progress.map { printable($0) } ?? "running"
    }

    private func event(_ job: Glance) -> [String] {
        let at = job.last.map { String($0.at.rfc3339Seconds.dropFirst(11).dropLast()) } ?? "-"
        return [at, job.id, job.addressee, "\(job.state.word): " + (job.last.map { printable($0.words) } ?? "-")]
    }

    private func table(
        _ titles: [String], _ rows: [[String]], least: [Int?], _ output: Output, _ width: Int
    ) -> [String] {
        if rows.isEmpty { return [] }
        let table = Table(zip(titles, least).map { .init(title: $0, least: $1) }, fitting: rows, into: width)
        return [output.styled(cut(table.header, to: width), .bold)] + rows.map { cut(table.line($0), to: width) }
    }
}
