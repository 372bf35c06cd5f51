import Spool
import Testing
import Text
import Time

@testable import Mail

@Suite("Bounce addresses")
struct BounceAddressTests {
    private let key = KeyedHash(key: Array("a key that is no secret".utf8))
    private let now = Timestamp(rfc3339: "2026-11-23T17:44:11Z")!

    private func address(_ text: String) throws -> BounceAddress {
        var address = try #require(BounceAddress(text))
        address.key = key
        return address
    }

    @Test(
        "The code is HMAC-SHA256",
        arguments: [
            // RFC 4231, cases 1, 2 and 6.
            ([UInt8](repeating: 0x0B, count: 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b"),
            (Array("Jefe".utf8), "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c7"),
            (
                [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f"
            ),
        ] as [([UInt8], String, String)])
    func code(key: [UInt8], message: String, beginning: String) {
        let code = KeyedHash(key: key).code(of: Array(message.utf8)).prefix(16)
        #expect(code.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == beginning)
    }

    @Test(
        "A token is found again, whatever became of the case of its letters",
        arguments: ["bounces+{token}@example.com", "{token}@b.example.com", "B-{token}-x@EXAMPLE.com"])
    func roundTrip(text: String) throws {
        let bounce = try address(text)
        for id in ["20261123T174411Z-0123456789", "order-1042@shop", String(repeating: "x", count: 200)] {
            let id = try #require(JobID(id))
            let another = try #require(JobID("another"))
            let made = try #require(bounce.address(for: id, date: now))
            for seen in [made, made.uppercased(), made.lowercased()] {
                let token = try #require(bounce.token(in: seen))
                #expect(token.isOf(id, key: key))
                #expect(token.day == "2026-11-23")
                #expect(!token.isOf(another, key: key))
                #expect(!token.isOf(id, key: KeyedHash(key: Array("another key".utf8))))
            }
        }
    }

    @Test(
        "What is no address with room for a token is refused",
        arguments: [
            "bounces@example.com", "bounces+{token}", "{token}{token}@example.com", "a b{token}@example.com",
            "bounces@{token}.example.com", "bounces+{id}@example.com",
            "a-local-part-of-forty-five-octets-is-too-long-{token}@example.com", "zoë{token}@example.com", "",
        ])
    func refuses(text: String) { #expect(BounceAddress(text) == nil) }

    @Test("Other addresses have no token")
    func others() throws {
        let bounce = try address("bounces+{token}@example.com")
        let token = "0k6r0123456789abcdef"
        for text in [
            "bounces@example.com", "bounces+@example.com", "bounces+\(token)@example.org", "x\(token)@example.com",
            "bounces+\(token)0@example.com", "bounces+0k6r012345678z!bcdef@example.com",
        ] { #expect(bounce.token(in: text) == nil) }
        #expect(bounce.token(in: "bounces+\(token)@example.com") != nil)
    }

    @Test("Without a key there is no address")
    func noKey() throws {
        let bounce = try #require(BounceAddress("bounces+{token}@example.com"))
        let id = try #require(JobID("a"))
        #expect(bounce.address(for: id, date: now) == nil)
    }

    @Test(
        "The envelope's sender is replaced, unless it is null or another than the author",
        arguments: [
            (#"{"to":"a@example.org","subject":"s","text":"t"}"#, true),
            (
                #"{"to":"a@example.org","subject":"s","text":"t","envelope":{"from":"shop@example.com","to":["a@example.org"]}}"#,
                true
            ),
            (
                #"{"to":"a@example.org","subject":"s","text":"t","envelope":{"from":"own+1@lists.example","to":["a@example.org"]}}"#,
                false
            ),
            (#"{"to":"a@example.org","subject":"s","text":"t","envelope":{"from":"","to":["a@example.org"]}}"#, false),
            (#"{"message":"From: z@example.com\nTo: a@example.org\n\nt\n"}"#, true),
            (
                #"{"message":"From: z@example.com\nTo: a@example.org\n\nt\n","envelope":{"from":"z@example.com","to":["a@example.org"]}}"#,
                true
            ),
            (
                #"{"message":"From: z@example.com\nTo: a@example.org\n\nt\n","envelope":{"from":"y@example.com","to":["a@example.org"]}}"#,
                false
            ),
        ] as [(String, Bool)])
    func senders(object: String, isReplaced: Bool) throws {
        var defaults = MailDefaults(from: "Shop <shop@example.com>", domain: "shop.example")
        defaults.bounce = try address("bounces+{token}@example.com")
        let id = try #require(JobID("order-1"))
        let job = try Job(JobFile(Array(object.utf8)).value)
        let mail = try OutgoingMail(job, id: id, date: now, rendered: nil, defaults: defaults)
        #expect(mail.returnPath == (isReplaced ? defaults.bounce?.address(for: id, date: now) : nil))
        // The bytes are those of a mail without it.
        defaults.bounce = nil
        #expect(try OutgoingMail(job, id: id, date: now, rendered: nil, defaults: defaults).bytes == mail.bytes)
    }
}
