internal import Linux
internal import Spool
internal import Time

/// The log lines of an attempt, one a recipient, in the words of Postfix's smtp(8).
struct DeliveryRecord {
    struct Line {
        let members: [(String, LogValue)]
        let note: String
    }

    private(set) var lines: [Line] = []

    /// `delays` are, in seconds: before the claim, in the queue manager, in the setup of a
    /// connection (0: it is there before the claim), in the transaction.
    init(_ job: ClaimedJob, _ verdict: Verdict, now: Timestamp) {
        let end = Clock.monotonic
        let total = max((now - job.submitted).inSeconds, 0)
        let prepared = Double(job.startedAt - job.claimedAt) / 1e9
        let sending = Double(end - job.startedAt) / 1e9
        let waited = max(total - prepared - sending, 0)
        add(verdict, relay: job.attempt.relay, total: total, delays: [waited, prepared, 0, sending])
    }

    /// The lines of a job that no relay was asked for.
    init(_ verdict: Verdict, submitted: Timestamp, now: Timestamp) {
        let total = max((now - submitted).inSeconds, 0)
        add(verdict, relay: nil, total: total, delays: [total, 0, 0, 0])
    }

    private mutating func add(_ verdict: Verdict, relay: String?, total: Double, delays: [Double]) {
        for event in verdict.events {
            guard let status = DeliveryRecord.status(event.kind) else { continue }
            let members: [(String, LogValue)] = [
                // A recipient that is not allowed has no relay, whatever the others have.
                ("relay", .word((event.kind == .sent ? relay : event.relay) ?? "none")), ("delay", .seconds(total)),
                ("delays", .spans(delays)), ("dsn", .word(event.dsn ?? DeliveryRecord.defaultStatus(event))),
                ("status", .word(status)),
            ]
            var note = [event.code.map { String($0) }, event.dsn, event.reply].compactMap { $0 }.joined(separator: " ")
            if let reason = event.reason { note = reason }
            if case .hold = verdict.target { note += "; in hold/" }
            if event.to.isEmpty { lines.append(Line(members: members, note: note)) }
            for recipient in event.to {
                lines.append(Line(members: [("to", .address(recipient))] + members, note: note))
            }
        }
    }

    private static func status(_ kind: Event.Kind) -> String? {
        switch kind {
        case .sent: "sent"
        case .deferred: "deferred"
        case .refused: "bounced"
        case .inDoubt: "deferred"
        case .returned: "deferred"
        default: nil
        }
    }

    /// The class of RFC 3463 where no reply gives a status.
    private static func defaultStatus(_ event: Event) -> String {
        switch event.kind {
        case .sent: "2.0.0"
        case .refused: "5.0.0"
        case .returned: "4.4.1"
        default: "4.4.2"
        }
    }
}
