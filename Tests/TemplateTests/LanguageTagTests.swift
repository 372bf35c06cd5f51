import Testing

@testable import Template

@Suite("Languages of a job")
struct LanguageTagTests {
    @Test(
        "What LANG says is a language and a territory",
        arguments: [
            ("de-AT", ["de-at", "de"]), ("de_AT", ["de-at", "de"]), ("de_AT.UTF-8", ["de-at", "de"]),
            ("de_AT.utf8@euro", ["de-at", "de"]), ("de@euro", ["de"]), ("de.ISO-8859-1", ["de"]), ("C.UTF-8", []),
            ("POSIX", []), ("", []), (".UTF-8", []), ("de_\u{308}AT", []), ("d\u{E9}", []),
        ])
    func fallbacks(locale: String, tags: [String]) {
        #expect(LanguageTag.fallbacks(for: locale).map(\.text) == tags)
    }
}
