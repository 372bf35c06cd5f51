internal import Text

extension Wire {
    /// Appends the value of an unstructured field: RFC 5322, section 3.2.5; RFC 2047.
    ///
    /// Words of printable ASCII are written as they are, all others as encoded-words.
    /// Spaces inside are kept, those around the text are not. The caller has refused what
    /// may not be in a header.
    /// - Parameter limit: the longest word that is written as it is.
    mutating func unstructured(_ text: String, limit: Int) {
        let bytes = Array(text.utf8)
        var end = bytes.endIndex
        while end > 0, bytes[end - 1].isBlank { end -= 1 }
        var start = 0
        while start < end, bytes[start].isBlank { start += 1 }

        // Where the words began that are to be encoded together: the space between two
        // encoded-words is not part of the text.
        var pending: Int?
        while start < end {
            // More than one space would be lost at a fold; all but the first belong to the word.
            var stop = start
            while stop < end, bytes[stop] == 0x20 { stop += 1 }
            while stop < end, bytes[stop] != 0x20 { stop += 1 }
            let word = bytes[start..<stop]
            if word.count > limit || !Wire.isPlain(word) {
                if pending == nil { pending = start }
            } else {
                if let first = pending { encodedWords(bytes[first..<(start - 1)]) }
                pending = nil
                self.word(word)
            }
            start = stop + 1
        }
        if let first = pending { encodedWords(bytes[first..<end]) }
    }

    /// Whether a word means in a header what it says: it is printable and no reader takes it
    /// for an encoded-word, even a lax one. (URLs may have `=?` in them and must stay whole.)
    private static func isPlain(_ word: ArraySlice<UInt8>) -> Bool {
        var previous: UInt8 = 0
        var begins = false
        for byte in word {
            if byte <= 0x20 || byte >= 0x7F { return false }
            if byte == UInt8(ascii: "?"), previous == UInt8(ascii: "=") { begins = true }
            if byte == UInt8(ascii: "="), previous == UInt8(ascii: "?"), begins { return false }
            previous = byte
        }
        return !begins || !word.starts(with: "=?".utf8)
    }

    /// The longest word and phrase that a folded line holds besides punctuation.
    static let longestPlain = 60

    /// Appends mailboxes with commas between them: RFC 5322, section 3.4.
    mutating func mailboxes(_ mailboxes: [Mailbox]) {
        for (index, mailbox) in mailboxes.enumerated() {
            if let name = mailbox.name { phrase(name) }
            let address = mailbox.address.text.utf8
            let isLast = index == mailboxes.count - 1
            beginWord(address.count + (mailbox.name == nil ? 0 : 2) + (isLast ? 0 : 1))
            if mailbox.name != nil { append(UInt8(ascii: "<")) }
            append(address)
            if mailbox.name != nil { append(UInt8(ascii: ">")) }
            if !isLast { append(UInt8(ascii: ",")) }
        }
    }

    /// Appends a display name as words, as a quoted string or as encoded-words.
    mutating func phrase(_ name: String) {
        let bytes = Array(name.utf8)
        var isAtoms = true
        var isASCII = bytes.count <= Wire.longestPlain
        var previous: UInt8 = 0x20
        for byte in bytes where isASCII {
            if byte == 0x20 ? previous == 0x20 : !byte.isAtomText { isAtoms = false }
            // What looks like an encoded-word is encoded itself, so that it arrives as it is.
            let looksEncoded = previous == UInt8(ascii: "=") && byte == UInt8(ascii: "?")
            if !byte.isPrintable || looksEncoded { isASCII = false }
            previous = byte
        }
        if !isASCII {
            encodedWords(bytes[...])
        } else if isAtoms {
            word(bytes)
        } else {
            word(Wire.quoted(bytes))
        }
    }

    /// A quoted string: RFC 5322, section 3.2.4; the bytes are printable.
    static func quoted(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var out = [UInt8(ascii: "\"")]
        for byte in bytes {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { out.append(UInt8(ascii: "\\")) }
            out.append(byte)
        }
        out.append(UInt8(ascii: "\""))
        return out
    }
}
