internal import Text
package import Time

/// A complete message that a job brings: passed on as it is, but for the corrections of submission.
///
/// RFC 6409, section 8, lets a submission server add what is missing; RFC 5322, section
/// 3.6.3, is why Bcc goes.
package struct WholeMessage: Sendable {
    /// The message with CRLF line ends.
    private let bytes: [UInt8]
    private let header: HeaderSection
    /// How the domains of its addresses are read.
    private let domains: DomainRule

    /// Reads the header of a message whose lines end in CRLF, LF or CR.
    ///
    /// If the first line is not a field, the whole text is body; a `From ` line of a mailbox file is dropped.
    /// - Throws: at a NUL, and at a line inside the header that is neither a field nor the
    ///   continuation of one.
    package init(parsing source: [UInt8], domains: DomainRule) throws(WholeMessageError) {
        self.domains = domains
        bytes = try WholeMessage.normalised(source)
        header = try HeaderSection(of: bytes)
    }

    /// The fields in their order, names as they are written, values unfolded.
    package var fields: [(name: String, value: String)] {
        header.fields.map { ($0.name, String(decoding: header.value($0, in: bytes), as: UTF8.self)) }
    }

    /// The address for error reports, if no envelope says so: `Sender`, or the first of `From` that can be read; or
    /// nil. The reader judges the rest of these fields.
    package var sender: Address? {
        for name in ["sender", "from"] {
            for field in header.fields where field.isNamed(name) {
                let read = PostedAddresses(header.value(field, in: bytes), origin: nil, domains: domains)
                if let first = read.mailboxes.first { return first.address }
            }
        }
        return nil
    }

    /// Whom the message is for: `To`, `Cc` and `Bcc` in this order, each address once.
    /// - Throws: if one of these fields cannot be read.
    package func recipients() throws(WholeMessageError) -> [Address] {
        var seen: Set<Address> = []
        var recipients: [Address] = []
        for name in ["to", "cc", "bcc"] {
            for address in try addresses(in: name) where seen.insert(address).inserted { recipients.append(address) }
        }
        return recipients
    }

    private func addresses(in lowercase: String) throws(WholeMessageError) -> [Address] {
        var addresses: [Address] = []
        for field in header.fields where field.isNamed(lowercase) {
            guard let text = String(utf8: header.value(field, in: bytes).span) else {
                throw .notUTF8(field: field.name)
            }
            do throws(AddressError) {
                for mailbox in try Mailbox.list(parsing: text, domains: domains) { addresses.append(mailbox.address) }
            } catch {
                throw .address(field: field.name, error)
            }
        }
        return addresses
    }

    /// The message as it travels: without `Bcc`, `Resent-Bcc`, `Return-Path` and `Content-Length`, which would not fit;
    /// `From`, `Date` and `Message-ID` are added where they are missing.
    ///
    /// A field with UTF-8 is encoded, so that a relay needs SMTPUTF8 only for addresses that do, and so is a part with
    /// lines over 998 octets, which servers refuse or break; not in a message that is signed, which must stay as it
    /// was. All else is as it was.
    ///
    /// - Parameter from: the author of a message that names none.
    /// - Throws: if neither the message nor the caller has a `From`.
    package func completed(
        from: Mailbox?, date: Timestamp, messageID: MessageID
    ) throws(WholeMessageError) -> ComposedMessage {
        var wire = Wire(reserving: bytes.count + 600)
        let isSigned = header.has("dkim-signature")
        for field in header.fields where !WholeMessage.dropped.contains(where: field.isNamed) {
            let value = header.value(field, in: bytes)
            if !isSigned, value.contains(where: { $0 >= 0x80 }), isUTF8(value.span) {
                wire.encodedField(field.name, value, domains: domains)
            } else {
                wire.append(bytes[field.range])
                wire.endLastLine()
            }
        }
        if !header.has("date") { wire.field("Date", date.rfc5322) }
        if !header.has("from") {
            guard let from else { throw .noFrom }
            wire.begin("From")
            wire.mailboxes([from])
            wire.endLine()
        }
        if !header.has("message-id") { wire.field("Message-ID", messageID.text) }
        let headerEnd = wire.bytes.count
        wire.endLine()
        wire.append(bytes[header.bodyStart...])
        wire.endLastLine()

        let wireHeader = wire.bytes[..<headerEnd]
        let hasUTF8 = wireHeader.contains { $0 >= 0x80 } && isUTF8(wireHeader.span)
        var message = wire.bytes
        if !isSigned, WholeMessage.hasLongLine(message) { message = withoutLongLines(message, domains: domains) }
        return ComposedMessage(
            bytes: message,
            needs8Bit: message.contains { $0 >= 0x80 },
            needsSMTPUTF8: hasUTF8,
            hasLongLines: WholeMessage.hasLongLine(message))
    }

    private static let dropped = ["bcc", "resent-bcc", "return-path", "content-length"]

    private static func hasLongLine(_ bytes: [UInt8]) -> Bool {
        var start = 0
        for index in bytes.indices where bytes[index] == 0x0D {
            // A line's end is two octets, so the next line's start is counted from behind it.
            if index - start > Wire.lineLimit { return true }
            start = index + 2
        }
        return false
    }

    /// The text with CRLF instead of each LF and CR.
    static func normalised(_ source: [UInt8]) throws(WholeMessageError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(source.count + source.count / 32 + 2)
        var plain = 0
        var index = 0
        var line = 1
        while index < source.count {
            let byte = source[index]
            if byte == 0 { throw .nul(line: line) }
            if byte == 0x0D || byte == 0x0A {
                bytes.append(contentsOf: source[plain..<index])
                bytes.append(0x0D)
                bytes.append(0x0A)
                if byte == 0x0D, index + 1 < source.count, source[index + 1] == 0x0A { index += 1 }
                plain = index + 1
                line += 1
            }
            index += 1
        }
        bytes.append(contentsOf: source[plain...])
        return bytes
    }
}

/// Why a message that a job brings cannot be sent.
package enum WholeMessageError: Error, Equatable, CustomStringConvertible {
    case nul(line: Int)
    /// In the header, neither a field nor the continuation of one.
    case notAField(line: Int)
    case noFrom
    case notUTF8(field: String)
    case address(field: String, AddressError)

    /// One line; what is untrusted in it is quoted.
    package var description: String {
        switch self {
        case .nul(let line): "line \(line): a NUL"
        case .notAField(let line): "line \(line): neither a header field nor the continuation of one"
        case .noFrom: "no From field, and no default for it"
        case .notUTF8(let field): "\(field): not valid UTF-8"
        case .address(let field, let error): "\(field): \(error)"
        }
    }
}
