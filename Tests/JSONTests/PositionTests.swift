import Testing

@testable import JSON

@Suite("Positions in a text")
struct PositionTests {
    private static let text = """
        {"a": [1, {"b":2}, "]"],
          "ü/~": {"x\\"y": null, "é": [[], [ true ]]},
          "e":{}, "f": "}",
          "last": 0
        }
        """

    @Test(
        "A pointer leads to the member's name or the element",
        arguments: [
            ("", 1, 1), ("/a", 1, 2), ("/a/0", 1, 8), ("/a/1", 1, 11), ("/a/1/b", 1, 12), ("/a/2", 1, 20),
            ("/ü~1~0", 2, 3), ("/ü~1~0/x\"y", 2, 12), ("/ü~1~0/é/1/0", 2, 39), ("/e", 3, 3), ("/f", 3, 11),
            ("/last", 4, 3),
            // As far as it leads.
            ("/nothing", 1, 1), ("/a/7", 1, 2), ("/a/x", 1, 2), ("/a/-1", 1, 2), ("/e/x", 3, 3), ("/last/x/y", 4, 3),
            ("/a/0/b", 1, 8),
        ])
    func finds(pointer: String, line: Int, column: Int) {
        #expect(JSON.position(of: pointer, in: Array(Self.text.utf8)) == .init(line: line, column: column))
    }

    @Test(
        "Of what is not JSON it says something within it",
        arguments: [
            "", "{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":\"\\", "{\"b\":[[[", "[", "[,", "}", "{\"a\\", "{,}", "{{",
        ])
    func malformed(text: String) {
        for pointer in ["", "/a", "/0", "/a/0/b"] {
            let position = JSON.position(of: pointer, in: Array(text.utf8))
            #expect(position.line == 1 && (1...(text.utf8.count + 1)).contains(position.column))
        }
    }
}
