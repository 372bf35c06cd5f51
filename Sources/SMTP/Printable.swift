internal import Text

/// Untrusted text made fit for one line of a log or a history.
package enum Printable {
    /// The text with `?` for each control, format or separator character but the space, cut after
    /// `limit` characters. Bytes that are not UTF-8 are replaced.
    package static func line(_ bytes: some Collection<UInt8>, limit: Int) -> String {
        // Each scalar has at most four bytes: what lies beyond cannot be shown, and is not decoded.
        let head = bytes.prefix(limit * 4)
        if head.count <= limit, head.allSatisfy({ (0x20...0x7E).contains($0) }) {
            return String(decoding: head, as: UTF8.self)
        }
        var line = ""
        for scalar in String(decoding: head, as: UTF8.self).unicodeScalars.prefix(limit) {
            line.unicodeScalars.append(scalar.isPrintable ? scalar : "?")
        }
        return line
    }
}
