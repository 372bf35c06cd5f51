package import Spool
package import Text

/// A mail as it goes to a relay: the envelope of RFC 5321 and the message of RFC 5322.
package struct OutgoingMail: Equatable, Sendable {
    /// The reverse-path; empty is the null sender.
    package var sender: String
    /// Each once, in the order of the job.
    package var recipients: [String]
    /// Recipients that get nothing, by `allow_recipients`: the job's, and not ``recipients``.
    package var disallowed: [String] = []
    /// Recipients whose mail goes to another address, by `redirect_all_to`; that is one of ``recipients``.
    package var redirected: [String] = []
    /// Lines end in CRLF; dots are not doubled.
    package var bytes: [UInt8]
    package var needs8Bit: Bool
    package var needsSMTPUTF8: Bool
    /// Whether the header alone needs SMTPUTF8; elsewhere the envelope's addresses need it.
    package var hasUTF8Header = false
    /// The notifications that the job asks for, with an id for the envelope; nil where it asks for none.
    package var dsn: Job.DSN?
    /// The reverse-path instead of ``sender``, which says whose mail it is when it comes back; nil for that one.
    package var returnPath: String?
}

extension OutgoingMail {
    /// The names of the header's fields, in lower case.
    package var fieldNames: Set<ExactText> {
        var names: Set<ExactText> = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A), end - rest.startIndex > 1 {
            let line = rest[..<end]
            if let colon = line.firstIndex(of: UInt8(ascii: ":")), line.first.map({ !$0.isBlank }) == true {
                names.insert(ExactText(String(decoding: line[..<colon].map(\.lowercased), as: UTF8.self)))
            }
            rest = rest[(end + 1)...]
        }
        return names
    }

    /// The Message-ID as the header has it, with its brackets; nil without one in the first 64 KiB.
    package var messageID: String? {
        bytes.withUnsafeBufferPointer { buffer in
            var rest = buffer.prefix(65536)
            // Up to the empty line.
            while let end = rest.firstIndex(of: 0x0A), end - rest.startIndex > 1 {
                if let value = OutgoingMail.messageIDValue(rest[..<end]) { return value.isEmpty ? nil : value }
                rest = rest[(end + 1)...]
            }
            return nil
        }
    }

    /// The value without its white space, if that is the line's field.
    private static func messageIDValue(_ line: Slice<UnsafeBufferPointer<UInt8>>) -> String? {
        let name: StaticString = "message-id:"
        guard line.first.map({ $0 | 0x20 }) == UInt8(ascii: "m"), line.count > name.utf8CodeUnitCount else {
            return nil
        }
        for (index, byte) in line.prefix(name.utf8CodeUnitCount).enumerated() {
            if byte.lowercased != name.utf8Start[index] { return nil }
        }
        let value = line.dropFirst(name.utf8CodeUnitCount)
        guard value.allSatisfy({ $0 < 0x80 }) else {
            let text = String(decoding: value, as: UTF8.self)
            return String(String.UnicodeScalarView(text.unicodeScalars.filter { !$0.properties.isWhitespace }))
        }
        return String(decoding: value.filter { !$0.isSpace }, as: UTF8.self)
    }
}
