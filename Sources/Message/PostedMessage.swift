internal import Text

/// A message as a program hands it to sendmail(1), made one that ``WholeMessage`` takes.
///
/// Such callers write for the machine they run on: `To: root`, lines of any length and with any end, a header that
/// a line of text ends. What the mail system of that machine always did for them is done here, and nothing else: all
/// other bytes stay, whatever character set they are in.
package struct PostedMessage {
    /// With CRLF line ends.
    private let bytes: [UInt8]
    private let header: HeaderSection
    private let origin: String

    /// Reads a message whose lines end in CRLF, LF or CR.
    ///
    /// `From ` lines of a mailbox file at its beginning are dropped, and so are NULs, which no mail can carry. The
    /// header ends at an empty line or before the first line that is no field.
    /// - Parameter origin: what completes addresses without a domain, as ``Address/domain`` has it.
    package init(_ source: [UInt8], origin: String) throws(WholeMessageError) {
        var text = PostedMessage.withoutMailboxLines(source)[...]
        if text.contains(0) { text = text.filter { $0 != 0 }[...] }
        bytes = try WholeMessage.normalised(Array(text))
        header = try HeaderSection(of: bytes, isLenient: true)
        self.origin = origin
    }

    package var hasFrom: Bool { header.has("from") }

    /// Whom the header names: `To`, `Cc` and `Bcc`, or where there are any, the `Resent-` fields; each address once.
    /// - Throws: if one of these fields cannot be read.
    package func recipients() throws(WholeMessageError) -> [Address] {
        let plain = ["to", "cc", "bcc"]
        let resent = plain.map { "resent-" + $0 }
        let names = resent.contains(where: header.has) ? resent : plain
        var seen: Set<Address> = []
        var recipients: [Address] = []
        for name in names {
            for field in header.fields where field.isNamed(name) {
                let value = Array(header.value(field, in: bytes))
                do throws(AddressParser.Fault) {
                    var parser = AddressParser(value, origin: origin)
                    for mailbox in try parser.list() where seen.insert(mailbox.address).inserted {
                        recipients.append(mailbox.address)
                    }
                } catch {
                    let text = String(decoding: value, as: UTF8.self)
                    throw .address(field: field.name, AddressError(text: text, reason: error.reason))
                }
            }
        }
        return recipients
    }

    /// The message for a job, with LF line ends.
    ///
    /// Addresses in the header have their domain, a field that cannot be read stays as it is. Where `To` and `Cc` are
    /// missing, `To: undisclosed-recipients:;` is added. Lines over 998 octets are broken, in the body with a space
    /// on the new line, as Postfix does. What ``WholeMessage/completed(from:date:messageID:)`` does is left to it.
    package func completed() -> [UInt8] {
        var lines = LineBreaker(reserving: bytes.count + 100)
        for field in header.fields {
            let isAddress = PostedMessage.addressFields.contains(where: field.isNamed)
            let raw = bytes[field.range]
            lines.append(isAddress ? qualified(field)[...] : raw, inHeader: true)
        }
        if !PostedMessage.destinations.contains(where: header.has) {
            lines.append(Array("To: undisclosed-recipients:;\n".utf8)[...], inHeader: true)
        }
        lines.append([0x0A], inHeader: true)
        lines.append(bytes[header.bodyStart...], inHeader: false)
        return lines.bytes
    }

    private static let destinations = ["to", "cc", "resent-to", "resent-cc"]
    private static let addressFields =
        ["from", "sender", "reply-to", "to", "cc", "bcc"].flatMap { [$0, "resent-" + $0] }

    /// The field with `@` and the origin behind each local part that stands alone.
    private func qualified(_ field: HeaderSection.Field) -> [UInt8] {
        let raw = bytes[field.range]
        let places = raw.indices.filter { $0 >= field.valueStart && raw[$0] != 0x0D && raw[$0] != 0x0A }
        let value = places.map { raw[$0] }
        var parser = AddressParser(value, origin: origin)
        // A field that cannot be read is the reader's to make sense of, as it would be without us.
        guard (try? parser.list()) != nil else { return Array(raw) }
        var text: [UInt8] = []
        var start = raw.startIndex
        for end in parser.completions {
            let next = places[end - 1] + 1
            text += raw[start..<next] + "@\(origin)".utf8
            start = next
        }
        return text + raw[start...]
    }

    /// The text behind the lines `From …` and `>From …` at its beginning.
    private static func withoutMailboxLines(_ source: [UInt8]) -> ArraySlice<UInt8> {
        var rest = source[...]
        while HeaderSection.isMailboxLine(rest.drop { $0 == UInt8(ascii: ">") }) {
            guard let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) else { return [] }
            let isPair = rest[end] == 0x0D && end + 1 < rest.endIndex && rest[end + 1] == 0x0A
            rest = rest[(end + (isPair ? 2 : 1))...]
        }
        return rest
    }
}

/// Lines on their way into a job: CR goes, and a line that SMTP cannot carry is broken. RFC 5321, section 4.5.3.1.6.
private struct LineBreaker {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Appends whole lines; the last one may lack its end.
    mutating func append(_ text: ArraySlice<UInt8>, inHeader: Bool) {
        var rest = text
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x0A).map { $0 + 1 } ?? rest.endIndex
            var line = rest[..<end]
            rest = rest[end...]
            while line.last == 0x0A || line.last == 0x0D { line.removeLast() }
            var indent = 0
            while indent + line.count > Wire.lineLimit {
                let cut = inHeader ? LineBreaker.fold(line) : LineBreaker.cut(line)
                bytes += line[..<cut]
                bytes.append(0x0A)
                line = line[cut...]
                // A fold at white space needs no more of it.
                indent = inHeader && line[cut].isBlank ? 0 : 1
                if indent > 0 { bytes.append(0x20) }
            }
            bytes += line
            bytes.append(0x0A)
        }
    }

    /// The last white space within the limit that has something else before it, and a field's colon; else wherever
    /// it can be cut.
    private static func fold(_ line: ArraySlice<UInt8>) -> Int {
        let limit = min(line.startIndex + Wire.lineLimit, line.endIndex)
        let isContinuation = line.first?.isBlank == true
        guard let blank = line[..<limit].lastIndex(where: { $0.isBlank }),
            line[..<blank].contains(where: { isContinuation ? !$0.isBlank : $0 == UInt8(ascii: ":") })
        else { return cut(line) }
        return blank
    }

    /// Within the limit, and before the space that the next line begins with; not inside a character of UTF-8.
    private static func cut(_ line: ArraySlice<UInt8>) -> Int {
        let limit = line.startIndex + Wire.lineLimit - 1
        var end = limit
        while end > limit - 4, line[end].isContinuation { end -= 1 }
        return line[end].isContinuation ? limit : end
    }
}
