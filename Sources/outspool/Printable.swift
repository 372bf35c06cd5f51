/// Untrusted text for one line of a terminal: what could move the cursor, change its colours or
/// reorder the text stands as `\x1B` or `\u{202E}`.
func printable(_ text: some StringProtocol) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return String(text) }
    var shown = ""
    for scalar in text.unicodeScalars {
        if isSafe(scalar) {
            shown.unicodeScalars.append(scalar)
        } else if scalar.value < 0x100 {
            shown += "\\x" + hexadecimal(scalar.value, digits: 2)
        } else {
            shown += "\\u{" + hexadecimal(scalar.value, digits: 4) + "}"
        }
    }
    return shown
}

/// JSON text in which what a terminal would obey is escaped as `\u001b`. It is the same JSON: such characters
/// stand in strings only.
func printableJSON(_ text: String) -> String {
    if text.utf8.allSatisfy({ ($0 >= 0x20 && $0 < 0x7F) || $0 == 0x0A }) { return text }
    var shown = ""
    for scalar in text.unicodeScalars {
        if scalar == "\n" || isSafe(scalar) {
            shown.unicodeScalars.append(scalar)
        } else {
            for unit in String(scalar).utf16 { shown += "\\u" + hexadecimal(UInt32(unit), digits: 4) }
        }
    }
    return shown
}

private func isSafe(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x7F { return scalar.value >= 0x20 }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return false
    default: return true
    }
}

private func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}

/// How many columns a terminal gives to printable text: none to marks, two to the wide letters of East Asia and emoji.
func columns(_ text: some StringProtocol) -> Int { text.unicodeScalars.reduce(0) { $0 + columns($1) } }

func columns(_ scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
        0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
        return 2
    default: return 1
    }
}
