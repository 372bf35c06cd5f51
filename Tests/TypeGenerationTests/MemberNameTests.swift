import JSON
import Schema
import Testing

@testable import TypeGeneration

/// What a language makes of names that schemas have; that the sources compile is shown by `Tests/Clients/run`.
@Suite("Names of members in each language")
struct MemberNameTests {
    private func source(_ language: Language) throws -> String {
        let schema = #"""
            {"type":"object","required":["orderId","class","version"],"properties":{
              "orderId":{"type":"integer"},"class":{"type":"string"},"größe":{"type":"number"},"日本":{"type":"string"},
              "1a":{"type":"boolean"},"HTMLReport":{"type":"array","items":{"type":"string"}},
              "version":{"const":"v1"},"either":{"type":["integer","string"]},"\u202E#{x}":{"enum":["\n"]}}}
            """#
        let template = TemplateTypes(
            template: "order-shipped", schema: try Schema(parsing: try JSON(parsing: Array(schema.utf8))))
        return try #require(try language.files(for: [template]).last { $0.text.contains("order-shipped") }).text
    }

    @Test("Go exports what it names, and has a pointer to what may be left out")
    func go() throws {
        let text = try source(.go)
        for line in [
            "type OrderShipped struct {", "\tOrderId int64", "\tClass string", "\tGröße *float64", "\tX日本 *string",
            "\tX1a *bool", "\tHTMLReport []string", "\tEither *OrderShippedEither",
            "\tm.Add(\"version\", \"v1\")", "func OrderShippedEitherOfInteger(value int64) OrderShippedEither {",
        ] { #expect(text.contains("\n\(line)\n"), "\(line) in \(text)") }
        #expect(!text.unicodeScalars.contains("\u{202E}"))
    }

    @Test("Ruby has words of small letters, and no expression in a text")
    func ruby() throws {
        let text = try source(.ruby)
        for line in [
            "attr_reader :order_id", "attr_reader :class_", "attr_reader :größe", "attr_reader :html_report",
            "version: \"v1\",", ##"["x", "\u{202e}\#{x}", false]"##,
        ] { #expect(text.contains(line), "\(line) in \(text)") }
    }

    @Test("Java has what is required in the constructor, and no character that its lexer would read first")
    func java() throws {
        let text = try source(.java)
        for line in [
            "public static class OrderShipped implements Job.Content, Job.Encodable {",
            "public OrderShipped(long orderId, java.lang.String class_) {",
            "public OrderShipped HTMLReport(java.util.List<java.lang.String> value_) {",
            "public static OrderShippedEither of(long value) {", #"EMPTY("\012");"#,
        ] { #expect(text.contains(line), "\(line) in \(text)") }
        #expect(!text.contains("\\u000a"))
    }

    @Test("C# has properties, and takes each kind for a union")
    func csharp() throws {
        let text = try source(.csharp)
        for line in [
            "public long OrderId { get; set; }", "public double? Größe { get; set; }",
            "public OrderShipped(long orderId, string class_)", "members.Add(\"version\", \"v1\");",
            "public static implicit operator OrderShippedEither(string value)",
        ] { #expect(text.contains(line), "\(line) in \(text)") }
    }
}
