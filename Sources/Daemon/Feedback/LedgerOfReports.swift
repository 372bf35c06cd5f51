internal import Spool
internal import Text
internal import Time

/// Reports in the log and in the counts.
extension Ledger {
    /// A job was told. The lines have the form of Postfix's, so that pflogsumm counts what came back as bounced.
    func told(_ id: JobID, _ events: [Event], source: String, submitted: Timestamp?, now: Timestamp) {
        for event in events {
            counters.reported[event.kind, default: Counters.Labelled()].count(event.class ?? "unknown")
            let delay = submitted.map { max((now - $0).inSeconds, 0) } ?? 0
            var note = [event.code.map { String($0) }, event.dsn, event.reply].compactMap { $0 }.joined(separator: " ")
            if note.isEmpty { note = event.reason ?? event.class ?? "" }
            log.write(
                .bounce, job: id.text,
                [
                    ("to", .address(event.to.first ?? "")), ("relay", .word("report/\(source)")),
                    ("delay", .seconds(delay)), ("delays", .spans([delay, 0, 0, 0])),
                    ("dsn", .word(event.dsn ?? Ledger.status(event.kind))), ("status", .word(event.kind.rawValue)),
                    ("class", .word(event.class ?? "unknown")),
                ], note: note)
        }
    }

    private static func status(_ kind: Event.Kind) -> String {
        switch kind {
        case .bounced, .complained: "5.0.0"
        case .delayed: "4.0.0"
        default: "2.0.0"
        }
    }

    /// A program has answered; nothing comes of it.
    func autoReply(_ address: String, source: String) {
        log.write("report/\(source): an automatic reply from \(printable(address)), discarded", .info, .bounce)
    }

    /// A report tells of no job.
    func unmatched(_ name: String, _ reason: String, _ kept: FeedbackBox.Kept) {
        counters.unmatchedReports += 1
        let place =
            switch kept {
            case .file(let path): "it is kept as \(path)"
            case .removed: "it is removed: the day has \(FeedbackBox.unmatchedLimit) of them"
            }
        log.write("feedback/new/\(name): \(reason); \(place)", .info, .bounce)
    }
}
