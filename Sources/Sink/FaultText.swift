internal import Text

/// The text of a fault: `PHASE[(ADDRESS)]=ACTION[:COUNT]`.
extension Fault {
    /// Understands `rcpt(zoe@example.com)=451 4.7.1 Greylisted:1/rcpt`.
    ///
    /// COUNT is the last colon and a number, `*` or `N/rcpt`; a reply's `\n` begins a new line.
    package init(_ text: String) throws(UsageError) {
        guard let equals = text.firstIndex(of: "=") else {
            throw UsageError("--fail \(text): PHASE=ACTION[:COUNT] is needed")
        }
        var name = text[..<equals]
        var address: String?
        if let open = name.firstIndex(of: "("), name.last == ")" {
            address = name[name.index(after: open)..<name.index(before: name.endIndex)].lowercased()
            name = name[..<open]
        }
        guard let phase = Phase(rawValue: String(name)) else {
            let names = Phase.allCases.map(\.rawValue).joined(separator: " ")
            throw UsageError("--fail \(text): no phase '\(name)'; the phases are \(names)")
        }
        if let address, !phase.hasAddress || address.isEmpty {
            throw UsageError("--fail \(text): '\(phase.rawValue)' has no address to match")
        }
        let (actionText, limit) = try Self.limit(text[text.index(after: equals)...], of: text, in: phase)
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
        guard let colon = text.lastIndex(of: ":") else { return (text, .always) }
        var count = text[text.index(after: colon)...]
        let action = text[..<colon]
        if count == "*" { return (action, .always) }
        let isForEach = count.hasSuffix("/rcpt")
        if isForEach { count = count.dropLast(5) }
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
        guard digits.count == 3, digits.allSatisfy(\.isDigit), let code = Int(String(text.prefix(3))),
            (200...599).contains(code), next == nil || next == 0x20 || next == UInt8(ascii: "-")
        else {
            throw UsageError(
                "--fail \(whole): no action '\(text)'; a reply such as '451 4.7.1 Greylisted', or one of "
                    + "close reset silence drip garbage endless half early")
        }
        if text.utf8.contains(where: \.isControl) { throw UsageError("--fail: control character in the reply") }
        var lines = ""
        var rest = text
        while let escape = Self.lineBreak(in: rest) {
            lines += rest[..<escape] + "\r\n"
            rest = rest[escape...].dropFirst(2)
        }
        return .reply(code: code, lines: lines + rest + "\r\n")
    }

    /// Where `\n`, the two characters, begins.
    private static func lineBreak(in text: Substring) -> Substring.Index? {
        text.indices.first { text[$0...].hasPrefix("\\n") }
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
