internal import Text

/// Sender and recipients of one transaction, checked so that nothing in them can end a command or begin another.
package struct Envelope: Equatable {
    /// Without angle brackets; empty is the null sender. RFC 5321 section 4.5.5.
    package let sender: String
    /// Without angle brackets; at least one.
    package let recipients: [String]
    /// The message's size in bytes, for SIZE.
    package let size: Int
    /// The message has bytes above 127.
    package let needs8Bit: Bool
    /// An address or a header is not ASCII. RFC 6531.
    package let needsSMTPUTF8: Bool
    /// Notifications that are asked for, where the server offers DSN.
    package let dsn: DSN?

    /// The longest address. RFC 5321 section 4.5.3.1.3 allows 254; a command line must stay below 1000.
    package static let addressLimit = 900

    package init(
        sender: String, recipients: [String], size: Int, needs8Bit: Bool = false, needsSMTPUTF8: Bool = false,
        dsn: DSN? = nil
    ) throws(EnvelopeError) {
        if recipients.isEmpty { throw EnvelopeError("", .noRecipients) }
        if !sender.isEmpty { try Self.check(sender) }
        for recipient in recipients { try Self.check(recipient) }
        self.sender = sender
        self.recipients = recipients
        self.size = max(size, 0)
        self.needs8Bit = needs8Bit
        self.dsn = dsn
        self.needsSMTPUTF8 =
            needsSMTPUTF8 || !isASCII(sender) || !recipients.allSatisfy(isASCII)
    }

    /// Control characters are refused everywhere. Space, `<`, `>`, `"` and `\` may stand only in a quoted string
    /// that is the whole local part (RFC 5321 section 4.1.2): elsewhere servers differ on what they quote.
    private static func check(_ address: String) throws(EnvelopeError) {
        if address.isEmpty { throw EnvelopeError(address, .empty) }
        if address.utf8.count > addressLimit { throw EnvelopeError(address, .tooLong) }
        if isSimple(address) { return }
        if address.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { throw EnvelopeError(address, .controlCharacter) }
        var rest = Substring(address).utf8
        if rest.first == 0x22 {
            rest.removeFirst()
            while let byte = rest.popFirst(), byte != 0x22 {
                if byte == 0x5C { _ = rest.popFirst() }
            }
            // An open quote leaves nothing, and a closed one must end the local part.
            guard rest.first == 0x40 else { throw EnvelopeError(address, .notAnAddress) }
        }
        if rest.contains(where: { [0x20, 0x22, 0x3C, 0x3E, 0x5C].contains($0) }) {
            throw EnvelopeError(address, .notAnAddress)
        }
    }
}

private func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

/// Whether an address has nothing in it that may stand in a quoted string only, or nowhere: as nearly all.
private func isSimple(_ address: String) -> Bool {
    var address = address
    return address.withUTF8 { bytes in
        for byte in bytes {
            switch byte {
            case 0...0x20, 0x22, 0x3C, 0x3E, 0x5C, 0x7F: return false
            default: continue
            }
        }
        return true
    }
}

/// Why an address cannot stand in a command.
package struct EnvelopeError: Error, Equatable, CustomStringConvertible {
    package let address: String
    package let fault: Fault

    package enum Fault { case noRecipients, empty, tooLong, controlCharacter, notAnAddress }

    init(_ address: String, _ fault: Fault) {
        self.address = address
        self.fault = fault
    }

    package var description: String {
        let name = printableLine(address.utf8, limit: 100)
        return switch fault {
        case .noRecipients: "no recipients"
        case .empty: "an empty address"
        case .tooLong: "address longer than \(Envelope.addressLimit) bytes: \(name)"
        case .controlCharacter: "control character in address: \(name)"
        case .notAnAddress: "space, angle bracket, quote or backslash in address: \(name)"
        }
    }
}
