import JSON
import Testing

@testable import Schema

@Suite("Looking into a schema")
struct PlaceTests {
    private let order: Schema

    init() throws {
        order = try Schema(
            """
            {"title": "Order", "type": "object", "required": ["order", "lines", "note"],
             "$defs": {"line": {"type": "object", "required": ["sku"],
                                "properties": {"sku": {"type": "string"},
                                               "parts": {"items": {"$ref": "#/$defs/line"}}}}},
             "properties": {
               "order": {"allOf": [{"type": "object", "properties": {"id": {"type": "integer"}}},
                                   {"required": ["id"]}]},
               "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
               "who": {"anyOf": [{"required": ["name", "a"], "properties": {"name": {"type": "string"}}},
                                 {"required": ["name"], "properties": {"name": {"type": "null"}, "b": {}}}]},
               "count": {"type": ["integer", "null"]}, "size": {"enum": ["S", 1]}},
             "additionalProperties": {"type": "boolean"}}
            """)
    }

    @Test("Goes through references and combinations by name")
    func places() throws {
        let root = order.place
        #expect(root.names == ["order", "lines", "who", "count", "size", "note"])
        #expect(root.requires("order") && root.requires("note") && !root.requires("who"))
        let id = try #require(root.property("order")?.property("id"))
        #expect(id.kinds == .integer)
        #expect(try #require(root.property("order")).requires("id"))
        let sku = try #require(root.property("lines")?.element?.property("parts")?.element?.property("sku"))
        #expect(sku.kinds.names == ["string"])
        let who = try #require(root.property("who"))
        #expect(who.names == ["name", "a", "b"])
        #expect(who.requires("name") && !who.requires("a") && !who.requires("b"))
        #expect(who.property("c") == nil)
        #expect(root.property("anything")?.kinds == .boolean)
        #expect(root.property("count")?.kinds.names == ["integer", "null"])
        #expect(root.property("size")?.kinds == [.string, .integer])
        #expect(root.property("count")?.element == nil)
    }

    @Test("Walks over schemas as they are written")
    func subschemas() throws {
        let root = order.root
        #expect(root["title"] == "Order")
        #expect(root.properties.map(\.name) == ["order", "lines", "who", "count", "size", "note"])
        #expect(root.properties.map(\.isRequired) == [true, true, false, false, false, true])
        #expect(root.properties.last?.schema == nil)
        let lines = try #require(root.properties[1].schema)
        #expect(lines.pointer == "/properties/lines")
        #expect(lines.items?.reference?.pointer == "/$defs/line")
        #expect(order.definitions.map(\.name) == ["line"])
        #expect(order.definitions.first?.schema.properties.map(\.name) == ["sku", "parts"])
        #expect(root.properties[2].schema?.anyOf.count == 2)
        #expect(
            root.properties[0].schema?.allOf.map(\.pointer) == [
                "/properties/order/allOf/0", "/properties/order/allOf/1",
            ])
        #expect(root.additional?.kinds == .boolean)
        #expect(try Schema(#"{"additionalProperties":false}"#).root.additional?.isNever == true)
    }
}
