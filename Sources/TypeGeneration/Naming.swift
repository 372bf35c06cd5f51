/// The words of a name that stand for themselves in an identifier of every language here:
/// ASCII, and letters that no language here reads as another letter.
private func words(of name: String) -> [String] {
    name.unicodeScalars.split { !isIdentifierPart($0) }.map { String($0) }
}

private func isIdentifierPart(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    // Latin, Greek, Cyrillic, kana, Han, Hangul; without what Python's NFKC would change.
    case 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x131, 0x134...0x13E, 0x141...0x148, 0x14A...0x17E: true
    case 0x388...0x38A, 0x38C, 0x38E...0x3A1, 0x3A3...0x3CE, 0x400...0x481, 0x48A...0x527: true
    case 0x3041...0x3096, 0x30A1...0x30FA, 0x4E00...0x9FEF, 0xAC00...0xD7A3: true
    default: false
    }
}

/// Whether a name is an identifier everywhere, keywords apart; two underscores mean something
/// to Python and PHP.
func isIdentifier(_ name: String) -> Bool {
    let scalars = name.unicodeScalars
    let head = scalars.first == "_" ? scalars.dropFirst() : scalars[...]
    guard let first = head.first, isIdentifierPart(first), !(0x30...0x39).contains(first.value) else { return false }
    return head.allSatisfy { isIdentifierPart($0) || $0 == "_" }
}

/// `order-shipped` and `orderShipped` become `OrderShipped`.
func pascal(_ name: String) -> String { pascal([name]) }

/// The name of a type at the end of a path.
func pascal(_ path: [String]) -> String {
    let words = path.flatMap(words)
    return words.isEmpty ? "Empty" : headed(words.map(capitalized).joined())
}

/// `order-id` becomes `orderId`, `DHL` `dhl`.
func camel(_ name: String) -> String {
    let words = words(of: name)
    return headed((words.prefix(1).map(uncapitalized) + words.dropFirst().map(capitalized)).joined())
}

/// `order-id` becomes `order_id`.
func snake(_ name: String) -> String { headed(words(of: name).joined(separator: "_")) }

/// No identifier begins with a digit, or is empty.
private func headed(_ name: String) -> String {
    guard let first = name.unicodeScalars.first else { return "empty" }
    return (0x30...0x39).contains(first.value) ? "_" + name : name
}

private func capitalized(_ word: String) -> String {
    word.prefix(1).uppercased() + word.dropFirst()  // exact: no marks
}

/// The capitals that a word begins with become small, the last of several only if nothing follows.
private func uncapitalized(_ word: String) -> String {
    let capitals = word.prefix { $0.isUppercase }
    if capitals.count < 2 || capitals.count == word.count {
        return capitals.lowercased() + word.dropFirst(capitals.count)  // exact: no marks
    }
    return capitals.dropLast().lowercased() + word.dropFirst(capitals.count - 1)  // exact: no marks
}

/// Names that live side by side: each is given once, and none that the language keeps for itself.
struct NameScope {
    /// Python takes names that are canonically equivalent for one, as a Swift string does.
    private var taken: Set<String>  // exact: see above
    private let ignoresCase: Bool

    init(reserved: some Sequence<String>, ignoresCase: Bool = false) {
        self.ignoresCase = ignoresCase
        taken = Set(reserved.map { ignoresCase ? $0.lowercased() : $0 })  // exact: see above
    }

    /// The name itself, or `name_`, `name_2`, `name_3` …
    mutating func claim(_ name: String) -> String {
        var claimed = name
        var number = 1
        while !taken.insert(ignoresCase ? claimed.lowercased() : claimed).inserted {  // exact: see above
            claimed = number == 1 ? "\(name)_" : "\(name)_\(number)"
            number += 1
        }
        return claimed
    }
}

/// The names of types in a language where all live side by side, by template and declaration.
///
/// The templates' own come first, so that a name inside one never changes that of another.
/// - Parameter spelled: what the language makes of a name, such as ``capitalHeaded(_:)``.
func flatNames(
    _ templates: [TemplateTypes], reserved: some Sequence<String>, spelled: (String) -> String = { $0 }
) -> [[String]] {
    var scope = NameScope(reserved: reserved, ignoresCase: true)
    let roots = templates.map { scope.claim(spelled(pascal($0.name))) }
    return zip(templates, roots).map { template, root in
        [root] + template.declarations.dropFirst().map { scope.claim(spelled(pascal([template.name] + $0.path))) }
    }
}

/// The name with a capital in front, which not every script has: exported in Go, a constant in Ruby.
func capitalHeaded(_ name: String) -> String {
    guard let first = name.unicodeScalars.first else { return "X" }
    if first.properties.generalCategory == .uppercaseLetter { return name }
    return "X" + (first == "_" ? String(name.unicodeScalars.dropFirst()) : name)
}
