/// A message as it grows, octet by octet, in the form in which it travels.
struct Wire {
    private(set) var bytes: [UInt8] = []
    private var lineStart = 0
    private var valueStart = 0

    /// Lines of header fields are folded here. RFC 5322 asks for 78, RFC 2047 for 76 where
    /// there are encoded-words.
    static let fold = 76
    /// The maximum length of a line: RFC 5322, section 2.1.1.
    static let lineLimit = 998

    init(reserving capacity: Int) { bytes.reserveCapacity(capacity) }

    /// How many octets the last line has.
    var column: Int { bytes.count - lineStart }

    mutating func append(_ byte: UInt8) { bytes.append(byte) }
    mutating func append(_ text: some Sequence<UInt8>) { bytes.append(contentsOf: text) }
    mutating func append(_ text: StaticString) {
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func endLine() {
        bytes.append(0x0D)
        bytes.append(0x0A)
        lineStart = bytes.count
    }

    /// Ends the last line unless it has its end.
    mutating func endLastLine() {
        if !bytes.hasSuffix([0x0D, 0x0A]) { endLine() }
        lineStart = bytes.count
    }

    /// Begins a field, whose value is then appended word by word and finished by ``endLine()``.
    mutating func begin(_ name: String) {
        append(name.utf8)
        append(UInt8(ascii: ":"))
        valueStart = bytes.count
    }

    /// Appends a space and a word, on a line of its own if it fits there better.
    mutating func word(_ word: some Collection<UInt8>) {
        beginWord(word.count)
        bytes.append(contentsOf: word)
    }

    /// Appends the space before a word of `count` octets that is then appended.
    mutating func beginWord(_ count: Int) {
        let end = column + 1 + count
        // A field's first word stays next to the name: a line without any text looks broken to some readers.
        if end > Wire.lineLimit || (end > Wire.fold && bytes.count != valueStart) { endLine() }
        bytes.append(0x20)
    }

    mutating func word(_ text: String) { word(text.utf8) }

    /// A whole field of a single word.
    mutating func field(_ name: String, _ value: String) {
        begin(name)
        word(value.utf8)
        endLine()
    }
}
