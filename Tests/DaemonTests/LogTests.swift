import JSON
import Testing

@testable import Daemon

@Suite("Log")
struct LogTests {
    @Test(
        "What a terminal or a log reader obeys is escaped, in both formats",
        arguments: [
            ("a\nb", "a\\u{a}b"), ("\u{1B}[31m", "\\u{1b}[31m"), ("a\u{7F}", "a\\u{7f}"), ("a\u{85}b", "a\\u{85}b"),
            ("\u{9B}31m", "\\u{9b}31m"), ("a\u{2028}b", "a\\u{2028}b"), ("a\u{202E}b", "a\\u{202e}b"),
            ("Zoë Müller", "Zoë Müller"), ("plain", "plain"),
        ])
    func escaped(text: String, shown: String) throws {
        #expect(Log.escaped(text) == shown)
        let line = Log.escapedJSON(JSON.string(text).text)
        #expect(line.unicodeScalars.allSatisfy { ![.control, .format, .lineSeparator].contains($0.properties.generalCategory) })
        #expect(try JSON(parsing: Array(line.utf8)).string == text)
    }
}
