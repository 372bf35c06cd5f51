internal import Message
internal import Text

/// The fields of the quoted original that lead to the job.
struct Original {
    private(set) var messageIDs: [String] = []
    private(set) var jobIDs: [String] = []
    /// Whom it was for, by its header.
    private(set) var to: [String] = []
    /// Whom a relay took it for, by its `Received` fields and those that loops add.
    private(set) var envelopeTo: [String] = []

    private static let wanted = [
        "message-id", "x-outspool-id", "to", "cc", "x-hmxmroriginalrecipient", "x-original-to", "delivered-to",
        "received",
        "x-envelope-to", "envelope-to", "x-rcpt-to",
    ]

    /// Reads the first field of each name, wherever it is: indented, quoted, behind lines that are no header.
    init(_ text: ArraySlice<UInt8>) {
        var seen: Set<ExactText> = []
        var name: String?
        var value: [UInt8] = []
        func end() {
            if let name { take(name, decodedWords(value)) }
            (name, value) = (nil, [])
        }
        for line in lines(of: text) {
            let content = line.drop { $0.isBlank || $0 == UInt8(ascii: ">") }
            guard let colon = content.prefix(30).firstIndex(of: UInt8(ascii: ":")) else {
                if name != nil, line.first?.isBlank == true, value.count < 2000 {
                    value += [0x20] + content
                } else {
                    end()
                }
                continue
            }
            let found = Self.wanted.first { content[..<colon].trimmed(\.isBlank).isSame(asLowercase: $0) }
            if let found {
                end()
                if found.isExactly("received") || seen.insert(ExactText(found)).inserted {
                    name = found
                    value = Array(content[(colon + 1)...].trimmed(\.isSpace))
                }
            } else if name != nil, line.first?.isBlank == true, value.count < 2000 {
                value += [0x20] + content
            } else {
                end()
            }
        }
        end()
    }

    private mutating func take(_ name: String, _ value: String) {
        let addresses = foundAddresses(in: Array(value.utf8)[...]).prefix(100).map(\.text)
        switch name {
        case "message-id": messageIDs += bareMessageIDs(value)
        case "x-outspool-id":
            let word = value.utf8.prefix { $0 > 0x20 && $0 < 0x7F }
            if !word.isEmpty, word.count <= 200 { jobIDs.append(String(decoding: word, as: UTF8.self)) }
        case "to", "cc": to += addresses
        case "received":
            let bytes = Array(value.utf8)
            guard envelopeTo.count < 20,
                let place = bytes.indices.first(where: { bytes[$0...].starts(with: " for ".utf8) })
            else { return }
            let word = bytes[(place + 5)...].drop(while: \.isBlank).prefix { !$0.isSpace && $0 != UInt8(ascii: ";") }
            envelopeTo += foundAddresses(in: word).map(\.text)
        default: envelopeTo += addresses
        }
    }
}

/// The ids in a field such as Message-ID or References, without their angles; one without angles where it is all there is.
func bareMessageIDs(_ value: String) -> [String] {
    let bytes = Array(value.utf8)
    var ids: [String] = []
    var rest = bytes[...]
    while ids.count < 20, let open = rest.firstIndex(of: UInt8(ascii: "<")) {
        let inner = rest[(open + 1)...].prefix { $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "<") }
        rest = rest[inner.endIndex...]
        let text = inner.filter { !$0.isSpace }
        if 1...900 ~= text.count { ids.append(String(decoding: text, as: UTF8.self)) }
    }
    let word = bytes[...].trimmed(\.isSpace).prefix { !$0.isSpace }
    if ids.isEmpty, word.contains(UInt8(ascii: "@")), word.count <= 900 {
        ids = [String(decoding: word, as: UTF8.self)]
    }
    return ids
}
