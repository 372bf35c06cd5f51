import JSON
import Testing

@testable import Schema

@Suite("Schema faults")
struct SchemaFaultTests {
    @Test(
        "Refuses what it cannot use, and says where and why",
        arguments: [
            ("5", "#: a schema is an object or a boolean, not 5"),
            (#"{"minLenght":3}"#, "#/minLenght: unknown keyword; did you mean 'minLength'?"),
            (
                #"{"properties":{"a/b":{"tpye":"string"}}}"#,
                "#/properties/a~1b/tpye: unknown keyword; did you mean 'type'?"
            ),
            (#"{"colour":1}"#, "#/colour: unknown keyword"),
            (#"{"not":{}}"#, "#/not: this keyword is not supported"),
            (#"{"items":{"patternProperties":{}}}"#, "#/items/patternProperties: this keyword is not supported"),
            (
                #"{"type":"strin"}"#,
                "#/type: \"strin\" is not one of string, integer,"
                    + " number, boolean, array, object, null; did you mean 'string'?"
            ),
            (#"{"type":[]}"#, "#/type: type lists nothing, so nothing fits"),
            (#"{"type":["string","string"]}"#, "#/type: string occurs twice"),
            (#"{"properties":[]}"#, "#/properties: properties is an object of schemas, not an array of 0 elements"),
            (#"{"properties":{"a":1}}"#, "#/properties/a: a schema is an object or a boolean, not 1"),
            (#"{"required":"a"}"#, "#/required: required is a list of names, not \"a\""),
            (#"{"required":["a",1]}"#, "#/required/1: a name is a string, not 1"),
            (#"{"required":["a","a"]}"#, "#/required/1: this name occurs twice"),
            (#"{"enum":1}"#, "#/enum: enum is a list of values, not 1"),
            (#"{"enum":[1,1.0]}"#, "#/enum: a value occurs twice"),
            (#"{"minimum":"1"}"#, "#/minimum: minimum is a number, not \"1\""),
            (#"{"maximum":1e9999999999}"#, "#/maximum: an exponent beyond ±1000000000"),
            (#"{"multipleOf":0}"#, "#/multipleOf: multipleOf is above 0 and has at most 18 digits, unlike 0"),
            (#"{"minLength":1.5}"#, "#/minLength: minLength is a whole number from 0 of at most 18 digits, not 1.5"),
            (#"{"maxItems":-1}"#, "#/maxItems: maxItems is a whole number from 0 of at most 18 digits, not -1"),
            (#"{"pattern":"(a"}"#, "#/pattern: '(' without ')' at character 3"),
            (#"{"pattern":"(?=a)"}"#, "#/pattern: lookaround is not supported at character 4"),
            (#"{"format":"e-mail"}"#, "#/format: unknown format \"e-mail\"; did you mean 'email'?"),
            (#"{"items":[{}]}"#, "#/items: a list of schemas; items is one schema for all elements"),
            (#"{"anyOf":[]}"#, "#/anyOf: anyOf is a list of at least one schema"),
            (#"{"uniqueItems":1}"#, "#/uniqueItems: uniqueItems is a boolean, not 1"),
            (#"{"writeOnly":"yes"}"#, "#/writeOnly: writeOnly is a boolean, not \"yes\""),
            (#"{"title":1}"#, "#/title: title is a string, not 1"),
            (#"{"examples":{}}"#, "#/examples: examples is a list, not an object with 0 properties"),
            (
                #"{"$schema":"http://json-schema.org/draft-07/schema#"}"#,
                "#/$schema: only https://json-schema.org/draft/2020-12/schema is supported"
            ),
            (#"{"items":{"$id":"x"}}"#, "#/items/$id: $id belongs to the whole document only"),
            (#"{"$id":"x#y"}"#, "#/$id: $id has no fragment"),
        ] as [(String, String)])
    func refuses(text: String, fault: String) throws {
        let document = try JSON(parsing: text)
        do {
            let schema = try Schema(parsing: document)
            Issue.record("\(text) was taken: \(schema.root.kinds.names)")
        } catch {
            #expect(error.description == fault)
        }
    }

    @Test("Takes what says nothing about values")
    func annotations() throws {
        let schema = try Schema(
            """
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/order",
             "$comment": "c", "title": "t", "description": "d", "default": 5, "examples": [1], "deprecated": true}
            """)
        #expect(schema.validate("anything").isEmpty)
    }

    @Test("Bounds references in a row")
    func boundsChains() throws {
        func chain(_ length: Int) throws -> Schema {
            let links =
                (0..<length).map { ##""d\##($0)":{"$ref":"#/$defs/d\##($0 + 1)"}"## } + [
                    ##""d\##(length)":{"type":"null"}"##
                ]
            return try Schema(##"{"$defs":{\##(links.joined(separator: ","))},"items":{"$ref":"#/$defs/d0"}}"##)
        }
        #expect(try chain(Compiler.chainLimit - 1).report("[1]") == ["/0: expected null, found 1"])
        #expect(throws: SchemaFault.self) { try chain(Compiler.chainLimit) }
        #expect(throws: SchemaFault.self) { try chain(5000) }
    }

    @Test("Bounds the number of schemas and the sum of patterns")
    func boundsSize() throws {
        let many = (0...Compiler.nodeLimit).map { #""p\#($0)":{}"# }.joined(separator: ",")
        #expect(throws: SchemaFault.self) { try Schema("{\"properties\":{\(many)}}") }
        let patterns = (0..<30).map { #""p\#($0)":{"pattern":"a{9000}"}"# }.joined(separator: ",")
        #expect(throws: SchemaFault.self) { try Schema("{\"properties\":{\(patterns)}}") }
    }
}
