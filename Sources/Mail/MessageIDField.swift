extension OutgoingMail {
    /// The Message-ID as the header has it, with its brackets; nil where there is none in the first 64 KiB.
    package var messageID: String? {
        bytes.withUnsafeBufferPointer { buffer in
            var rest = buffer.prefix(65536)
            // Up to the empty line.
            while let end = rest.firstIndex(of: 0x0A), end - rest.startIndex > 1 {
                if let value = OutgoingMail.messageIDValue(rest[..<end]) { return value.isEmpty ? nil : value }
                rest = rest[(end + 1)...]
            }
            return nil
        }
    }

    /// The value without its white space, if that is the line's field.
    private static func messageIDValue(_ line: Slice<UnsafeBufferPointer<UInt8>>) -> String? {
        let name: StaticString = "message-id:"
        guard line.first.map({ $0 | 0x20 }) == UInt8(ascii: "m"), line.count > name.utf8CodeUnitCount else {
            return nil
        }
        for (index, byte) in line.prefix(name.utf8CodeUnitCount).enumerated() {
            let lowercase = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            if lowercase != name.utf8Start[index] { return nil }
        }
        let value = line.dropFirst(name.utf8CodeUnitCount)
        guard value.allSatisfy({ $0 < 0x80 }) else {
            let text = String(decoding: value, as: UTF8.self)
            return String(String.UnicodeScalarView(text.unicodeScalars.filter { !$0.properties.isWhitespace }))
        }
        return String(decoding: value.filter { $0 != 0x20 && !(0x09...0x0D).contains($0) }, as: UTF8.self)
    }
}
