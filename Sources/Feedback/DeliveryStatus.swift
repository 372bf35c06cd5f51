internal import Message
internal import Text
internal import Time

/// The machine's part of a delivery status notification: RFC 3464.
struct DeliveryStatus {
    /// The fields of one recipient.
    struct Recipient {
        var original: String?
        var final: String?
        /// In lower case: failed, delayed, delivered, relayed, expanded.
        var action: String?
        var status: Status?
        /// Without its type.
        var diagnostic: [UInt8] = []
        var lastAttempt: Timestamp?

        /// Whom the mail was sent to, which is the original one where the report names both.
        var address: String? { original ?? final }
        var isEmpty: Bool { address == nil && action == nil && status == nil && diagnostic.isEmpty }
    }

    private(set) var recipients: [Recipient] = []
    private(set) var envelopeID: String?
    private(set) var arrival: Timestamp?
    private(set) var relayIDs: [String] = []

    static let recipientLimit = 500

    /// Reads fields in groups with empty lines between them; lines that are no field are skipped.
    init(_ content: ArraySlice<UInt8>) {
        var current = Recipient()
        func end() {
            // What came before the first recipient tells of the message.
            if !current.isEmpty, recipients.count < Self.recipientLimit { recipients.append(current) }
            current = Recipient()
        }
        for (name, value) in statusFields(content) {
            switch name {
            case "": end()
            case "original-recipient", "x-original-recipient":
                if current.original != nil { end() }
                current.original = fieldAddress(xtextDecoded(value))
            case "final-recipient", "x-actual-recipient", "recipient":
                if current.final != nil, !name.isExactly("x-actual-recipient") { end() }
                current.final = current.final ?? fieldAddress(value)
            case "action":
                let word = value.utf8.prefix { $0.isLetter }
                current.action = String(decoding: word.map(\.lowercased), as: UTF8.self)
            case "status": current.status = Status.first(in: Array(value.utf8)[...])
            case "diagnostic-code":
                let bytes = Array(decodedWords(value.utf8).utf8)
                let type = bytes.prefix(20).firstIndex(of: UInt8(ascii: ";"))
                let isTyped = type.map { bytes[..<$0].allSatisfy { $0.isLetterOrDigit || "-_ ".utf8.contains($0) } }
                current.diagnostic = isTyped == true ? Array(bytes[((type ?? 0) + 1)...].trimmed(\.isSpace)) : bytes
            case "last-attempt-date": current.lastAttempt = Timestamp(rfc5322: value)
            case "original-envelope-id": envelopeID = xtextDecoded(value)
            case "arrival-date": arrival = Timestamp(rfc5322: value)
            case "x-postfix-queue-id", "x-queue-id", "x-sendmail-queue-id": relayIDs.append(value)
            default: break
            }
        }
        end()
        join()
    }

    /// Programs tear the group of one recipient apart with an empty line, or say of the message what each recipient has.
    private mutating func join() {
        let unnamed = recipients.filter { $0.address == nil }
        let named = recipients.filter { $0.address != nil }
        guard !named.isEmpty else {
            recipients = Array(unnamed.prefix(1))
            return
        }
        recipients = named.map { recipient in
            var whole = recipient
            for other in unnamed {
                whole.action = whole.action ?? other.action
                whole.status = whole.status ?? other.status
                if whole.diagnostic.isEmpty { whole.diagnostic = other.diagnostic }
            }
            return whole
        }
    }
}

/// The fields of a text, names in lower case, values unfolded; an empty name for an empty line.
private func statusFields(_ content: ArraySlice<UInt8>) -> [(name: String, value: String)] {
    var fields: [(name: String, value: [UInt8])] = []
    for line in lines(of: content) {
        if line.allSatisfy(\.isSpace) {
            fields.append(("", []))
        } else if line.first?.isBlank == true, let last = fields.last, !last.name.isEmpty {
            fields[fields.count - 1].value += [0x20] + line.trimmed(\.isSpace)
        } else if let colon = line.prefix(60).firstIndex(of: UInt8(ascii: ":")) {
            let name = line[..<colon].trimmed(\.isBlank)
            guard name.allSatisfy({ $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }) else { continue }
            fields.append(
                (
                    String(decoding: name.map(\.lowercased), as: UTF8.self),
                    Array(line[(colon + 1)...].trimmed(\.isSpace))
                ))
        } else if let last = fields.last, last.name.isExactly("diagnostic-code") {
            // A reply of several lines that is not folded.
            fields[fields.count - 1].value += [0x20] + line.trimmed(\.isSpace)
        }
        if fields.count >= 20 * DeliveryStatus.recipientLimit { break }
    }
    return fields.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }
}

/// The lines without their ends.
func lines(of text: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    text.split(separator: 0x0A, omittingEmptySubsequences: false).map { $0.last == 0x0D ? $0.dropLast() : $0 }
}

/// RFC 3461, section 4; RFC 6533, section 3, as far as `\x{…}` goes. What is not of the encoding stays as it is.
func xtextDecoded(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var out: [UInt8] = []
    var index = 0
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "+"), index + 2 < bytes.count, !bytes[index + 1].isLowercase,
            !bytes[index + 2].isLowercase, let high = bytes[index + 1].hexValue, let low = bytes[index + 2].hexValue
        {
            out.append(high << 4 | low)
            index += 3
        } else if bytes[index...].starts(with: "\\x{".utf8),
            let end = bytes[index...].prefix(12).firstIndex(of: UInt8(ascii: "}")),
            let value = UInt32(String(decoding: bytes[(index + 3)..<end], as: UTF8.self), radix: 16),
            let scalar = Unicode.Scalar(value)
        {
            out += String(Character(scalar)).utf8
            index = end + 1
        } else {
            out.append(bytes[index])
            index += 1
        }
    }
    return String(decoding: out, as: UTF8.self)
}

extension UInt8 {
    fileprivate var isLowercase: Bool { isLetter && self >= 0x61 }
}
