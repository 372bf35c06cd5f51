import Testing

@testable import Text

@Suite("Suggestions")
struct SuggestionTests {
    @Test(
        "The nearest name within two slips is meant",
        arguments: [
            ("form", "from"), ("form2", nil), ("replyto", "reply_to"), ("Reply_To", "reply_to"),
            ("REPLYTO", "reply_to"),
            ("tt", "ttl"), ("t", nil), ("", nil), ("x", nil), ("colour", nil), ("ttl", "ttl"),
            (String(repeating: "f", count: 41), nil),
        ] as [(String, String?)])
    func nearestName(word: String, name: String?) {
        #expect(nearest(to: word, among: ["from", "reply_to", "ttl", "", String(repeating: "f", count: 42)]) == name)
    }

    @Test("Of several as near the first is taken, and a nearer one wins wherever it stands")
    func order() {
        #expect(nearest(to: "name", among: ["fame", "game", "lame"]) == "fame")
        #expect(nearest(to: "names", among: ["fame", "name"]) == "name")
        #expect(nearest(to: "name", among: [String]()) == nil)
    }

    @Test(
        "Distances",
        arguments: [
            ("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("form", "from", 2), ("abc", "abc", 0),
        ])
    func distances(left: String, right: String, distance: Int) {
        #expect(editDistance(Array(left.utf8), Array(right.utf8)) == distance)
        #expect(editDistance(Array(right.utf8), Array(left.utf8)) == distance)
    }

    @Test("What is suggested is printable, since schemas name it")
    func isPrintable() {
        #expect(suggestion(for: "name", among: ["\u{1B}name"]) == "; did you mean '\\u{1b}name'?")
        #expect(suggestion(for: "name", among: ["other"]) == "")
    }
}
