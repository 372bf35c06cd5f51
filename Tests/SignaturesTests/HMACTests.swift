import Testing

@testable import Signatures

@Suite("HMAC-SHA256")
struct HMACTests {
    /// RFC 4231, sections 4.2, 4.3 and 4.7.
    @Test(
        "Test vectors of RFC 4231",
        arguments: [
            (
                [UInt8](repeating: 0x0B, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func vectors(key: [UInt8], message: String, code: String) {
        #expect(hexadecimal(HMAC.sha256(Array(message.utf8), key: key)) == code)
    }

    @Test("Codes are the same where every byte and their length are")
    func comparison() {
        #expect(HMAC.areSame([1, 2, 3], [1, 2, 3]))
        #expect(!HMAC.areSame([1, 2, 3], [1, 2, 4]))
        #expect(!HMAC.areSame([1, 2, 3], [1, 2]))
        #expect(HMAC.areSame([UInt8](), [UInt8]()))
    }

    /// FIPS 180-4's examples.
    @Test(
        "SHA-1",
        arguments: [
            ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"), ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
            ),
        ])
    func sha1(text: String, digest: String) {
        #expect(hexadecimal(SHA1.digest(Array(text.utf8))) == digest)
    }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { byte in [byte >> 4, byte & 15].map { String($0, radix: 16) }.joined() }.joined()
}
