import Testing

@testable import SMTPServer

@Suite("Message data")
struct DataReaderTests {
    @Test(
        "Dots are taken out, and only CR LF . CR LF ends",
        arguments: [
            (".\r\n", "", false, 0), ("a\r\n.\r\n", "a\r\n", false, 0),
            ("..\r\n...a\r\n.\r\n", ".\r\n..a\r\n", false, 0),
            (".a\r\n.\r\n", "a\r\n", false, 0), ("a.\r\n.\r\n", "a.\r\n", false, 0), ("\r\n.\r\n", "\r\n", false, 0),
            ("a\n.\n.\r\n.\r\n", "a\n.\n.\r\n", true, 0), ("a\r.\r\n.\r\n", "a\r.\r\n", true, 0),
            ("a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", true, 0), ("\r\r\n.\r\n", "\r\r\n", true, 0),
            (".\ra\r\n.\r\n", "\ra\r\n", true, 0), (".\r\r\n.\r\n", "\r\r\n", true, 0),
        ] as [(String, String, Bool, Int)])
    func endings(sent: String, kept: String, isBare: Bool, longLines: Int) {
        for chunk in 1...sent.utf8.count {
            let (reader, body, rest) = Self.read(Array(sent.utf8), chunk: chunk)
            #expect(body.text == kept)
            #expect(reader.hasBareNewline == isBare)
            #expect(reader.size == kept.utf8.count)
            #expect(rest == 0)
        }
    }

    @Test("Counts lines of more than 998 octets", arguments: [(998, 0), (999, 1)])
    func longLines(length: Int, count: Int) {
        let line = String(repeating: "x", count: length) + "\r\n"
        let (reader, _, _) = Self.read(Array((line + "short\r\n" + line + ".\r\n").utf8), chunk: 100)
        #expect(reader.longLines == 2 * count)
    }

    @Test("What follows the end is left")
    func leaves() {
        let (_, _, rest) = Self.read(Array("a\r\n.\r\nMAIL FROM:<>\r\n".utf8), chunk: 1000)
        #expect(rest == 14)
    }

    @Test("Sees bytes above 127", arguments: [("a\r\n.\r\n", false), ("ä\r\n.\r\n", true)])
    func eightBit(sent: String, isEightBit: Bool) {
        #expect(Self.read(Array(sent.utf8), chunk: 100).reader.isEightBit == isEightBit)
    }

    @Test(
        "Tells the body's from the header's", arguments: [1, 3, 100],
        [
            ("X: ä\r\n\r\nx\r\n.\r\n", false), ("X: y\r\n\r\nä\r\n.\r\n", true), ("\r\nä\r\n.\r\n", true),
            ("ä\r\n..\r\nä\r\n.\r\n", false),
        ])
    func eightBitBody(chunk: Int, sent: (text: String, isBody: Bool)) {
        let reader = Self.read(Array(sent.text.utf8), chunk: chunk).reader
        #expect(reader.isEightBit && reader.hasEightBitBody == sent.isBody)
    }

    @Test("Random messages survive stuffing, whatever the chunks")
    func roundTrip() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let lines = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
                (0..<Int.random(in: 0..<9, using: &random)).map { _ in
                    [".", "a", "é", " "].randomElement(using: &random)!
                }
                .joined()
            }
            let body = lines.map { $0 + "\r\n" }.joined()
            let stuffed = lines.map { ($0.hasPrefix(".") ? "." : "") + $0 + "\r\n" }.joined() + ".\r\n"
            let chunk = Int.random(in: 1...stuffed.utf8.count, using: &random)
            let (reader, read, _) = Self.read(Array(stuffed.utf8), chunk: chunk)
            #expect(read.text == body)
            #expect(!reader.hasBareNewline)
        }
    }

    @Test("A chunk full of CRs is read in linear time", .timeLimit(.minutes(1)))
    func manyCRs() {
        // Searched for the LF behind them at each CR, these are 10¹¹ comparisons.
        let sent = [UInt8](repeating: 0x0D, count: 400_000) + Array("\n.\r\n".utf8)
        let (reader, _, _) = Self.read(sent, chunk: sent.count)
        #expect(reader.hasBareNewline)
        #expect(reader.size == 400_001)
    }

    /// Feeds `bytes` in chunks up to the end of the message; how many were left.
    private static func read(_ bytes: [UInt8], chunk: Int) -> (reader: DataReader, body: [UInt8], rest: Int) {
        var reader = DataReader()
        var body: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let piece = Array(bytes[index..<min(index + chunk, bytes.count)])
            let (used, isComplete) = piece.withUnsafeBytes { reader.read($0, keep: true, into: &body) }
            index += used
            if isComplete { return (reader, body, bytes.count - index) }
        }
        Issue.record("the message did not end")
        return (reader, body, 0)
    }
}
