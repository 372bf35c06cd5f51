import Testing

@testable import Text

@Suite("Base64")
struct Base64Tests {
    @Test("Survives the round trip, strictly and not")
    func roundTrip() {
        for count in 0..<70 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max) }
            let text = Base64.encode(bytes)
            #expect(text.count == (count + 2) / 3 * 4)
            #expect(Base64.decode(text, .exact) == bytes)
            #expect(Base64.decode(text, .lenient) == bytes)
        }
        #expect(String(decoding: Base64.encode(Array("Zoë".utf8)), as: UTF8.self) == "Wm/Dqw==")
        #expect(Base64.encode(Array("xZoëx".utf8)[1..<5]) == Array("Wm/Dqw==".utf8))
    }

    @Test(
        "Line ends and missing padding are taken if that is asked for, everything else never",
        arguments: [
            ("", [], []), ("aA==", [0x68], [0x68]), ("aA", [0x68], nil), ("aGk=", [0x68, 0x69], [0x68, 0x69]),
            ("aGk\r\n=", [0x68, 0x69], nil), ("aGkh", [0x68, 0x69, 0x21], [0x68, 0x69, 0x21]),
            ("aGkh\n", [0x68, 0x69, 0x21], nil), ("aB==", [0x68], nil), ("aGl=", [0x68, 0x69], nil),
            ("a", nil, nil), ("aA=", nil, nil), ("=", nil, nil), ("====", nil, nil), ("aGk=a", nil, nil),
            ("aA==aA==", nil, nil), ("a_-b", nil, nil), ("aGkh=", nil, nil), ("aA===", nil, nil), ("!!!!", nil, nil),
            ("aG kh", nil, nil),
        ] as [(String, [UInt8]?, [UInt8]?)])
    func strictness(text: String, lenient: [UInt8]?, exact: [UInt8]?) {
        #expect(Base64.decode(text.utf8, .lenient) == lenient)
        #expect(Base64.decode(text.utf8, .exact) == exact)
    }
}
