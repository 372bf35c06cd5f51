import Testing

@testable import TypeGeneration

@Suite("Names in source code")
struct NamingTests {
    @Test(
        "Types, cases and attributes",
        arguments: [
            ("order-shipped", "OrderShipped", "orderShipped", "order_shipped"),
            ("orderShipped", "OrderShipped", "orderShipped", "orderShipped"),
            ("HTMLReport", "HTMLReport", "htmlReport", "HTMLReport"), ("DHL", "DHL", "dhl", "DHL"),
            ("2fa.code", "_2faCode", "_2faCode", "_2fa_code"), ("größe in m²", "GrößeInM", "größeInM", "größe_in_m"),
            ("", "Empty", "empty", "empty"), ("*/", "Empty", "empty", "empty"),
            ("__proto__", "Proto", "proto", "proto"),
        ])
    func forms(name: String, type: String, member: String, attribute: String) {
        #expect(pascal(name) == type)
        #expect(camel(name) == member)
        #expect(snake(name) == attribute)
        for made in [pascal(name), camel(name), snake(name)] { #expect(isIdentifier(made) || made.hasPrefix("_2")) }
    }

    @Test(
        "What is an identifier in every language",
        arguments: [
            ("a", true), ("_a1", true), ("größe", true), ("日本", true), ("1a", false), ("", false), ("_", false),
            ("__a", false), ("a-b", false), ("a b", false), ("a$b", false), ("ﬁ", false), ("a\u{202E}b", false),
            ("e\u{301}", false),
        ])
    func identifiers(name: String, isOne: Bool) { #expect(isIdentifier(name) == isOne) }

    @Test("A name is given once")
    func scope() {
        var scope = NameScope(reserved: ["class"])
        #expect(["a", "a", "a", "class", "A"].map { scope.claim($0) } == ["a", "a_", "a_2", "class_", "A"])
        var careless = NameScope(reserved: ["List"], ignoresCase: true)
        #expect(["a", "A", "list"].map { careless.claim($0) } == ["a", "A_", "list_"])
    }
}
