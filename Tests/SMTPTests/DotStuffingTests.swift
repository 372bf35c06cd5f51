import SMTP
import Testing

@Suite("Dot stuffing")
struct DotStuffingTests {
    @Test(
        "Writes what RFC 5321 section 4.5.2 says",
        arguments: [
            ("", ".\r\n"), ("a", "a\r\n.\r\n"), ("a\r\n", "a\r\n.\r\n"), (".", "..\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"), ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"), ("a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r\r\n.b", "a\r\n\r\n..b\r\n.\r\n"), ("a\n\rb", "a\r\n\r\nb\r\n.\r\n"), ("..a", "...a\r\n.\r\n"),
            ("a\r\n.\r\nMAIL FROM:<>\r\n", "a\r\n..\r\nMAIL FROM:<>\r\n.\r\n"), ("\r", "\r\n.\r\n"),
        ])
    func examples(message: String, wire: String) {
        #expect(String(decoding: DotStuffing.wire(Array(message.utf8)), as: UTF8.self) == wire)
    }

    /// As plain as it can be: character by character.
    private func naive(_ message: [UInt8]) -> [UInt8] {
        var lines: [[UInt8]] = [[]]
        var last: UInt8 = 0
        for byte in message {
            if byte == 13 || (byte == 10 && last != 13) {
                lines.append([])
            } else if byte != 10 {
                lines[lines.count - 1].append(byte)
            }
            last = byte
        }
        if lines.last == [] { lines.removeLast() }
        return lines.flatMap { ($0.first == 46 ? [46] : []) + $0 + [13, 10] } + [46, 13, 10]
    }

    @Test("Agrees with the plain way, whatever the buffer")
    func differential() {
        for round in 0..<1000 {
            let alphabet: [UInt8] = [13, 10, 46, 97, 98, 99, 100, 101]
            let message = (0..<Int.random(in: 0...(round % 10 == 0 ? 400 : 30))).map { _ in
                alphabet[Int.random(in: 0..<Int.random(in: 3...8))]
            }
            let expected = naive(message)
            #expect(DotStuffing.wire(message) == expected, "\(message)")
            var stuffing = DotStuffing(message)
            var pieces: [UInt8] = []
            while !stuffing.isFinished {
                let size = Int.random(in: DotStuffing.minimumBuffer...64)
                let piece = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                    count = stuffing.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
                guard !piece.isEmpty else {
                    Issue.record("no progress")
                    return
                }
                pieces += piece
            }
            #expect(pieces == expected, "\(message)")
        }
    }
}
