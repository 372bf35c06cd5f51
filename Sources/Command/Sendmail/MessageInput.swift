internal import Linux

/// The message on standard input. It ends with the input or, without `-i`, at a line with nothing but a dot.
struct MessageInput {
    private(set) var bytes: [UInt8] = []
    private let endsAtDot: Bool
    /// Where the line begins that has no end yet, and how far that was looked for.
    private var lineStart = 0
    private var looked = 0

    init(endsAtDot: Bool) { self.endsAtDot = endsAtDot }

    /// Takes what was read; true when the message has ended: the dot and what follows it are left out.
    mutating func append(_ chunk: some Collection<UInt8>) -> Bool {
        bytes += chunk
        guard endsAtDot else { return false }
        while let end = bytes[looked...].firstIndex(of: 0x0A) {
            if isDot(bytes[lineStart..<end]) {
                bytes.removeSubrange(lineStart...)
                return true
            }
            lineStart = end + 1
            looked = lineStart
        }
        looked = bytes.count
        return false
    }

    /// The input has ended, perhaps in a dot without a line end.
    mutating func end() { if endsAtDot, isDot(bytes[lineStart...]) { bytes.removeSubrange(lineStart...) } }

    private func isDot(_ line: ArraySlice<UInt8>) -> Bool {
        line.elementsEqual([UInt8(ascii: ".")]) || line.elementsEqual([UInt8(ascii: "."), 0x0D])
    }

    /// Reads a message from standard input; over `limit` bytes it is refused.
    static func read(endsAtDot: Bool, limit: Int) throws(Failure) -> [UInt8] {
        var message = MessageInput(endsAtDot: endsAtDot)
        var isComplete = false
        try Input.chunks(of: "-") { (chunk) throws(Failure) in
            isComplete = message.append(chunk)
            if message.bytes.count > limit { throw tooLarge(limit) }
            return !isComplete
        }
        if !isComplete { message.end() }
        return message.bytes
    }

    static func tooLarge(_ limit: Int) -> Failure {
        Failure(.data, "the message is too large: a job has at most \(limit) bytes")
    }
}
