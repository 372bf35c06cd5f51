import Testing

@testable import Configuration

@Suite("Configuration file")
struct ConfigurationFileTests {
    @Test("Reads sections, entries and comments, and keeps their lines")
    func reads() throws {
        let file = try ConfigurationFile(
            parsing: """
                # the daemon
                spool = /var/spool/outspool\r
                from="Shop #1" <shop@example.com>   # who sends

                [relay main] # preferred
                url = smtp://[::1]:2525
                \t# indented comment
                color = red#1
                [headers]
                X-Campaign = a=b
                """, name: "etc/outspool.conf")
        #expect(
            file.main.entries == [
                ConfigurationEntry(key: "spool", value: "/var/spool/outspool", line: 2, column: 9),
                ConfigurationEntry(key: "from", value: "\"Shop #1\" <shop@example.com>", line: 3, column: 6),
            ])
        #expect(file.sections.map(\.header) == ["[relay main]", "[headers]"])
        #expect(file.sections("relay").map(\.name) == ["main"])
        #expect(file.sections.map(\.line) == [5, 9])
        #expect(
            file.sections[0].entries == [
                ConfigurationEntry(key: "url", value: "smtp://[::1]:2525", line: 6, column: 7),
                ConfigurationEntry(key: "color", value: "red#1", line: 8, column: 9),
            ])
        #expect(file.sections[1].entries == [ConfigurationEntry(key: "X-Campaign", value: "a=b", line: 10, column: 14)])
    }

    @Test("An empty file has an empty main section")
    func empty() throws {
        let file = try ConfigurationFile(parsing: "", name: "x")
        #expect(file.main.entries.isEmpty)
        #expect(file.sections.isEmpty)
    }

    @Test(
        "Refuses what is malformed, and says where",
        arguments: [
            ("a = 1\n  b = 2", "f:2: a line that begins with white space; a value stays on one line"),
            ("a", "f:1: neither 'key = value' nor '[section]' nor '# comment'"),
            ("a =", "f:1: 'a' has no value"),
            ("a = # b", "f:1: 'a' has no value"),
            ("a b = 1", "f:1: 'a b' is not a key: letters, digits, '_' and '-'"),
            (" ", nil), ("= 1", "f:1: '' is not a key: letters, digits, '_' and '-'"),
            ("a = 1\n\na = 2", "f:3: 'a' is set twice, first on line 1"),
            ("[a]\nx = 1\n[b]\nx = 1\n[a]", "f:5: [a] is there twice, first on line 1"),
            ("[a b]\n[a  b]", "f:2: [a b] is there twice, first on line 1"),
            ("[a b]\n[a c]\n[b]\n[a]", nil),
            ("[a", "f:1: a section header without ']'"),
            ("[a] b", "f:1: text after a section header"), ("[a]#b", "f:1: text after a section header"),
            ("[]", "f:1: a section header is '[kind]' or '[kind name]'"),
            ("[a b c]", "f:1: a section header is '[kind]' or '[kind name]'"),
            ("[a ../x]", "f:1: a section header is '[kind]' or '[kind name]'"),
            ("a = \u{1}", "f:1: a control character"), ("a = 1\rb = 2", "f:1: a control character"),
        ] as [(String, String?)])
    func refuses(text: String, error expected: String?) {
        do {
            _ = try ConfigurationFile(parsing: text, name: "f")
            #expect(expected == nil)
        } catch {
            #expect(error.description == expected)
        }
    }

    @Test("Refuses bytes that are not UTF-8")
    func refusesInvalidUTF8() {
        #expect(throws: ConfigurationError(file: "f", line: 2, reason: "not valid UTF-8")) {
            try ConfigurationFile(parsing: Array("a = 1\nb = ".utf8) + [0xFF], name: "f")
        }
    }

    @Test("Refuses a section nobody knows")
    func refusesUnknownSection() throws {
        let file = try ConfigurationFile(parsing: "[relay a]\n[rely b]", name: "f")
        #expect(
            throws: ConfigurationError(file: "f", line: 2, reason: "unknown section [rely b]; did you mean 'relay'?")
        ) {
            try file.refuseSections(otherThan: ["relay"])
        }
        try file.refuseSections(otherThan: ["relay", "rely"])
    }
}
