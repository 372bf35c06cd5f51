internal import Text

/// A language tag (BCP 47) in lower case, such as `de-at`.
struct LanguageTag: Hashable, Sendable {
    let text: String

    /// Nil unless `text` is well-formed: parts of up to eight letters and digits, of which
    /// the first is at least two letters.
    init?(_ text: some StringProtocol) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard let first = parts.first, first.count >= 2, first.allSatisfy(\.isLetter),
            parts.allSatisfy({ (1...8).contains($0.count) && $0.allSatisfy(\.isLetterOrDigit) })
        else { return nil }
        self.text = text.lowercasedASCII
    }

    private init(lowercased text: Substring) { self.text = String(text) }

    /// The tags to look for, in order, when a job asks for `locale`: `de-AT` gives `de-at`
    /// and `de` (RFC 4647, section 3.4). None for what is not a tag, so that a job with a
    /// strange locale gets the default variant. What `LANG` says, `de_AT.UTF-8` or `de_AT@euro`, is understood too:
    /// language and territory, without codeset and modifier (POSIX, 8.2).
    static func fallbacks(for locale: String?) -> [LanguageTag] {
        guard let locale, locale.utf8.count <= 64 else { return [] }
        let name = locale.utf8.prefix { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "@") }
        let parts = name.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 }
        // POSIX is not a language, nor is C, which is too short for one.
        guard let tag = LanguageTag(String(decoding: parts, as: UTF8.self)), tag.text != "posix" else { return [] }
        var tags = [tag]
        var rest = tag.text[...]
        while let hyphen = rest.utf8.lastIndex(of: UInt8(ascii: "-")) {
            rest = rest[..<hyphen]
            tags.append(LanguageTag(lowercased: rest))
        }
        return tags
    }
}
