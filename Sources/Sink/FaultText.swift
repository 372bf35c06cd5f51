package import ServerSocket
internal import Text

/// The text of a fault: `PHASE[(ADDRESS)]=ACTION[:COUNT]`.
extension Fault {
    /// Understands `rcpt(zoe@example.com)=451 4.7.1 Greylisted:1/rcpt`.
    ///
    /// COUNT is the last colon and a number, `*` or `N/rcpt`; a reply's `\n` begins a new line.
    package init(_ text: String) throws(UsageError) {
        guard let (head, rest) = text.halves(at: "=") else {
            throw UsageError("--fail \(text): PHASE=ACTION[:COUNT] is needed")
        }
        var (name, address): (Substring, String?) = (head, nil)
        if let (phase, inner) = name.halves(at: "("), inner.ends(with: ")") {
            address = Substring(inner.utf8.dropLast()).lowercasedASCII
            name = phase
        }
        guard let phase = Phase(rawValue: String(name)) else {
            let names = Phase.allCases.map(\.rawValue).joined(separator: " ")
            throw UsageError("--fail \(text): no phase '\(name)'; the phases are \(names)")
        }
        if let address, !phase.hasAddress || address.isEmpty {
            throw UsageError("--fail \(text): '\(phase.rawValue)' has no address to match")
        }
        let (actionText, limit) = try Self.limit(rest, of: text, in: phase)
        let action = try Self.action(actionText, of: text)
        guard action.isPossible(in: phase) else {
            throw UsageError("--fail \(text): '\(actionText)' is not possible at '\(phase.rawValue)'")
        }
        if action == .early, address != nil {
            throw UsageError("--fail \(text): an early reply comes before its address is known")
        }
        self.init(phase: phase, address: address, action: action, limit: limit)
    }

    private static func limit(
        _ text: Substring, of whole: String, in phase: Phase
    ) throws(UsageError) -> (Substring, Limit) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return (text, .always) }
        var count = text[text.utf8.index(after: colon)...]
        let action = text[..<colon]
        if count.isExactly("*") { return (action, .always) }
        let isForEach = count.ends(with: "/rcpt")
        if isForEach { count = Substring(count.utf8.dropLast(5)) }
        guard !count.isEmpty, count.utf8.allSatisfy(\.isDigit) else {
            if isForEach { throw UsageError("--fail \(whole): COUNT/rcpt needs a number") }
            return (text, .always)
        }
        guard let number = Int(count), number > 0 else { throw UsageError("--fail \(whole): COUNT is 1 or more") }
        if isForEach, phase != .rcpt { throw UsageError("--fail \(whole): COUNT/rcpt is for the phase 'rcpt'") }
        return (action, isForEach ? .firstForEachRecipient(number) : .first(number))
    }

    private static func action(_ text: Substring, of whole: String) throws(UsageError) -> Action {
        switch text {
        case "close": return .close
        case "reset": return .reset
        case "silence": return .silence
        case "drip": return .drip
        case "garbage": return .garbage
        case "endless": return .endless
        case "half": return .half
        case "early": return .early
        default: break
        }
        let digits = text.utf8.prefix(3)
        let next = text.utf8.dropFirst(3).first
        guard digits.count == 3, digits.allSatisfy(\.isDigit), let code = Int(String(Substring(digits))),
            (200...599).contains(code), next == nil || next == 0x20 || next == UInt8(ascii: "-")
        else {
            throw UsageError(
                "--fail \(whole): no action '\(text)'; a reply such as '451 4.7.1 Greylisted', or one of "
                    + "close reset silence drip garbage endless half early")
        }
        if text.utf8.contains(where: \.isControl) { throw UsageError("--fail: control character in the reply") }
        // `\n`, the two characters, begins a line.
        var lines: [UInt8] = []
        for byte in text.utf8 {
            if byte == UInt8(ascii: "n"), lines.last == UInt8(ascii: "\\") {
                lines.removeLast()
                lines += "\r\n".utf8
            } else {
                lines.append(byte)
            }
        }
        return .reply(code: code, lines: String(decoding: lines, as: UTF8.self) + "\r\n")
    }
}

extension Fault.Action {
    func isPossible(in phase: Phase) -> Bool {
        switch (phase, self) {
        case (_, .close), (_, .reset), (_, .silence), (_, .garbage): true
        case (.tls, _): false
        case (_, .reply): true
        case (.connect, _): false
        case (.idle, .early), (.body, .early), (.greeting, .early): false
        default: true
        }
    }
}
