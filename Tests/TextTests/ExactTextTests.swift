import Testing
import Text

/// Texts that Swift calls equal, and delimiters that it does not see, are told apart by their code points.
@Suite("Text by code points")
struct ExactTextTests {
    @Test(
        "Canonical equivalents are two texts",
        arguments: [("\u{E9}", "e\u{301}"), ("K", "\u{212A}"), (";", "\u{37E}"), ("\u{1E69}", "s\u{307}\u{323}")])
    func equivalents(left: String, right: String) {
        #expect(left == right)
        #expect(!left.isExactly(right))
        #expect(ExactText(left) != ExactText(right))
        #expect(Set([ExactText(left), ExactText(right), ExactText(left)]).count == 2)
        #expect([left].holds(exactly: left))
        #expect(![left].holds(exactly: right))
    }

    @Test("The order is that of code points")
    func order() {
        #expect(["b", "\u{E9}", "e\u{301}"].map { ExactText($0) }.sorted().map(\.text.utf8.count) == [1, 3, 2])
    }

    @Test("A combining mark hides no delimiter")
    func delimiters() {
        let mark = "\u{308}"
        #expect("x-\(mark)a".begins(with: "x-"))
        #expect(!"y".begins(with: "x-"))
        #expect("a/\(mark)".ends(with: "/\(mark)"))
        #expect(!"/".ends(with: "a/"))
        #expect("a,\(mark)b,".pieces(at: ",").map { Array($0.utf8) } == [[0x61], Array("\(mark)b".utf8), []])
        #expect("a.b.c".pieces(at: ".", most: 2).map(String.init) == ["a", "b.c"])
        let halves = "v=\(mark)x=y".halves(at: "=")
        #expect(halves.map { [Array($0.utf8), Array($1.utf8)] } == [[0x76], Array("\(mark)x=y".utf8)])
        #expect("v".halves(at: "=") == nil)
        #expect("ab@\(mark)c".holds("b@"))
        #expect(!"abc".holds("ac"))
    }

    @Test("Only ASCII has its letters made small")
    func lowercases() {
        #expect(Array("K\u{212A}É".lowercasedASCII.unicodeScalars) == ["k", "\u{212A}", "É"])
    }
}
