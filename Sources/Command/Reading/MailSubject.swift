internal import JSON
internal import Message
internal import Text

/// The subject of a job that carries its mail; nil for one that has a template, or where it cannot be told.
func mailSubject(_ job: JSON.Object) -> String? {
    if let own = job["subject"]?.string { return own }
    let bytes: [UInt8]
    switch job["message"] {
    case .string(let text)?: bytes = Array(text.utf8.prefix(headerLimit))
    case .object(let object)?:
        guard let text = object["base64"]?.string else { return nil }
        // Whole groups, as far as there are no line ends in between.
        let head = text.utf8.lazy.filter { !$0.isSpace }.prefix(headerLimit)
        guard let decoded = Base64.decode(Array(head), .lenient) else { return nil }
        bytes = decoded
    default: return nil
    }
    return ReadMessage(header(of: bytes)).value(of: "Subject")
}

/// Bytes in which the header is looked for; a multiple of the four characters of base64.
private let headerLimit = 16 << 10

/// The header with the line ends of RFC 5322, and no body.
private func header(of message: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    for line in message.split(separator: 0x0A, omittingEmptySubsequences: false) {
        let text = line.last == 0x0D ? line.dropLast() : line
        out += text + [0x0D, 0x0A]
        if text.isEmpty { break }
    }
    return out
}
