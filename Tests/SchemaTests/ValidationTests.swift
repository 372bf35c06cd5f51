import JSON
import Testing

@testable import Schema

@Suite("Schema validation")
struct ValidationTests {
    @Test(
        "Says where a value does not fit, what was expected and what was found",
        arguments: [
            (#"{"type":"string"}"#, "5", ["the value: expected a string, found 5"]),
            (
                #"{"type":["string","null"]}"#, "[1]",
                ["the value: expected a string or null, found an array of 1 element"]
            ),
            (#"{"type":"integer"}"#, "1.5", ["the value: expected an integer, found 1.5"]),
            (
                #"{"properties":{"a/b":{"items":{"minLength":2}}}}"#, #"{"a/b":["ok","x"]}"#,
                ["/a~1b/1: expected at least 2 characters, found \"x\" of 1 character"]
            ),
            (
                #"{"required":["a","b"]}"#, #"{"c":1}"#,
                [
                    "the value: expected a property 'a', found an object with 1 property without it",
                    "the value: expected a property 'b', found an object with 1 property without it",
                ]
            ),
            (
                #"{"properties":{"name":{}},"additionalProperties":false}"#, #"{"nmae":1}"#,
                ["/nmae: unknown property; did you mean 'name'?"]
            ),
            (#"{"additionalProperties":{"type":"null"}}"#, #"{"x":1}"#, ["/x: expected null, found 1"]),
            (#"{"enum":["red","green"]}"#, #""blue""#, [#"the value: expected one of "red", "green", found "blue""#]),
            (#"{"const":{"a":1}}"#, "1", [#"the value: expected {"a":1}, found 1"#]),
            (#"{"pattern":"^a+$"}"#, #""b""#, [#"the value: expected a string that matches ^a+$, found "b""#]),
            (
                #"{"format":"date"}"#, #""2026-02-30""#,
                [#"the value: expected a date such as 2026-11-23, found "2026-02-30""#]
            ),
            (
                #"{"minItems":1,"maxItems":2}"#, "[1,2,3]",
                ["the value: expected at most 2 elements, found an array of 3 elements"]
            ),
            (
                #"{"uniqueItems":true}"#, "[1,2,1.0]",
                ["the value: expected elements that all differ, found elements 0 and 2 equal"]
            ),
            (
                #"{"maxProperties":0}"#, #"{"a":1}"#,
                ["the value: expected at most 0 properties, found an object with 1 property"]
            ),
            ("false", "1", ["the value: expected nothing, found 1"]),
            (
                #"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, "1",
                ["the value: expected a string, or null, found 1"]
            ),
            (
                #"{"anyOf":[{"type":"string"},{"properties":{"a":{"type":"null"}}}]}"#, #"{"a":1}"#,
                ["/a: expected null, found 1"]
            ),
            (
                #"{"oneOf":[{"type":"number"},{"minimum":5}]}"#, "7",
                ["the value: expected a value that fits only one of 2 alternatives, found 7"]
            ),
            (
                #"{"allOf":[{"minimum":5},{"multipleOf":2}]}"#, "3",
                ["the value: expected a number of at least 5, found 3", "the value: expected a multiple of 2, found 3"]
            ),
        ] as [(String, String, [String])])
    func reports(schema: String, value: String, violations: [String]) throws {
        #expect(try Schema(schema).report(value) == violations)
    }

    @Test(
        "Takes numbers as they are written",
        arguments: [
            (#"{"type":"integer"}"#, "1.0", true), (#"{"type":"integer"}"#, "1e0", true),
            (#"{"type":"integer"}"#, "10e-1", true), (#"{"type":"integer"}"#, "1e-1", false),
            (#"{"type":"integer"}"#, "-0.0", true), (#"{"const":0}"#, "-0e99999999999999999999", true),
            (#"{"const":12345678901234567890}"#, "12345678901234567891", false),
            (#"{"const":12345678901234567890}"#, "1234567890123456789e1", true),
            (#"{"const":0.1}"#, "0.10000000000000000001", false),
            (#"{"maximum":12345678901234567890}"#, "12345678901234567891", false),
            (#"{"maximum":12345678901234567890}"#, "12345678901234567890.0", true),
            (#"{"exclusiveMinimum":-1e400}"#, "-1e400", false), (#"{"exclusiveMinimum":-1e400}"#, "-9.9e399", true),
            (#"{"minimum":-2}"#, "-10", false), (#"{"minimum":0.5}"#, "0", false), (#"{"maximum":-0.5}"#, "0", false),
            (#"{"exclusiveMaximum":100}"#, "99.9999999999999999999999", true),
            (#"{"multipleOf":0.01}"#, "19.99", true), (#"{"multipleOf":0.01}"#, "4.355", false),
            (#"{"multipleOf":0.3}"#, "1e1000000000", false), (#"{"multipleOf":3e-1}"#, "9e1000000000", true),
            (#"{"multipleOf":7}"#, "-14000000000000000000000", true),
            (#"{"multipleOf":999999999999999999}"#, "999999999999999998000000000000000001", true),
            (#"{"multipleOf":999999999999999999}"#, "999999999999999998000000000000000002", false),
            (#"{"multipleOf":0.123456789}"#, "1e308", false), (#"{"multipleOf":10}"#, "25", false),
            (#"{"minimum":0}"#, "1e9999999999", false), (#"{"type":"number"}"#, "1e9999999999", true),
        ] as [(String, String, Bool)])
    func numbers(schema: String, value: String, isValid: Bool) throws {
        #expect(try Schema(schema).report(value).isEmpty == isValid)
    }

    @Test(
        "Compares strings by code points, counts them in code points",
        arguments: [
            (#"{"const":"\u00e9"}"#, #""e\u0301""#, false), (#"{"enum":["\u00e9"]}"#, #""\u00e9""#, true),
            (#"{"uniqueItems":true}"#, #"["\u00e9","e\u0301"]"#, true),
            (#"{"maxLength":1}"#, #""e\u0301""#, false), (#"{"maxLength":2}"#, #""👩‍👩""#, false),
            (#"{"minLength":1,"maxLength":1}"#, #""😀""#, true), (#"{"pattern":"^.$"}"#, #""😀""#, true),
            (#"{"uniqueItems":true}"#, #"[{"a":1,"b":2},{"b":2.0,"a":1}]"#, false),
            (#"{"uniqueItems":true}"#, #"[["1:a"],["1","a"],[["a"]],"[", {"":""}, 0, false, null]"#, true),
        ] as [(String, String, Bool)])
    func strings(schema: String, value: String, isValid: Bool) throws {
        #expect(try Schema(schema).report(value).isEmpty == isValid)
    }

    @Test("Stops after ten violations, always the same ones")
    func bounded() throws {
        let schema = try Schema(#"{"items":{"type":"string"}}"#)
        let value = JSON.array((0..<1000).map { .number(.init($0)) })
        let violations = schema.validate(value)
        #expect(violations.count == Schema.violationLimit)
        #expect(violations.map(\.pointer) == (0..<10).map { "/\($0)" })
        #expect(schema.validate(value) == violations)
    }

    @Test("Shortens what it found and keeps it on one line")
    func safe() throws {
        let hostile = "a\n\u{1B}[31m\u{202E}" + String(repeating: "x", count: 1_000_000)
        let schema = try Schema(#"{"additionalProperties":{"type":"null"}}"#)
        let value = JSON.object(.init([(hostile, .string(hostile))]))
        let violation = try #require(schema.validate(value).first)
        #expect(violation.found.unicodeScalars.count < 70)
        #expect(violation.description.unicodeScalars.count < 400)
        #expect(!violation.description.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{202E}" })
    }
}
