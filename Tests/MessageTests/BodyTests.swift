import IDNA
import Testing

@testable import Message

@Suite("Bodies")
struct BodyTests {
    @Test(
        "Chooses the encoding",
        arguments: [
            ("Hello\n", .sevenBit), ("", .sevenBit), (String(repeating: "x", count: 998), .sevenBit),
            (String(repeating: "x", count: 999), .quotedPrintable), ("a\0b", .quotedPrintable),
            ("Grüße aus dem Rathaus der Stadt", .quotedPrintable), ("Привет, как дела?", .base64), ("日本語", .base64),
            ("A long line of English with one ü", .quotedPrintable), ("=\t\u{1B}", .sevenBit),
        ] as [(String, TransferEncoding)])
    func choosesEncoding(text: String, expected: TransferEncoding) {
        #expect(BodyText(text.utf8).encoding == expected)
    }

    @Test(
        "Ends lines with CRLF",
        arguments: [
            ("", ""), ("a", "a\r\n"), ("a\n", "a\r\n"), ("a\r", "a\r\n"), ("a\r\n", "a\r\n"),
            ("a\n\r\n\rb", "a\r\n\r\n\r\nb\r\n"),
            ("\n", "\r\n"), ("\r\r\n\n", "\r\n\r\n\r\n"),
        ])
    func endsLines(text: String, expected: String) {
        let body = BodyText(text.utf8)
        #expect(Array(expected.utf8) == body.bytes)
    }

    @Test(
        "Writes quoted-printable",
        arguments: [
            ("Grüße", "Gr=C3=BC=C3=9Fe\r\n"), ("a=b", "a=3Db\r\n"), ("a \nb\t\n c", "a=20\r\nb=09\r\n c\r\n"),
            ("From me\nfrom\n From", "=46rom me\r\nfrom\r\n From\r\n"),
            (String(repeating: "x", count: 76), String(repeating: "x", count: 76) + "\r\n"),
            (String(repeating: "x", count: 77), String(repeating: "x", count: 75) + "=\r\nxx\r\n"),
            (String(repeating: "x", count: 74) + "ü", String(repeating: "x", count: 74) + "=\r\n=C3=BC\r\n"),
            (String(repeating: "x", count: 73) + "=", String(repeating: "x", count: 73) + "=3D\r\n"),
        ])
    func writesQuotedPrintable(text: String, expected: String) {
        var wire = Wire(reserving: 0)
        wire.appendQuotedPrintable(BodyText(text.utf8).bytes)
        #expect(String(decoding: wire.bytes, as: UTF8.self) == expected)
    }

    @Test("Writes base64", arguments: 0..<130)
    func writesBase64(count: Int) throws {
        let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
        var wire = Wire(reserving: 0)
        wire.appendBase64Lines(content)
        let lines = String(decoding: wire.bytes, as: UTF8.self).split(separator: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 76 && $0.utf8.count % 4 == 0 })
        #expect(try #require(decodedBase64(lines.joined().utf8)) == content)
    }

    @Test("Expects the length that it writes", arguments: ["Grüße = \n", "日本 \n", "\0\u{1}ü", "x=\n\ny"])
    func estimates(unit: String) {
        let text = BodyText(String(repeating: unit, count: 50).utf8)
        var wire = Wire(reserving: 0)
        wire.appendQuotedPrintable(text.bytes)
        // Soft breaks and blanks at line ends are not in the estimate.
        let blanks = unit.contains(" \n") ? 100 : 0
        let softBreaks = String(decoding: wire.bytes, as: UTF8.self).split(separator: "=\r\n").count - 1
        #expect(wire.bytes.count == text.quotedLength + blanks + softBreaks * 3)
    }
}
