package import JSON
package import Time

/// One line of a job's history.
package struct Event: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// The body's final dot is about to be written for these recipients.
        case sending
        /// A task's program is about to be started.
        case running
        /// A recipient was accepted (2yz).
        case sent
        /// A task's program has ended as it should.
        case done
        /// A recipient was deferred (4yz or no reply), or a task.
        case deferred
        /// A recipient was refused (5yz).
        case refused
        /// The relay failed and not the job, or the daemon stopped: no attempt.
        case returned
        /// The dot may have been written and no reply was seen.
        case inDoubt = "in-doubt"
        /// A start of the daemon found the job in `cur/`.
        case recovered
        /// The operator moved the job to `new/`: attempts start again.
        case requeued
        /// Set aside until `sendAt`.
        case scheduled
        /// The template or the configuration is at fault; waits for the repair, no attempt.
        case blocked
        /// Its time was over before every recipient was settled.
        case expired
        /// Set aside in `hold/`.
        case held
        /// A dead letter for another reason than its recipients or its age; a task whose program said so.
        case dead
        /// A report says that the mail came back from the receiving server.
        case bounced
        /// A report says that its reader called it spam.
        case complained
        /// A report says that the receiving server took it.
        case delivered
        /// A report says that the receiving server has not taken it yet.
        case delayed

        /// Whether it came with a report, after the relay's reply.
        package var isFeedback: Bool {
            switch self {
            case .bounced, .complained, .delivered, .delayed: true
            default: false
            }
        }
    }

    package var at: Timestamp
    package var kind: Kind
    package var attempt: Int?
    /// The recipients that it is about.
    package var to: [String] = []
    package var relay: String?
    /// The reply code (RFC 5321), the enhanced status code (RFC 3463) and the text.
    package var code: Int?
    package var dsn: String?
    package var reply: String?
    /// Why, in one line, where no reply says it.
    package var reason: String?
    /// When the job is due again.
    package var next: Timestamp?
    /// When the job was submitted; in the first event, and where the clock was set since.
    package var submitted: Timestamp?
    /// The name it had, where the daemon had to give it another.
    package var name: String?
    /// The meaning of a report, in a word: `bad-address`, `full`, `policy`, …
    package var `class`: String?
    /// The id of the report that it came with.
    package var report: String?

    package init(_ kind: Kind, at: Timestamp) {
        self.kind = kind
        self.at = at
    }

    /// The line, with its newline.
    package var line: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(256)
        out += "{\"at\":\"".utf8
        out += at.rfc3339.utf8
        out += "\",\"event\":\"".utf8
        out += kind.rawValue.utf8
        out.append(UInt8(ascii: "\""))
        func member(_ name: StaticString, _ value: String?) {
            guard let value else { return }
            key(name)
            JSON.write(string: value, to: &out)
        }
        func key(_ name: StaticString) {
            out += ",\"".utf8
            out += UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
            out += "\":".utf8
        }
        func number(_ name: StaticString, _ value: Int?) {
            guard let value else { return }
            key(name)
            out += String(value).utf8
        }
        number("attempt", attempt)
        if kind == .sending || to.count > 1 {
            key("to")
            JSON.array(to.map { .string($0) }).write(to: &out)
        } else {
            member("to", to.first)
        }
        member("relay", relay)
        number("code", code)
        member("dsn", dsn)
        member("reply", reply)
        member("reason", reason)
        member("class", `class`)
        member("report", report)
        member("name", name)
        member("next", next?.rfc3339Seconds)
        member("submitted", submitted?.rfc3339)
        out += "}\n".utf8
        return out
    }

    /// Reads a line's object; nil if it is not an event. Unknown members are ignored.
    package init?(_ object: JSON.Object) {
        guard let word = object["event"]?.string, let kind = Kind(rawValue: word),
            let text = object["at"]?.string, let at = Timestamp(rfc3339: text)
        else { return nil }
        self.init(kind, at: at)
        attempt = object["attempt"]?.int.map { min(max($0, 0), 1_000_000) }
        switch object["to"] {
        case .string(let one): to = [one]
        case .array(let many): to = many.compactMap(\.string)
        default: break
        }
        relay = object["relay"]?.string
        code = object["code"]?.int
        dsn = object["dsn"]?.string
        reply = object["reply"]?.string
        reason = object["reason"]?.string
        name = object["name"]?.string
        `class` = object["class"]?.string
        report = object["report"]?.string
        next = object["next"]?.string.flatMap { Timestamp(rfc3339: $0) }
        submitted = object["submitted"]?.string.flatMap { Timestamp(rfc3339: $0) }
    }
}
