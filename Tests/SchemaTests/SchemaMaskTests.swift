import JSON
import Testing

@testable import Schema

@Suite("Secrets")
struct SchemaMaskTests {
    @Test(
        "Masks what may be writeOnly, wherever the schema says so",
        arguments: [
            (
                #"{"properties":{"pin":{"writeOnly":true},"name":{}}}"#, #"{"name":"Zoë","pin":1234}"#,
                #"{"name":"Zoë","pin":"***"}"#
            ),
            (
                #"{"items":{"properties":{"k":{"writeOnly":true}}}}"#, #"[{"k":[1]},{"x":{"k":2}},null]"#,
                #"[{"k":"***"},{"x":{"k":2}},null]"#
            ),
            (
                ##"{"$defs":{"s":{"writeOnly":true}},"properties":{"a":{"$ref":"#/$defs/s"}}}"##, ##"{"a":{"b":1}}"##,
                ##"{"a":"***"}"##
            ),
            (
                #"{"properties":{"a":{"anyOf":[{"type":"null"},{"type":"string","writeOnly":true}]}}}"#, #"{"a":"x"}"#,
                #"{"a":"***"}"#
            ),
            (
                #"{"allOf":[{"properties":{"a":{"minLength":9}}},{"properties":{"a":{"writeOnly":true}}}]}"#,
                #"{"a":"x"}"#,
                #"{"a":"***"}"#
            ),
            (
                #"{"additionalProperties":{"writeOnly":true},"properties":{"a":{}}}"#, #"{"a":1,"b":2}"#,
                #"{"a":1,"b":"***"}"#
            ),
            (
                ##"{"properties":{"s":{"writeOnly":true},"next":{"$ref":"#"}}}"##, ##"{"next":{"next":{"s":1}}}"##,
                #"{"next":{"next":{"s":"***"}}}"#
            ),
            (#"{"writeOnly":true}"#, "[1]", #""***""#),
            (#"{"properties":{"caf\u00e9":{"writeOnly":true}}}"#, #"{"cafe\u0301":1}"#, #"{"cafe\#u{301}":1}"#),
            (#"{"properties":{"a":{}}}"#, #"{"a":1.50}"#, #"{"a":1.50}"#),
        ] as [(String, String, String)])
    func masks(schema: String, value: String, masked: String) throws {
        #expect(try Schema(schema).masked(try JSON(parsing: value)).text == masked)
    }

    @Test(
        "Never tells a secret in a violation",
        arguments: [
            (
                #"{"properties":{"pin":{"type":"string","writeOnly":true}}}"#, #"{"pin":1234}"#,
                ["/pin: expected a string, found a secret"]
            ),
            (
                #"{"allOf":[{"properties":{"a":{"minLength":9}}},{"properties":{"a":{"writeOnly":true}}}]}"#,
                #"{"a":"hunter2"}"#,
                ["/a: expected at least 9 characters, found a secret"]
            ),
            (
                #"{"properties":{"a":{"writeOnly":true,"additionalProperties":false}}}"#, #"{"a":{"hunter2":{"x":1}}}"#,
                ["/a: unknown property"]
            ),
            (
                #"{"properties":{"a":{"anyOf":[{"type":"null"},{"enum":["x"],"writeOnly":true}]}}}"#,
                #"{"a":"hunter2"}"#,
                [#"/a: expected null, or "x", found a secret"#]
            ),
        ] as [(String, String, [String])])
    func tellsNot(schema: String, value: String, violations: [String]) throws {
        #expect(try Schema(schema).report(value) == violations)
    }

    @Test("Lists where secrets stand")
    func lists() throws {
        let schema = try Schema(
            """
            {"$defs": {"login": {"properties": {"user": {}, "password": {"writeOnly": true},
                                                "next": {"$ref": "#/$defs/login"}}}},
             "properties": {"login": {"$ref": "#/$defs/login"}, "to/ken": {"writeOnly": true},
                            "users": {"items": {"$ref": "#/$defs/login"}}},
             "additionalProperties": {"anyOf": [{"properties": {"key": {"writeOnly": true}}}]}}
            """)
        #expect(
            schema.secretPointers == [
                "/login/password", "/login/next/password", "/to~1ken", "/users/*/password", "/users/*/next/password",
                "/*/key",
            ])
        #expect(try Schema("{}").secretPointers == [])
    }
}
