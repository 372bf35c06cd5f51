package import JSON
internal import Spool
internal import Text
package import Time

/// The mail for `notify`: the dead letters since the last one, and the relays that are unreachable.
package struct Digest: Equatable, Sendable {
    /// A relay whose breaker is open.
    package struct Outage: Equatable, Sendable {
        package var relay: String
        package var since: Timestamp
        package var reason: String

        package init(relay: String, since: Timestamp, reason: String) {
            self.relay = relay
            self.since = since
            self.reason = reason
        }
    }

    /// How many dead letters are listed; the rest is a number.
    package static let limit = 50
    private static let reasonLimit = 200

    package var host: String
    package var spool: String
    package var since: Timestamp
    package var until: Timestamp
    /// At most ``limit``.
    package var letters: [DeadLetter] = []
    /// How many more there are.
    package var more = 0
    package var outages: [Outage] = []

    package init(host: String, spool: String, since: Timestamp, until: Timestamp) {
        self.host = host
        self.spool = spool
        self.since = since
        self.until = until
    }

    package var subject: String {
        var parts: [String] = []
        let count = letters.count + more
        if count > 0 { parts.append(Digest.grouped(count) + (count == 1 ? " dead letter" : " dead letters")) }
        if let first = outages.first {
            parts.append(
                outages.count == 1
                    ? "relay \(first.relay) is unreachable" : "\(outages.count) relays are unreachable")
        }
        return "[outspool \(Digest.shown(host))] " + parts.joined(separator: ", ")
    }

    package var text: String {
        var lines = ["Outspool on \(Digest.shown(host)), spool \(Digest.shown(spool)).", ""]
        if !outages.isEmpty {
            lines.append("Unreachable relays. Their jobs wait, and no attempt is counted:")
            lines.append("")
            for outage in outages {
                lines.append("  \(Digest.shown(outage.relay))  since \(Digest.moment(outage.since))")
                lines.append("      \(Digest.shown(outage.reason))")
            }
            lines += ["", "  outspool status              the queue, and whether they are back", ""]
        }
        let count = letters.count + more
        if count > 0 {
            lines.append(
                "Dead letters since \(Digest.moment(since)): \(Digest.grouped(count)). They are not tried any more.")
            for letter in letters {
                lines += ["", "  \(Digest.shown(letter.id))"] + describe(letter).map { "      " + $0 }
            }
            if more > 0 { lines += ["", "  ... and \(Digest.grouped(more)) more"] }
            let example = letters.first.map { Digest.shown($0.id) } ?? "ID"
            lines += [
                "", "What next:", "", "  outspool show \(example)", "      the job, and all that happened to it",
                "  cd \(Digest.shown(spool)) && mv dead/\(example) new/", "      tries it again",
                "  outspool ls --state dead", "      every dead letter", "",
            ]
        }
        lines.append("At most one such mail comes in each notify_interval, and each tells what is new.")
        return lines.joined(separator: "\n") + "\n"
    }

    private func describe(_ letter: DeadLetter) -> [String] {
        let to = letter.recipients.prefix(3).map(Digest.shown).joined(separator: ", ")
        let others = letter.recipients.count - 3
        let reply = [letter.code.map { String($0) }, letter.dsn, letter.reason].compactMap { $0 }.joined(separator: " ")
        return [
            "\(letter.event.rawValue) at \(Digest.moment(letter.at))"
                + (letter.template.map { ", template \(Digest.shown($0))" } ?? ""),
            "to " + (to.isEmpty ? "no recipient it names" : to) + (others > 0 ? " and \(others) more" : ""),
            Digest.shown(reply),
        ]
    }

    /// The job that carries it; its mail is made and sent as any other.
    package func job(to address: String, from author: String) -> JSON {
        .object(
            JSON.Object([
                ("to", .string(address)), ("from", .string(author)), ("subject", .string(subject)),
                ("text", .string(text)),
                ("priority", "high"), ("tags", ["outspool-digest"]),
                (
                    "metadata",
                    .object(JSON.Object([("since", .string(since.rfc3339)), ("until", .string(until.rfc3339))]))
                ),
            ]))
    }

    /// On one line, without control characters, and not longer than a paragraph.
    private static func shown(_ text: String) -> String {
        let text =
            text.unicodeScalars.count > reasonLimit ? String(text.unicodeScalars.prefix(reasonLimit)) + "..." : text
        return printable(text)
    }

    /// `2026-11-24 07:15:02 UTC`.
    private static func moment(_ time: Timestamp) -> String {
        time.rfc3339Seconds.split(separator: "T").joined(separator: " ").dropLast() + " UTC"  // exact: digits
    }

    /// `1,234`.
    static func grouped(_ number: Int) -> String {
        let digits = Array(String(number))
        return digits.indices.map { ($0 > 0 && (digits.count - $0) % 3 == 0 ? "," : "") + String(digits[$0]) }.joined()
    }
}

/// When a digest may be submitted: not before the news of one fault has come together, not more often than its
/// interval, and not while the last one waits for a relay.
package struct DigestSchedule: Equatable, Sendable {
    package var interval: Span

    package init(interval: Span) { self.interval = interval }

    /// How long what comes together is gathered: a minute of an hour.
    package var gathering: Span { min(Span(nanoseconds: interval.nanoseconds / 60), .minutes(1)) }

    /// When there is something to tell; nil when there is nothing.
    package func due(firstNews: Timestamp?, last: Timestamp?) -> Timestamp? {
        guard let firstNews else { return nil }
        return max(firstNews + gathering, last.map { $0 + interval } ?? firstNews)
    }
}
