internal import Text

/// A link whose text is being read, and its address.
struct HTMLLink {
    private let address: [UInt8]
    /// The text, as far as that can be the address itself.
    private var text: [UInt8] = []

    /// Nil for links that lead nowhere outside the page, and for those that run or hold something.
    ///
    /// Of the address, white space goes at its ends, and line ends and tabs everywhere. What else cannot stand in an
    /// address, or would end it in the text, is percent-encoded: WHATWG URL, sections 1.3 and 4.4.
    init?(to href: ArraySlice<UInt8>) {
        var url: [UInt8] = []
        HTMLCharacter.decode(href, isAttribute: true) { scalar in
            let bytes = UTF8.encode(scalar) ?? .init()
            switch scalar {
            case "\t", "\n", "\r": break
            case "\u{0}"..." ": url += bytes
            case "\"", "<", ">", "`": HTMLLink.escape(bytes, to: &url)
            default: scalar.isVisible || HTMLLink.joins(scalar) ? url += bytes : HTMLLink.escape(bytes, to: &url)
            }
        }
        let trimmed = url[...].trimmed { $0 <= 0x20 }
        let scheme = trimmed.prefix { $0 != UInt8(ascii: ":") }
        guard scheme.endIndex < trimmed.endIndex, scheme.first?.isLetter == true, scheme.allSatisfy(HTMLLink.isScheme),
            !HTMLLink.dropped.contains(where: scheme.isSame(asLowercase:))
        else { return nil }
        var address: [UInt8] = []
        for byte in trimmed {
            byte <= 0x20 ? HTMLLink.escape(CollectionOfOne(byte), to: &address) : address.append(byte)
        }
        self.address = address
    }

    private static let dropped = ["javascript", "vbscript", "data", "cid", "about", "blob"]

    private static func isScheme(_ byte: UInt8) -> Bool {
        byte.isLetterOrDigit || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    /// Joiners, which host names and paths of some scripts have inside words.
    private static func joins(_ scalar: Unicode.Scalar) -> Bool { scalar == "\u{200C}" || scalar == "\u{200D}" }

    private static func escape(_ bytes: some Sequence<UInt8>, to url: inout [UInt8]) {
        for byte in bytes { url += [UInt8(ascii: "%"), .hexDigit(byte >> 4), .hexDigit(byte)] }
    }

    mutating func append(_ scalar: Unicode.Scalar) {
        if text.count <= address.count { text += UTF8.encode(scalar) ?? .init() }
    }

    /// The address where the text does not say it; with or without its scheme, and a slash at its end.
    var unsaid: [UInt8]? {
        let withoutScheme = address.drop { $0 != UInt8(ascii: ":") }.dropFirst().drop { $0 == UInt8(ascii: "/") }
        for url in [address[...], withoutScheme] {
            let withoutSlash = url.last == UInt8(ascii: "/") ? url.dropLast() : url
            if text.elementsEqual(url) || text.elementsEqual(withoutSlash) { return nil }
        }
        return address
    }
}
