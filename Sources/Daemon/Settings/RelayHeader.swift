internal import Text

/// A header field that a relay's section adds to each mail, unless the mail has one of that name.
package struct RelayHeader: Equatable, Sendable {
    package let name: String
    /// `{{id}}` and `{{template}}` stand for those of the job.
    package let value: String

    /// Parses `Name: value`; nil for an invalid name, or a value that is not printable ASCII of at most 900 bytes.
    init?(_ text: String) {
        guard let (name, value) = text.halves(at: ":") else { return nil }
        let bytes = value.utf8.drop { $0.isBlank }
        let isToken = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard !name.isEmpty, isToken, !bytes.isEmpty, bytes.count <= 900,
            bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
        else { return nil }
        self.name = String(name)
        self.value = String(Substring(bytes))
    }

    /// The field's line, for a job; its template's name is ASCII, as its id is.
    func line(id: String, template: String?) -> [UInt8] {
        var out = Array("\(name): ".utf8)
        var rest = Array(value.utf8)[...]
        let words = [("{{id}}", id), ("{{template}}", template ?? "")]
        while let byte = rest.first {
            if let (word, text) = words.first(where: { rest.starts(with: $0.0.utf8) }) {
                out += text.utf8
                rest = rest.dropFirst(word.utf8.count)
            } else {
                out.append(byte)
                rest = rest.dropFirst()
            }
        }
        return out + [0x0D, 0x0A]
    }
}
