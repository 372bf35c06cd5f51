internal import Text

/// The words of ``Phrases``, ready to be found in one pass.
struct PhraseSet: Sendable {
    private let automaton: PhraseAutomaton

    init(_ phrases: [String]) {
        var seen: Set<ExactText> = []
        automaton = PhraseAutomaton(
            phrases.map { $0.lowercasedASCII }.filter { seen.insert(ExactText($0)).inserted }.map { Array($0.utf8) })
    }

    /// Whether one of them is in the text, in any case of letters; any white space counts as one space.
    func isIn(_ text: some Sequence<UInt8>) -> Bool {
        var plain: [UInt8] = []
        for byte in text {
            if !byte.isSpace { plain.append(byte.lowercased) } else if plain.last != 0x20 { plain.append(0x20) }
        }
        var found = false
        automaton.find(in: plain) { _, _ in found = true }
        return found
    }

    static let original = PhraseSet(Phrases.original)
    static let bounceSubjects = PhraseSet(Phrases.bounceSubjects)
    static let bounceTexts = PhraseSet(Phrases.bounceTexts)
    static let delays = PhraseSet(Phrases.delays)
    static let daemons = PhraseSet(Phrases.daemons)
    static let autoReplySubjects = PhraseSet(Phrases.autoReplySubjects)
    static let complaintSubjects = PhraseSet(Phrases.complaintSubjects)
}
