internal import JSON
package import Text

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
        /// The differences of single recipients, by their addresses as the job has them.
        package var recipients: [ExactText: Recipient] = [:]

        /// One recipient's.
        package struct Recipient: Equatable, Sendable {
            /// Nil: as for the others.
            package var notify: [Occasion]?
            /// The address that the mail was sent to first, as ORCPT has it: `rfc822;bob@example.org`.
            package var original: String?
        }

        /// The field names of the object.
        static let fieldNames = ["notify", "return", "envelopeId", "recipients"]
        /// In characters. RFC 3461 section 4.2.
        private static let originalLimit = 500
        /// In characters of xtext. RFC 3461 section 4.4.
        private static let envelopeIDLimit = 100

        /// Whether the text can be an envelope's id: printable ASCII and spaces, at most 100 characters as xtext.
        package static func isEnvelopeID(_ text: String) -> Bool {
            text.utf8.allSatisfy { 0x20...0x7E ~= $0 } && 1...envelopeIDLimit ~= xtext(text.utf8).utf8.count
        }

        /// Reads the members of `dsn`.
        init(_ fields: JobFields) throws(JobError) {
            try fields.allow { DSN.fieldNames.holds(exactly: $0) }
            notify = try DSN.occasions(fields) ?? []
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
            for (name, value) in try fields.object("recipients")?.members ?? [] {
                let pointer = "/dsn/recipients/\(pointerToken(name))"
                guard let object = value.object else {
                    throw JobError(pointer, "is \(value.typeName), not an object")
                }
                recipients[ExactText(name)] = try Recipient(JobFields(object, below: pointer), at: pointer)
            }
        }

        fileprivate static func occasions(
            _ fields: JobFields, at pointer: String = "/dsn"
        ) throws(JobError) -> [Occasion]? {
            guard let words = try fields.strings("notify") else { return nil }
            if words.isEmpty { throw JobError("\(pointer)/notify", "is empty; leave it out instead") }
            var occasions: [Occasion] = []
            for (index, word) in words.enumerated() {
                guard let occasion = Occasion(rawValue: word) else {
                    throw JobError("\(pointer)/notify/\(index)", "is not one of never, success, failure, delay")
                }
                if !occasions.contains(occasion) { occasions.append(occasion) }
            }
            if occasions.count > 1, occasions.contains(.never) {
                throw JobError("\(pointer)/notify", "never cannot be combined with others")
            }
            return occasions
        }

        /// Whether the text is a type and an address in xtext: nothing in it ends a parameter.
        fileprivate static func isOriginal(_ text: String) -> Bool {
            guard let (type, address) = text.halves(at: ";"), !type.isEmpty, !address.isEmpty else { return false }
            var digitsDue = 0
            for byte in address.utf8 {
                if digitsDue > 0 {
                    guard byte.isDigit || 0x41...0x46 ~= byte else { return false }
                    digitsDue -= 1
                } else if byte == UInt8(ascii: "+") {
                    digitsDue = 2
                } else if !(0x21...0x7E ~= byte) || byte == UInt8(ascii: "=") {
                    return false
                }
            }
            let isType = type.utf8.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }
            return isType && digitsDue == 0 && text.utf8.count <= originalLimit
        }
    }
}

extension Job.DSN.Recipient {
    fileprivate init(_ fields: JobFields, at pointer: String) throws(JobError) {
        try fields.allow { ["notify", "original"].holds(exactly: $0) }
        notify = try Job.DSN.occasions(fields, at: pointer)
        original = try fields.string("original")
        if let original, !Job.DSN.isOriginal(original) {
            throw JobError("\(pointer)/original", "is not an address with its type, such as rfc822;bob@example.org")
        }
    }
}
