internal import Text

extension Reply {
    /// Code and status, or without a status the words of the text that stay from one mail to the next: no digits,
    /// addresses, names of hosts or ids. Two replies of one gist say the same.
    package var gist: String {
        if let enhanced { return "\(code) \(enhanced)" }
        let words = text.lowercasedASCII.utf8.split(separator: 0x20).filter { word in
            !word.contains { $0.isDigit || "@<=/".utf8.contains($0) }
                && !word.dropLast().contains(UInt8(ascii: "."))
        }
        return ([String(code)] + words.map { String(decoding: $0, as: UTF8.self) }).joined(separator: " ")
    }
}
