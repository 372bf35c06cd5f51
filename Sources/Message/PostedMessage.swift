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
    private let domains: DomainRule

    /// Reads a message whose lines end in CRLF, LF or CR.
    ///
    /// `From ` lines of a mailbox file at its beginning are dropped, and so are NULs, which mail cannot carry. The
    /// header ends at an empty line or before the first line that is not a field.
    /// - Parameter origin: what completes addresses without a domain, as ``Address/domain`` has it.
    package init(_ source: [UInt8], origin: String, domains: DomainRule) throws(WholeMessageError) {
        var text = PostedMessage.withoutMailboxLines(source)[...]
        if text.contains(0) { text = text.filter { $0 != 0 }[...] }
        bytes = try WholeMessage.normalised(Array(text))
        header = try HeaderSection(of: bytes, isLenient: true)
        self.origin = origin
        self.domains = domains
    }

    package var hasFrom: Bool { header.has("from") }

    /// Whom the header names: `To`, `Cc` and `Bcc`, or where there are any, the `Resent-` fields; each address once.
    ///
    /// An address that cannot be read is among the faults, and the others stand.
    package func recipients() -> (addresses: [Address], faults: [AddressError]) {
        let plain = ["to", "cc", "bcc"]
        let resent = plain.map { "resent-" + $0 }
        let names = resent.contains(where: header.has) ? resent : plain
        var seen: Set<Address> = []
        var (addresses, faults): ([Address], [AddressError]) = ([], [])
        for name in names {
            for field in header.fields where field.isNamed(name) {
                let read = PostedAddresses(header.value(field, in: bytes), origin: origin, domains: domains)
                addresses += read.mailboxes.map(\.address).filter { seen.insert($0).inserted }
                faults += read.faults
            }
        }
        return (addresses, faults)
    }

    /// The values of the fields of that name, unfolded, their encoded-words decoded.
    package func texts(of lowercase: String) -> [String] {
        header.fields.filter { $0.isNamed(lowercase) }.map { decodedWords(header.value($0, in: bytes)) }
    }

    /// The addresses in the fields of that name that can be read.
    package func mailboxes(in lowercase: String) -> [Mailbox] {
        header.fields.filter { $0.isNamed(lowercase) }.flatMap {
            PostedAddresses(header.value($0, in: bytes), origin: origin, domains: domains).mailboxes
        }
    }

    /// How many fields of that name the header has.
    package func count(of lowercase: String) -> Int { header.fields.count { $0.isNamed(lowercase) } }

    /// The message for a job, with LF line ends.
    ///
    /// Addresses in the header have their domain, those that cannot be read stay as they are. Where `To` and `Cc` are
    /// missing, `To: undisclosed-recipients:;` is added. Lines over 998 octets are broken: between two addresses, at
    /// white space, in the body with a space on the new line, as Postfix does. What ``WholeMessage/completed(from:date:messageID:)`` does is left to it.
    /// - Parameter names: the fields to leave out, in lower case.
    package func completed(without names: [String] = []) -> [UInt8] {
        var lines = LineBreaker(reserving: bytes.count + 100)
        for field in header.fields where !names.contains(where: field.isNamed) {
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

    /// The field with `@` and the origin behind each local part that stands alone, folded between addresses if a line
    /// of it is too long.
    private func qualified(_ field: HeaderSection.Field) -> [UInt8] {
        let raw = bytes[field.range]
        let places = raw.indices.filter { $0 >= field.valueStart && raw[$0] != 0x0D && raw[$0] != 0x0A }
        let read = PostedAddresses(places.map { raw[$0] }, origin: origin, domains: domains)
        let isLong = raw.count > Wire.lineLimit
        var insertions = read.completions.map { (behind: places[$0 - 1], text: Array("@\(origin)".utf8)) }
        if isLong { insertions += read.commas.map { (behind: places[$0], text: [0x0A, 0x20]) } }
        insertions.sort { $0.behind < $1.behind }
        var text: [UInt8] = []
        var start = raw.startIndex
        for (behind, inserted) in insertions {
            text += raw[start...behind]
            start = behind + 1
            // A line end there is one already.
            let isFold = inserted.first == 0x0A && start < raw.endIndex && (raw[start] == 0x0D || raw[start].isBlank)
            if !isFold { text += inserted }
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
