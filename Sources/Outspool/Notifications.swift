internal import JSON

/// The notifications of delivery that a mail asks of the servers on its way, for its envelope's sender (RFC 3461).
///
/// They reach as far as the servers offer DSN. They change nothing about what the spool itself does.
public struct Notifications: Equatable, Sendable {
    public enum Occasion: String, CaseIterable, Sendable { case success, failure, delay }

    public enum Extent: String, Sendable { case full, headers }

    /// When a notification is wanted; empty asks for none at all, nil leaves it to the servers.
    public var occasions: Set<Occasion>?
    /// How much of the mail comes back with it; nil leaves it to the servers.
    public var returning: Extent?
    /// The id that a notification names, at most 100 characters of printable ASCII; the job's if nil.
    public var envelopeID: String?

    public init(on occasions: Set<Occasion>? = nil, returning: Extent? = nil, envelopeID: String? = nil) {
        self.occasions = occasions
        self.returning = returning
        self.envelopeID = envelopeID
    }

    /// The `dsn` of spool(5).
    var json: JSON {
        var dsn = JSON.Object()
        if let occasions {
            let words = Occasion.allCases.filter(occasions.contains).map { JSON.string($0.rawValue) }
            dsn["notify"] = .array(words.isEmpty ? ["never"] : words)
        }
        dsn["return"] = returning.map { .string($0.rawValue) }
        dsn["envelopeId"] = envelopeID.map { .string($0) }
        return .object(dsn)
    }
}
