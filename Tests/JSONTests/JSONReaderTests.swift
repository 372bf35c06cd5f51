import JSON
import Scratch
import Testing

@Suite("JSON reader")
struct JSONReaderTests {
    @Test(
        "Reads what RFC 8259 allows",
        arguments: [
            ("null", JSON.null), (" true ", true), ("[1, -0.5e+3]", [1, .number(.init(text: "-0.5e+3"))]),
            ("{}", [:]), (#"{"a":{"b":[]}}"#, ["a": ["b": []]]),
            (#""\u00fc\ud83d\ude00\n\/""#, "ü😀\n/"), ("\"Zoë\"", "Zoë"),
            ("12345678901234567890.10", .number(.init(text: "12345678901234567890.10"))),
        ] as [(String, JSON)])
    func reads(text: String, value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
    }

    @Test(
        "Refuses what it does not, and says where",
        arguments: [
            ("", 1, 1), ("{", 1, 2), ("[1,]", 1, 4), ("01", 1, 2), ("1.", 1, 3), ("+1", 1, 1), ("nul", 1, 1),
            ("{\"a\":1,\n \"a\":2}", 2, 2), (#""\ud800""#, 1, 2), (#""\udc00x""#, 1, 2), ("\"a\nb\"", 1, 3),
            (#""\x""#, 1, 2), ("{'a':1}", 1, 2), ("1 2", 1, 3), ("\"abc", 1, 1),
        ])
    func refuses(text: String, line: Int, column: Int) {
        do {
            let value = try JSON(parsing: text)
            Issue.record("\(text) was read as \(value)")
        } catch {
            #expect(error.line == line)
            #expect(error.column == column)
        }
    }

    @Test("Refuses bytes that are not UTF-8")
    func refusesInvalidUTF8() {
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xFF, 0x22]) }
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xED, 0xA0, 0x80, 0x22]) }
    }

    @Test("Bounds the depth")
    func boundsDepth() throws {
        let limit = JSON.depthLimit
        _ = try JSON(parsing: String(repeating: "[", count: limit) + String(repeating: "]", count: limit))
        #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "[", count: 1_000_000)) }
    }

    @Test("Names and values are equal by code points", arguments: [0, 20])
    func codePoints(others: Int) throws {
        let more = (0..<others).map { #","\#($0)":0"# }.joined()
        let object = try #require(try JSON(parsing: #"{"\u00e9":1,"e\u0301":2\#(more)}"#).object)
        #expect(object["\u{E9}"] == 1)
        #expect(object["e\u{301}"] == 2)
        #expect(JSON.string("\u{E9}") != JSON.string("e\u{301}"))
        #expect(try JSON(parsing: #"{"K":1}"#) != JSON(parsing: #"{"\u212a":1}"#))
        #expect(JSON.position(of: "/e\u{301}", in: Array(#"{"\u00e9":1,"e\u0301":2}"#.utf8)).column == 13)
    }

    @Test("Finds a duplicate among many members")
    func findsDuplicateAmongMany() {
        let members = (0..<100).map { "\"k\($0)\":0" } + ["\"k42\":1"]
        #expect(throws: JSONError.self) { try JSON(parsing: "{\(members.joined(separator: ","))}") }
    }

    @Test("Stops at the end of the value")
    func readsPrefix() throws {
        let (value, end) = try JSON.prefix(of: Array("\n{\"a\":1}\n{\"event\":\"sent\"}\n".utf8))
        #expect(value == ["a": 1])
        #expect(end == 8)
    }

    @Test("Writes what it read")
    func roundTrip() throws {
        let text = #"{"a":[1.50,"ü\n\u0001\u2028😀",null,false],"b":{}}"#
        #expect(try JSON(parsing: text).text == text)
    }
}

@Suite("What the most values cost", .serialized, .ownThreads)
struct JSONCostTests {
    @Test("Bounds the number of values")
    func boundsValues() throws {
        func array(_ count: Int) -> String { "[" + String(repeating: "0,", count: count - 1) + "0]" }
        _ = try JSON(parsing: array(JSON.valueLimit - 1))
        #expect(throws: JSONError.self) { try JSON(parsing: array(JSON.valueLimit)) }
    }
}
