import Testing
import Text

@Suite("Classes of octets")
struct ASCIITests {
    /// All octets for which `isIn` holds, as text.
    private func octets(_ isIn: (UInt8) -> Bool) -> String {
        String(decoding: (0...255 as ClosedRange<UInt8>).filter(isIn), as: UTF8.self)
    }

    @Test("Each has its octets and no other")
    func classes() {
        let capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        let letters = capitals + "abcdefghijklmnopqrstuvwxyz"
        #expect(octets(\.isDigit) == "0123456789")
        #expect(octets(\.isLetter) == letters)
        #expect(octets(\.isLetterOrDigit) == "0123456789" + letters)
        #expect(octets(\.isBlank) == "\t ")
        #expect(octets(\.isSpace) == "\t\n\u{B}\u{C}\r ")
        #expect((0...255 as ClosedRange<UInt8>).filter(\.isControl) == Array(0...31) + [127])
        #expect(octets { $0.lowercased != $0 } == capitals)
        #expect(Array(capitals.utf8).map(\.lowercased) == Array("abcdefghijklmnopqrstuvwxyz".utf8))
    }

    @Test("Hexadecimal digits are read in either case, and written in capitals")
    func hexadecimal() {
        #expect(octets { $0.hexValue != nil } == "0123456789ABCDEFabcdef")
        #expect("0123456789abcdef".utf8.map(\.hexValue) == Array(0...15))
        #expect("ABCDEF".utf8.map(\.hexValue) == Array(10...15))
        #expect((0...15 as ClosedRange<UInt8>).map(UInt8.hexDigit) == Array("0123456789ABCDEF".utf8))
        #expect(UInt8.hexDigit(0xAB) == UInt8(ascii: "B"))
    }

    @Test(
        "Trims both ends",
        arguments: [("  a b\t", "a b"), ("a", "a"), (" \t ", ""), ("", ""), ("\r\na\n", "a")])
    func trims(text: String, trimmed: String) {
        #expect(Array(Array(text.utf8)[...].trimmed(\.isSpace)) == Array(trimmed.utf8))
    }
}
