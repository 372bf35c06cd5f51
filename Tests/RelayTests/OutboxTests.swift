import Testing

@testable import Relay

@Suite("Outbox")
struct OutboxTests {
    /// What goes out with each write, and whether the dot was in it.
    private func writes(_ outbox: Outbox, isEncrypted: Bool) -> [(text: String, hasDot: Bool)] {
        var writes: [(text: String, hasDot: Bool)] = []
        while let chunk = outbox.chunk(isEncrypted: isEncrypted) {
            let text = String(decoding: chunk, as: UTF8.self)
            writes.append((text, outbox.consume(chunk.count)))
        }
        return writes
    }

    @Test("What follows a body goes out with its dot, in TLS in one record", arguments: [false, true])
    func behind(isEncrypted: Bool) throws {
        let outbox = Outbox()
        outbox.append(body: Array("Subject: x\n\n.hello\n".utf8))
        outbox.append(Array("MAIL FROM:<>\r\n".utf8))
        let writes = writes(outbox, isEncrypted: isEncrypted)
        #expect(writes.map(\.text) == ["Subject: x\r\n\r\n..hello\r\n.\r\nMAIL FROM:<>\r\n"])
        #expect(writes.map(\.hasDot) == [true])
        #expect(outbox.isEmpty)
    }

    @Test("A record has at most 16 KiB, and the dot is out when its own is", arguments: [100, 16_380, 16_384, 100_000])
    func records(size: Int) {
        let outbox = Outbox()
        let body = String(repeating: "x", count: size)
        outbox.append(body: Array(body.utf8))
        outbox.append(Array("QUIT\r\n".utf8))
        let writes = writes(outbox, isEncrypted: true)
        #expect(writes.map(\.text).joined() == "\(body)\r\n.\r\nQUIT\r\n")
        #expect(writes.allSatisfy { $0.text.utf8.count <= 16_384 })
        var before = 0
        for (text, hasDot) in writes {
            let end = before + text.utf8.count
            #expect(hasDot == (before < size + 5 && end >= size + 5))
            before = end
        }
    }

    @Test("A record that was refused is offered again as it was")
    func refused() throws {
        let outbox = Outbox()
        outbox.append(body: Array("x\n".utf8))
        let first = try #require(outbox.chunk(isEncrypted: true))
        outbox.keep(first)
        outbox.append(Array("QUIT\r\n".utf8))
        let again = try #require(outbox.chunk(isEncrypted: true))
        #expect(again.baseAddress == first.baseAddress && again.count == first.count)
        #expect(outbox.consume(again.count))
        #expect(outbox.chunk(isEncrypted: true).map { Array($0) } == Array("QUIT\r\n".utf8))
    }
}
