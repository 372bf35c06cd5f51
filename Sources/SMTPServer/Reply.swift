/// The server's reply (RFC 5321, section 4.2; RFC 2034).
package struct Reply: Equatable, Sendable {
    package let code: Int
    /// `2.1.0`; empty where RFC 2034 has none.
    package let enhanced: String
    package let text: String
    /// Lines that follow the first, each with the same code.
    package var more: [String] = []

    package init(_ code: Int, _ enhanced: String = "", _ text: String, more: [String] = []) {
        self.code = code
        self.enhanced = enhanced
        self.text = text
        self.more = more
    }

    /// 2yz or 3yz.
    package var isPositive: Bool { code < 400 }

    /// Appends the reply as it travels; without its enhanced code if that was not offered.
    package func write(to out: inout [UInt8], enhancedCodes: Bool) {
        line(text, isLast: more.isEmpty, to: &out, enhancedCodes)
        for (index, text) in more.enumerated() { line(text, isLast: index == more.count - 1, to: &out, enhancedCodes) }
    }

    private func line(_ text: String, isLast: Bool, to out: inout [UInt8], _ enhancedCodes: Bool) {
        out.append(UInt8(truncatingIfNeeded: 48 + code / 100 % 10))
        out.append(UInt8(truncatingIfNeeded: 48 + code / 10 % 10))
        out.append(UInt8(truncatingIfNeeded: 48 + code % 10))
        out.append(UInt8(ascii: isLast ? " " : "-"))
        if enhancedCodes, !enhanced.isEmpty {
            out += enhanced.utf8
            out.append(UInt8(ascii: " "))
        }
        out += text.utf8
        out += [0x0D, 0x0A]
    }

    /// For the log: the code, the enhanced code and the first line.
    package var summary: String { enhanced.isEmpty ? "\(code) \(text)" : "\(code) \(enhanced) \(text)" }
}
