internal import JSON
internal import Text

extension Job {
    /// The delivery status notifications that the job asks of the servers behind us. RFC 3461.
    package struct DSN: Equatable, Sendable {
        package enum Occasion: String, CaseIterable, Sendable { case never, success, failure, delay }

        /// How much of the mail comes back with a notification.
        package enum Extent: String, CaseIterable, Sendable { case full, headers }

        /// When a notification is wanted, each once; empty leaves it to the servers. `never` stands alone.
        package var notify: [Occasion]
        package var returned: Extent?
        /// Printable ASCII and spaces; nil is the job's id.
        package var envelopeID: String?

        /// The field names of the object.
        static let fieldNames = ["notify", "return", "envelopeId"]
        /// In characters of xtext. RFC 3461 section 4.4.
        private static let envelopeIDLimit = 100

        /// Whether the text can be an envelope's id: printable ASCII and spaces, at most 100 characters as xtext.
        package static func isEnvelopeID(_ text: String) -> Bool {
            text.utf8.allSatisfy { 0x20...0x7E ~= $0 } && 1...envelopeIDLimit ~= xtext(text.utf8).utf8.count
        }

        /// Reads the members of `dsn`.
        init(_ fields: JobFields) throws(JobError) {
            try fields.allow { DSN.fieldNames.holds(exactly: $0) }
            notify = try DSN.occasions(fields)
            if let word = try fields.string("return") {
                guard let known = Extent(rawValue: word) else {
                    throw JobError("/dsn/return", "is not one of full, headers")
                }
                returned = known
            }
            envelopeID = try fields.string("envelopeId")
            if let envelopeID, !DSN.isEnvelopeID(envelopeID) {
                throw JobError("/dsn/envelopeId", "is not 1 to 100 characters of printable ASCII")
            }
        }

        private static func occasions(_ fields: JobFields) throws(JobError) -> [Occasion] {
            guard let words = try fields.strings("notify") else { return [] }
            if words.isEmpty { throw JobError("/dsn/notify", "is empty; leave it out instead") }
            var occasions: [Occasion] = []
            for (index, word) in words.enumerated() {
                guard let occasion = Occasion(rawValue: word) else {
                    throw JobError("/dsn/notify/\(index)", "is not one of never, success, failure, delay")
                }
                if !occasions.contains(occasion) { occasions.append(occasion) }
            }
            if occasions.count > 1, occasions.contains(.never) {
                throw JobError("/dsn/notify", "never cannot be combined with others")
            }
            return occasions
        }
    }
}
