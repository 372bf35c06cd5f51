import Testing

@testable import Text

@Suite("UTF-8")
struct UTF8Tests {
    @Test("Text is taken as it is", arguments: ["", "Zoe", "Zoë 😀", "a\0b"])
    func text(_ text: String) {
        let bytes = Array(text.utf8)
        let read = String(utf8: bytes.span)
        let isText = isUTF8(bytes.span)
        #expect(read == text)
        #expect(isText)
    }

    @Test(
        "What RFC 3629 forbids is none",
        arguments: [
            [0xFF], [0x80], [0xC3], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0x61, 0xE2, 0x82],
        ] as [[UInt8]])
    func malformed(_ bytes: [UInt8]) {
        let read = String(utf8: bytes.span)
        let isText = isUTF8(bytes.span)
        #expect(read == nil)
        #expect(!isText)
    }
}
