package import JSON
internal import Text
package import Time

/// One line of a file below `suppressed/`: one reason for which an address gets no mail, or a count towards one.
package struct SuppressionEntry: Equatable, Sendable {
    /// Why.
    package enum Why: String, CaseIterable, Sendable {
        /// A server said that the address does not exist.
        case badAddress = "bad-address"
        /// Its reader called a mail spam.
        case complaint
        /// Mail to it came back too often in a row, for reasons that may pass.
        case bounces
        /// The operator said so.
        case manual
        /// One mail came back for a reason that may pass. It counts and suppresses nothing.
        case soft
    }

    /// The address as envelopes have it.
    package var address: String
    package var at: Timestamp
    package var why: Why
    /// The stream that it holds for; nil: all. Mail without a tag and a template is the stream of the empty name.
    package var stream: String?
    /// Until when it holds; nil: until it is removed.
    package var until: Timestamp?
    /// The job whose mail taught it.
    package var job: String?
    /// The words of the server, the report or the operator, in one line.
    package var reason: String?

    package init(
        _ address: String, at: Timestamp, why: Why, stream: String? = nil, until: Timestamp? = nil, job: String? = nil,
        reason: String? = nil
    ) {
        self.address = address
        self.at = at
        self.why = why
        self.stream = stream
        self.until = until
        self.job = job
        self.reason = reason
    }

    /// Reads a line's object. Members that are not known are ignored.
    ///
    /// A line without `address` is about the address of its file, one without `at` is as old as the file, and one
    /// without a known `why` is the operator's.
    package init(_ object: JSON.Object, of address: String, modified: Timestamp) {
        self.address = object["address"]?.string ?? address
        at = object["at"]?.string.flatMap { Timestamp(rfc3339: $0) } ?? modified
        why = object["why"]?.string.flatMap { Why(rawValue: $0) } ?? .manual
        stream = object["stream"]?.string
        until = object["until"]?.string.flatMap { Timestamp(rfc3339: $0) }
        job = object["job"]?.string
        reason = object["reason"]?.string
    }

    /// The object of the line.
    package var object: JSON.Object {
        var object = JSON.Object([
            ("address", .string(address)), ("at", .string(at.rfc3339)), ("why", .string(why.rawValue)),
        ])
        object["stream"] = stream.map { .string($0) }
        object["until"] = until.map { .string($0.rfc3339Seconds) }
        object["job"] = job.map { .string($0) }
        object["reason"] = reason.map { .string($0) }
        return object
    }

    /// The line, with its newline.
    package var line: [UInt8] { JSON.object(object).encoded + [0x0A] }

    /// Whether it suppresses anything at a moment.
    package func holds(at now: Timestamp) -> Bool { why != .soft && until.map { $0 > now } != false }

    /// How ``refusal`` begins, by which it is known.
    package static let refusalPrefix = "suppressed: "

    /// The reason of a mail's event: `suppressed: bad-address since 2026-12-01, by job ID`.
    package var refusal: String {
        var text = "\(Self.refusalPrefix)\(why.rawValue) since \(at.day)"
        if let until { text += ", until \(until.day)" }
        if let job {
            text += ", by job \(printable(job, limit: 200))"
        } else if let reason {
            text += ": \(printable(reason, limit: 200))"
        }
        return text
    }
}
