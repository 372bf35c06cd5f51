extension Unicode.Scalar {
    /// Whether it takes its place on a line and does nothing else: it moves no cursor, changes no colour, ends no line,
    /// is visible and does not reorder its neighbours. The space is printable.
    @usableFromInline package var isPrintable: Bool {
        if value < 0x7F { return value >= 0x20 }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return false
        default: return true
        }
    }
}

extension String {
    /// Whether it is printable ASCII, and `other`.
    fileprivate func isPlain(beside other: UInt8) -> Bool {
        var text = self
        return text.withUTF8 { $0.allSatisfy { ($0 >= 0x20 && $0 < 0x7F) || $0 == other } }
    }
}

/// Untrusted text for one line of a terminal or a log: what is not printable stands as `\u{1b}`.
package func printable(_ text: some StringProtocol) -> String { printable(String(text)) }

/// The printable text. Not generic: of another module's generic function the compiler makes one that asks a table for
/// each byte.
package func printable(_ text: String) -> String {
    if text.isPlain(beside: 0x20) { return text }
    var shown = ""
    for scalar in text.unicodeScalars {
        if scalar.isPrintable {
            shown.unicodeScalars.append(scalar)
        } else {
            shown += "\\u{" + String(scalar.value, radix: 16) + "}"
        }
    }
    return shown
}

/// Untrusted text for one line, as ``printable(_:)`` has it, cut after `limit` characters.
package func printable(_ text: String, limit: Int) -> String {
    let head = text.unicodeScalars.prefix(limit)
    return printable(String(head)) + (head.endIndex == text.endIndex ? "" : "…")
}

/// Untrusted bytes for one line of a log or a history: `?` for each character that is not printable, cut after `limit`
/// characters. Bytes that are not UTF-8 are replaced.
@inlinable package func printableLine(_ bytes: some Collection<UInt8>, limit: Int) -> String {
    // Each scalar has at most four bytes: those beyond cannot be shown, and are not decoded.
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

extension String {
    /// The text in quotation marks, for a message of one line: cut after 100 characters, and with nothing in it that
    /// could steer a terminal or end the line.
    package var quoted: String {
        var out = "\""
        for (index, scalar) in unicodeScalars.enumerated() {
            if index == 100 {
                out += "…"
                break
            }
            if scalar.isPrintable {
                if scalar == "\"" || scalar == "\\" { out += "\\" }
                out.unicodeScalars.append(scalar)
            } else {
                out += "\\u{" + String(scalar.value, radix: 16) + "}"
            }
        }
        return out + "\""
    }
}

/// JSON text in which what is not printable is escaped as `\u001b`; line feeds stay. It is the same JSON: such
/// characters stand in strings only, and in them the two are one.
package func printableJSON(_ text: String) -> String {
    if text.isPlain(beside: 0x0A) { return text }
    var shown = ""
    for scalar in text.unicodeScalars {
        if scalar == "\n" || scalar.isPrintable {
            shown.unicodeScalars.append(scalar)
        } else {
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                shown += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            }
        }
    }
    return shown
}
