package import JSON
package import Time

/// A producer's job: the job object of spool(5), its field names and types checked.
///
/// Addresses and attachments stay JSON here; what they mean is the mail's business.
package struct Job: Sendable {
    package enum Priority: String, CaseIterable, Sendable, Comparable {
        case high, normal, bulk

        private var rank: Int {
            switch self {
            case .high: 0
            case .normal: 1
            case .bulk: 2
            }
        }
        package static func < (left: Priority, right: Priority) -> Bool { left.rank < right.rank }
    }

    /// The content of the mail.
    package enum Content: Sendable {
        case template(String)
        /// The mail itself; at least one of `text` and `html`.
        case mail(subject: String, text: String?, html: String?)
        /// A whole RFC 5322 message, as it was given.
        case message([UInt8])
    }

    package var content: Content
    package var params: JSON.Object
    package var to: JSON?
    package var cc: JSON?
    package var bcc: JSON?
    package var from: JSON?
    package var replyTo: JSON?
    package var sender: JSON?
    package var envelopeFrom: String?
    package var envelopeTo: [String]?
    package var dsn: DSN?
    package var locale: String?
    package var headers: JSON.Object
    package var attachments: [JSON]
    package var priority: Priority?
    package var sendAt: Timestamp?
    package var expiresAt: Timestamp?
    package var tags: [String]
    package var metadata: JSON.Object

    /// The template's name; nil for a job that carries its mail.
    package var template: String? { if case .template(let name) = content { name } else { nil } }
}

/// Why an object is not a job: the job is at fault and will be at each attempt.
package struct JobError: Error, Equatable, CustomStringConvertible {
    /// The field, as a JSON pointer (RFC 6901); empty for the object itself.
    package let pointer: String
    package let reason: String

    package init(_ pointer: String, _ reason: String) {
        self.pointer = pointer
        self.reason = reason
    }

    package var description: String { pointer.isEmpty ? reason : "\(pointer): \(reason)" }
}
