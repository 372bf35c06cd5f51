internal import Configuration
package import Spool
internal import Text

/// A line of `on_event`: which outcomes are told to the program of which template.
package struct EventRule: Equatable, Sendable {
    package let template: String
    package let words: Set<Outcome.Word>

    package init(template: String, words: Set<Outcome.Word>) {
        self.template = template
        self.words = words
    }

    /// Reads all lines `on_event = TEMPLATE [WORD ...]`; without words a line asks for all.
    static func rules(_ section: inout ConfigurationSection) throws(ConfigurationError) -> [EventRule] {
        var rules: [EventRule] = []
        for entry in section.entries(of: "on_event") {
            func fault(_ reason: String) -> ConfigurationError {
                section.fault("'on_event': \(reason)", at: "on_event")
            }
            let texts = entry.value.utf8.split(whereSeparator: \.isBlank).map { String(decoding: $0, as: UTF8.self) }
            guard let template = texts.first, JobID(template) != nil else {
                throw fault("expected the name of a template, then outcomes")
            }
            var words: Set<Outcome.Word> = []
            for text in texts.dropFirst() {
                guard let word = Outcome.Word(rawValue: text) else {
                    let known = Outcome.Word.allCases.map(\.rawValue).joined(separator: ", ")
                    throw fault("'\(text)' is not one of \(known)")
                }
                words.insert(word)
            }
            guard !rules.contains(where: { $0.template.isExactly(template) }) else {
                throw fault("two lines for '\(template)'; one has all its outcomes")
            }
            rules.append(EventRule(template: template, words: words.isEmpty ? Set(Outcome.Word.allCases) : words))
        }
        return rules
    }
}
