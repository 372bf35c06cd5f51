import JSON
import Testing

@testable import Schema

/// The official suite's tests of `$ref` are about other documents and anchors too, which are not supported. This is
/// the table of what is: references into the same document.
@Suite("Local references")
struct SchemaReferenceTests {
    @Test(
        "Follows them, to whatever is a schema",
        arguments: [
            (
                "a definition", ##"{"$defs":{"p":{"type":"integer"}},"properties":{"a":{"$ref":"#/$defs/p"}}}"##,
                ##"{"a":"x"}"##, ["/a: expected an integer, found \"x\""]
            ),
            (
                "a definition that fits",
                ##"{"$defs":{"p":{"type":"integer"}},"properties":{"a":{"$ref":"#/$defs/p"}}}"##,
                ##"{"a":1}"##, []
            ),
            (
                "a definition inside another schema",
                ##"{"properties":{"a":{"$defs":{"p":{"type":"null"}},"items":{"$ref":"#/properties/a/$defs/p"}}}}"##,
                ##"{"a":[1]}"##, ["/a/0: expected null, found 1"]
            ),
            (
                "tilde and percent escapes",
                ##"{"$defs":{"a~/%\"":{"type":"null"}},"items":{"$ref":"#/$defs/a~0~1%25%22"}}"##,
                "[1]", ["/0: expected null, found 1"]
            ),
            (
                "an escaped tilde before a digit",
                ##"{"$defs":{"~1":{"type":"null"}},"items":{"$ref":"#/$defs/~01"}}"##,
                "[1]", ["/0: expected null, found 1"]
            ),
            (
                "UTF-8, escaped and not",
                ##"{"$defs":{"ü":{"type":"null"},"é":{"type":"null"}},"properties":{"a":{"##
                    + ##""$ref":"#/$defs/%C3%BC"},"b":{"$ref":"#/$defs/é"}}}"##,
                ##"{"a":1,"b":2}"##, ["/a: expected null, found 1", "/b: expected null, found 2"]
            ),
            (
                "an empty name", ##"{"$defs":{"":{"type":"null"}},"items":{"$ref":"#/$defs/"}}"##, "[1]",
                ["/0: expected null, found 1"]
            ),
            (
                "a property", ##"{"properties":{"a":{"type":"null"},"b":{"$ref":"#/properties/a"}}}"##, ##"{"b":1}"##,
                ["/b: expected null, found 1"]
            ),
            (
                "a property called $ref", #"{"properties":{"$ref":{"type":"string"}}}"#, #"{"$ref":1}"#,
                ["/$ref: expected a string, found 1"]
            ),
            (
                "a property called properties",
                ##"{"properties":{"properties":{"type":"null"},"b":{"$ref":"#/properties/properties"}}}"##,
                ##"{"b":1}"##,
                ["/b: expected null, found 1"]
            ),
            (
                "an element of a list", ##"{"anyOf":[{"type":"null"},{"items":{"$ref":"#/anyOf/0"}}]}"##, "[null,2]",
                ["/1: expected null, found 2"]
            ),
            (
                "items", ##"{"properties":{"a":{"items":{"type":"null"}},"b":{"$ref":"#/properties/a/items"}}}"##,
                ##"{"b":1}"##, ["/b: expected null, found 1"]
            ),
            (
                "additionalProperties",
                ##"{"properties":{"b":{"$ref":"#/additionalProperties"}},"additionalProperties":{"type":"null"}}"##,
                ##"{"b":1,"c":2}"##, ["/b: expected null, found 1", "/c: expected null, found 2"]
            ),
            (
                "a boolean schema", ##"{"$defs":{"no":false},"properties":{"b":{"$ref":"#/$defs/no"}}}"##,
                ##"{"b":1}"##,
                ["/b: expected nothing, found 1"]
            ),
            (
                "keywords beside it count too",
                ##"{"items":{"$ref":"#/$defs/n","maximum":3},"$defs":{"n":{"$ref":"#/$defs/m"},"m":{"minimum":2}}}"##,
                "[1,2,4]",
                ["/0: expected a number of at least 2, found 1", "/2: expected a number of at most 3, found 4"]
            ),
            (
                "properties beside it count too",
                ##"{"$ref":"#/$defs/base","properties":{"b":{"type":"null"}},"$defs":{"base":{"required":["a"]}}}"##,
                ##"{"b":1}"##,
                [
                    "/b: expected null, found 1",
                    "the value: expected a property 'a', found an object with 1 property without it",
                ]
            ),
            (
                "annotations beside it say nothing",
                ##"{"items":{"$ref":"#/$defs/n","title":"t","default":7},"$defs":{"n":{"type":"null"}}}"##, "[7]",
                ["/0: expected null, found 7"]
            ),
            (
                "a value that looks like one is a value",
                ##"{"properties":{"a":{"const":{"$ref":"#/nowhere"}},"b":{"default":{"$ref":"#/nowhere"}}}}"##,
                ##"{"a":{"$ref":"#/nowhere"}}"##, []
            ),
            (
                "the whole document",
                ##"{"required":["v"],"properties":{"v":{"type":"integer"},"next":{"$ref":"#"}}}"##,
                #"{"v":1,"next":{"v":2,"next":{"next":{"v":"x"}}}}"#,
                [
                    "/next/next: expected a property 'v', found an object with 1 property without it",
                    "/next/next/next/v: expected an integer, found \"x\"",
                ]
            ),
            (
                "definitions that refer to each other",
                ##"{"$ref":"#/$defs/a","$defs":{"a":{"type":"array","items":{"$ref":"#/$defs/b"}},"##
                    + ##""b":{"properties":{"a":{"$ref":"#/$defs/a"}}}}}"##,
                ##"[{"a":[{"a":[]},{"a":1}]}]"##, ["/0/a/1/a: expected an array, found 1"]
            ),
        ] as [(String, String, String, [String])])
    func follows(what: String, schema: String, value: String, violations: [String]) throws {
        #expect(Set(try Schema(schema).report(value)) == Set(violations), "\(what)")
    }

    @Test(
        "Refuses what leads nowhere, and says where it stands",
        arguments: [
            (##"{"items":{"$ref":"#/$defs/b"}}"##, "#/items/$ref: no schema stands there"),
            (
                ##"{"$defs":{"address":{}},"items":{"$ref":"#/$defs/adress"}}"##,
                "#/items/$ref: no schema stands there; did you mean '/$defs/address'?"
            ),
            // What is at the end has to be a schema, not a list or a map of them, or a value.
            (
                ##"{"$defs":{"a":{}},"items":{"$ref":"#/$defs"}}"##,
                "#/items/$ref: no schema stands there; did you mean '/$defs/a'?"
            ),
            (
                ##"{"$defs":{"a":{}},"items":{"$ref":"#/$defs/a/"}}"##,
                "#/items/$ref: no schema stands there; did you mean '/$defs/a'?"
            ),
            (##"{"$ref":"#/enum/0","enum":[{}]}"##, "#/$ref: no schema stands there"),
            (##"{"default":{"type":"null"},"items":{"$ref":"#/default"}}"##, "#/items/$ref: no schema stands there"),
            (
                ##"{"allOf":[{}],"items":{"$ref":"#/allOf/1"}}"##,
                "#/items/$ref: no schema stands there; did you mean '/allOf/0'?"
            ),
            (
                ##"{"allOf":[{}],"items":{"$ref":"#/allOf"}}"##,
                "#/items/$ref: no schema stands there; did you mean '/allOf/0'?"
            ),
            // A pointer is one into the document, and does not go through references.
            (
                ##"{"$defs":{"a":{"properties":{"x":{}}},"b":{"$ref":"#/$defs/a"}},"items":{"##
                    + ##""$ref":"#/$defs/b/properties/x"}}"##,
                "#/items/$ref: no schema stands there; did you mean '/$defs/a/properties/x'?"
            ),
            // An escaped slash is a separator all the same: percent escapes are the URI's, tildes the pointer's.
            (
                ##"{"$defs":{"a/b":{}},"items":{"$ref":"#/$defs/a%2Fb"}}"##,
                "#/items/$ref: no schema stands there; did you mean '/$defs/a~1b'?"
            ),
            (##"{"$ref":"#/%4"}"##, "#/$ref: a malformed percent escape"),
            (##"{"$ref":"#/%FF"}"##, "#/$ref: a malformed percent escape"),
            (##"{"$ref":"#name"}"##, "#/$ref: anchors are not supported; write #/$defs/name"),
            (
                ##"{"$ref":"other.json#/a"}"##,
                "#/$ref: only references into the same document are supported, such as #/$defs/name"
            ),
            (#"{"$ref":""}"#, "#/$ref: only references into the same document are supported, such as #/$defs/name"),
            (#"{"$ref":{}}"#, "#/$ref: $ref is a string, not an object with 0 properties"),
            (##"{"$ref":"#"}"##, "#: refers to itself without going into the value"),
            (
                ##"{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"allOf":[{"$ref":"#/$defs/a"}]}}}"##,
                "#/$defs/a: refers to itself without going into the value"
            ),
        ])
    func refuses(text: String, fault: String) throws {
        let document = try JSON(parsing: text)
        do {
            let schema = try Schema(parsing: document)
            Issue.record("\(text) was taken: \(schema.root.kinds.names)")
        } catch {
            #expect(error.description == fault)
        }
    }
}
