import JSON
import Scratch
import Testing

@testable import Schema

@Suite("What hostile schemas and values cost", .serialized, .ownThreads)
struct SchemaCostTests {
    /// Generous for a debug build on a busy machine; without the bounds these take hours.
    private func isQuick(_ body: () throws -> Void) rethrows -> Bool {
        try ContinuousClock().measure { try body() } < .seconds(30)
    }

    private func nested(_ depth: Int, _ innermost: JSON = 1) -> JSON {
        (0..<depth).reduce(innermost) { value, _ in [value] }
    }

    @Test("A recursion that branches costs a bounded amount")
    func branching() throws {
        let schema = try Schema(##"{"type":"array","items":{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}}"##)
        let quick = isQuick {
            #expect(
                schema.validate(nested(JSON.depthLimit)).map(\.expected) == [
                    "a value that can be checked with less work"
                ])
        }
        #expect(quick)
        #expect(schema.validate(nested(3, [])).isEmpty)
    }

    @Test("Many ways to the same definition cost a bounded amount")
    func widening() throws {
        let doubled = (0..<15).map {
            ##""d\##($0)":{"allOf":[{"$ref":"#/$defs/d\##($0 + 1)"},{"$ref":"#/$defs/d\##($0 + 1)"}]}"##
        }
        let definitions = (doubled + [#""d15":{"required":["x"]}"#]).joined(separator: ",")
        let schema = try Schema(##"{"$defs":{\##(definitions)},"items":{"$ref":"#/$defs/d0"}}"##)
        let place = try #require(schema.place.element)
        #expect(place.requires("x"))
        let objects = JSON.array(Array(repeating: ["x": 1], count: 1000))
        let quick = isQuick { #expect(schema.validate(objects).count == 1) }
        #expect(quick)
        #expect(schema.masked(objects) == objects)
    }

    @Test("A value deeper than any mail's is refused, not followed")
    func depth() throws {
        let schema = try Schema(##"{"items":{"allOf":[{"$ref":"#"}]}}"##)
        #expect(schema.validate(nested(JSON.depthLimit)).isEmpty)
        #expect(schema.validate(nested(5000)).map(\.expected) == ["a value that nests less deeply"])
    }

    @Test(
        "Large values cost no square",
        arguments: [
            (#"{"uniqueItems":true}"#, JSON.array((0..<50_000).map { .number(.init($0)) })),
            (
                #"{"additionalProperties":false,"properties":{"a":{}}}"#,
                JSON.object(.init((0..<50_000).map { ("k\($0)", JSON.null) }))
            ),
            (#"{"required":["k49999","nope"]}"#, JSON.object(.init((0..<50_000).map { ("k\($0)", JSON.null) }))),
            (#"{"multipleOf":7}"#, JSON.number(.init(text: String(repeating: "7", count: 1_000_000)))),
            (#"{"pattern":"^(a|a)*(a|b?)*c$"}"#, JSON.string(String(repeating: "a", count: 100_000))),
            (#"{"pattern":"(x+x+)+y"}"#, JSON.string(String(repeating: "x", count: 100_000))),
            (#"{"pattern":"a{5000}b"}"#, JSON.string(String(repeating: "a", count: 1_000_000))),
            (#"{"format":"ipv6"}"#, JSON.string(String(repeating: ":", count: 1_000_000))),
            (#"{"format":"duration"}"#, JSON.string("P" + String(repeating: "1D", count: 500_000))),
            (#"{"format":"uri"}"#, JSON.string("a:" + String(repeating: "%41", count: 300_000) + "[")),
            (#"{"format":"email"}"#, JSON.string(String(repeating: "@", count: 1_000_000))),
            (#"{"enum":[[1]]}"#, JSON.array(Array(repeating: [[[]]], count: 50_000))),
        ] as [(String, JSON)])
    func large(schema: String, value: JSON) throws {
        let schema = try Schema(schema)
        let quick = isQuick { _ = schema.validate(value) }
        #expect(quick)
    }
}
