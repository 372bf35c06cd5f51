import Relay
import Text
import Testing
import Text

@Suite("Fingerprints")
struct FingerprintTests {
    @Test(
        "SHA-256 as FIPS 180-4 has it",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256(text: String, digest: String) {
        let hex = SHA256.digest(Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(hex == digest)
    }

    private static let hex = String(repeating: "0123456789abcdef", count: 4)

    @Test("Reads what openssl and libcurl print")
    func reads() {
        let pairs = stride(from: 0, to: 64, by: 2).map { Self.hex.uppercased().dropFirst($0).prefix(2) }
        let bytes = Fingerprint(Self.hex)
        #expect(bytes != nil && bytes == Fingerprint(pairs.joined(separator: ":")))
        let pin = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        #expect(Fingerprint(pin) == .publicKey(pin))
    }

    @Test(
        "Refuses what is none",
        arguments: ["", "00", hex + "00", "sha256//", "sha256//AAAA", "sha1:" + hex, hex.dropLast() + "g"])
    func refuses(text: String) { #expect(Fingerprint(text) == nil) }
}
