/// Lines of plain text that are filled with words up to 78 characters.
struct PlainLines {
    private(set) var bytes: [UInt8] = []
    private var width = 0
    private var lineIsEmpty = true
    private var word: [UInt8] = []
    private var spaceBefore = false
    /// How many line ends are due before the next word.
    private var breaks = 0
    /// The bullet at the end of the next line's indentation.
    private var bullet: String?
    var quotes = 0
    /// Those of the last line, and how far it is indented by them and all else.
    private var lastQuotes = 0
    private var lastPrefixWidth = 0
    /// How many lines with text have begun, and where the text of the last one begins.
    private(set) var begun = 0
    private var textStart = 0
    var indentation = 0

    static let limit = 78

    /// Whether the current line has text.
    var isInLine: Bool { (!lineIsEmpty && breaks == 0) || !word.isEmpty }

    /// Adds to the current word. Invisible characters that only hold a place are dropped.
    mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\u{AD}", "\u{34F}", "\u{200B}", "\u{FEFF}": break
        case "\u{A0}", "\u{2007}", "\u{202F}", "\u{2028}", "\u{2029}", "\u{0}"..."\u{20}", "\u{7F}"..."\u{9F}": space()
        default: addToWord(scalar)
        }
    }

    private mutating func addToWord(_ scalar: Unicode.Scalar) {
        if scalar.isASCII {
            word.append(UInt8(ascii: scalar))
        } else if let bytes = UTF8.encode(scalar) {
            word.append(contentsOf: bytes)
        }
    }

    mutating func append(word text: some Sequence<UInt8>) {
        space()
        word.append(contentsOf: text)
        space()
    }

    /// Adds a URL in angle brackets, so that punctuation may follow it.
    mutating func append(url: [UInt8]) {
        space()
        word.append(UInt8(ascii: "<"))
        word += url
        word.append(UInt8(ascii: ">"))
    }

    /// Begins a new word if the last one ended in a URL.
    mutating func separateFromURL() {
        if word.last == UInt8(ascii: ">") { space() }
    }

    /// Ends the word: white space however long is one space.
    mutating func space() {
        endWord()
        spaceBefore = true
    }

    /// Ends the line; with 2, leaves an empty line; with 0, does nothing: a word goes on behind the tag in it. Several
    /// calls do no more than the largest.
    mutating func lineBreak(_ count: Int) {
        if count == 0 { return }
        endWord()
        breaks = max(breaks, count)
    }

    /// Takes back ends of the line that are due, so that the next word continues it.
    mutating func withdrawBreaks() {
        endWord()
        if lineIsEmpty { return }
        breaks = 0
        spaceBefore = true
    }

    /// Puts `text` before that of the last line.
    mutating func prepend(_ text: [UInt8]) {
        bytes.insert(contentsOf: text, at: textStart)
        width += text.count
    }

    /// Ends the line at once, so that two calls leave an empty line.
    mutating func hardBreak() {
        endWord()
        breaks = min(breaks + 1, 2)
    }

    mutating func startItem(_ text: String) {
        lineBreak(1)
        bullet = text
    }

    /// Ends an item's line; an empty item leaves nothing.
    mutating func endItem() {
        lineBreak(1)
        bullet = nil
    }

    /// A line of `byte` below the last one, as long as that.
    mutating func underline(_ byte: UInt8) {
        endWord()
        if lineIsEmpty { return }
        let length = width - lastPrefixWidth
        lineBreak(1)
        append(word: repeatElement(byte, count: min(length, PlainLines.limit - prefixWidth)))
    }

    /// A line as it is: nothing collapsed, nothing wrapped.
    mutating func verbatim(_ scalar: Unicode.Scalar) {
        if scalar == "\n" {
            // The line end after <pre> does not count.
            if breaks > 0, word.isEmpty { return }
            endWord()
            flushBreaks()
            newLine()
            return
        }
        if scalar.isControl, scalar != "\t" { return }
        addToWord(scalar)
    }

    /// The text, ending in a line end unless it is empty.
    consuming func finished() -> [UInt8] {
        endWord()
        while let last = bytes.last, last == 0x0A || last == 0x20 { bytes.removeLast() }
        if !bytes.isEmpty { bytes.append(0x0A) }
        return bytes
    }

    private var prefixWidth: Int { min(quotes, 8) * 2 + min(indentation, 24) }

    private mutating func newLine() {
        bytes.append(0x0A)
        width = 0
        lineIsEmpty = true
    }

    private mutating func flushBreaks() {
        if breaks > 0, !bytes.isEmpty {
            if !lineIsEmpty { newLine() }
            for _ in 1..<max(breaks, 1) {
                // Between a quotation and what stands around it nothing is quoted.
                bytes.append(contentsOf: repeatElement(UInt8(ascii: ">"), count: min(quotes, lastQuotes, 8)))
                newLine()
            }
        }
        breaks = 0
    }

    private mutating func endWord() {
        // Only joiners: they stand in mails to push other text out of a preview.
        if word.isEmpty || isOnlyJoiners {
            word.removeAll(keepingCapacity: true)
            return
        }
        flushBreaks()
        let length = word.lazy.filter { !$0.isContinuation }.count
        if !lineIsEmpty, spaceBefore {
            if width + 1 + length > PlainLines.limit {
                newLine()
            } else {
                bytes.append(0x20)
                width += 1
            }
        }
        if lineIsEmpty { startLine() }
        bytes.append(contentsOf: word)
        width += length
        lineIsEmpty = false
        spaceBefore = false
        word.removeAll(keepingCapacity: true)
    }

    private var isOnlyJoiners: Bool {
        word.count % 3 == 0
            && stride(from: 0, to: word.count, by: 3).allSatisfy {
                word[$0] == 0xE2 && word[$0 + 1] == 0x80 && (word[$0 + 2] == 0x8C || word[$0 + 2] == 0x8D)
            }
    }

    private mutating func startLine() {
        lastQuotes = quotes
        for _ in 0..<min(quotes, 8) { bytes += "> ".utf8 }
        var spaces = min(indentation, 24)
        var bulletWidth = 0
        if let bullet {
            let length = bullet.utf8.count
            bulletWidth = length - spaces
            bytes.append(contentsOf: repeatElement(0x20, count: max(spaces - length, 0)))
            bytes += bullet.utf8
            spaces = 0
        }
        bullet = nil
        bytes.append(contentsOf: repeatElement(0x20, count: spaces))
        lastPrefixWidth = prefixWidth + max(bulletWidth, 0)
        width = lastPrefixWidth
        begun += 1
        textStart = bytes.count
    }
}
