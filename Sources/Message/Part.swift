/// A part of a message without parts of its own.
struct Leaf {
    var type: ContentType
    var body: Body
    var disposition: Disposition?
    var filename: String?
    var cid: String?

    enum Body {
        case text(BodyText, TransferEncoding)
        /// Always in base64, so that a file arrives as it was.
        case octets([UInt8])
    }

    enum Disposition: String {
        case inline, attachment
    }

    /// A part in UTF-8.
    init(_ subtype: String, _ text: BodyText) {
        type = ContentType(
            type: "text", subtype: subtype, parameters: [ContentType.Parameter(name: "charset", value: "utf-8")])
        body = .text(text, text.encoding)
    }

    init(type: ContentType, body: Body, disposition: Disposition, filename: String?, cid: String?) {
        self.type = type
        self.body = body
        self.disposition = disposition
        self.filename = filename
        self.cid = cid
    }
}

/// The tree of a message: RFC 2046, section 5.1.
indirect enum Part {
    case leaf(Leaf)
    case multipart(Multipart, [Part])

    enum Multipart: String {
        case mixed, alternative, related
    }

    /// Calls `body` for each leaf in order.
    func forEachLeaf(_ body: (Leaf) -> Void) {
        switch self {
        case .leaf(let leaf): body(leaf)
        case .multipart(_, let parts): for part in parts { part.forEachLeaf(body) }
        }
    }

    /// Whether a leaf is in 8bit.
    var has8Bit: Bool {
        var found = false
        forEachLeaf { if case .text(_, .eightBit) = $0.body { found = true } }
        return found
    }

    /// Enough room for what ``Wire/part(_:_:)`` appends, more or less.
    var estimatedSize: Int {
        var size = 0
        forEachLeaf { leaf in
            switch leaf.body {
            case .text(let text, .quotedPrintable): size += text.quotedLength + text.quotedLength / 24
            case .text(let text, .base64): size += text.bytes.count / 57 * 78 + 80
            case .text(let text, _): size += text.bytes.count
            case .octets(let content): size += content.count / 57 * 78 + 80
            }
            size += 400
        }
        return size
    }
}

extension Wire {
    /// Appends a part: its fields, an empty line, its body.
    mutating func part(_ part: Part, _ boundaries: Boundaries, depth: Int = 0) {
        switch part {
        case .leaf(let leaf): self.leaf(leaf)
        case .multipart(let kind, let parts):
            let boundary = boundaries.boundary(depth)
            begin("Content-Type")
            word("multipart/\(kind.rawValue)")
            // RFC 2387, section 3.1: the type of the part that is shown.
            if kind == .related { parameter("type", "text/html") }
            append(UInt8(ascii: ";"))
            word("boundary=\"\(boundary)\"")
            endLine()
            // RFC 2045, section 6.4.
            if part.has8Bit { field("Content-Transfer-Encoding", TransferEncoding.eightBit.rawValue) }
            endLine()
            for (index, child) in parts.enumerated() {
                if index > 0 { endLine() }
                append("--")
                append(boundary.utf8)
                endLine()
                self.part(child, boundaries, depth: depth + 1)
            }
            endLine()
            append("--")
            append(boundary.utf8)
            append("--")
            endLine()
        }
    }

    private mutating func leaf(_ leaf: Leaf) {
        begin("Content-Type")
        word("\(leaf.type.type)/\(leaf.type.subtype)")
        for given in leaf.type.parameters where given.name != "name" || leaf.filename == nil {
            parameter(given.name, given.value)
        }
        // The only form of the name that old readers know; new ones take the disposition's.
        if let filename = leaf.filename, Wire.needsExtendedForm(filename) {
            parameter("name", Attachment.plainName(filename))
        }
        endLine()
        let encoding =
            switch leaf.body {
            case .text(_, let encoding): encoding
            case .octets: TransferEncoding.base64
            }
        field("Content-Transfer-Encoding", encoding.rawValue)
        if let disposition = leaf.disposition {
            begin("Content-Disposition")
            word(disposition.rawValue)
            if let filename = leaf.filename { parameter("filename", filename) }
            endLine()
        }
        if let cid = leaf.cid { field("Content-ID", "<\(cid)>") }
        endLine()
        switch leaf.body {
        case .text(let text, .quotedPrintable): appendQuotedPrintable(text.bytes)
        case .text(let text, .base64): appendBase64Lines(text.bytes)
        case .text(let text, _): append(text.bytes)
        case .octets(let content): appendBase64Lines(content)
        }
    }
}
