extension OutgoingMail {
    /// The Message-ID as the header has it, with its brackets; nil where there is none in the first 64 KiB.
    package var messageID: String? {
        let name = Array("message-id:".utf8)
        var start = 0
        let end = min(bytes.count, 65536)
        while start < end, let stop = bytes[start..<end].firstIndex(of: 0x0A), stop - start > 1 {
            let line = bytes[start..<stop]
            if line.count > name.count, zip(line, name).allSatisfy({ $0 | ($0 >= 0x41 && $0 <= 0x5A ? 0x20 : 0) == $1 })
            {
                let text = String(decoding: line.dropFirst(name.count), as: UTF8.self)
                let word = text.unicodeScalars.filter { !$0.properties.isWhitespace }
                return word.isEmpty ? nil : String(String.UnicodeScalarView(word))
            }
            start = stop + 1
        }
        return nil
    }
}
