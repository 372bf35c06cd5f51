internal import Text

/// A file that travels with the mail.
package struct Attachment: Sendable {
    /// The file name that the reader's program offers.
    package var filename: String?
    /// Such as `application/pdf`; nil is `application/octet-stream`.
    package var contentType: String?
    /// The name by which the HTML refers to the file, as in `cid:logo.png`. A file to which it does refer
    /// is shown inline, not listed. Without an `@` the name is good for one message only, and is
    /// made unique, with the HTML, when the message is composed.
    package var cid: String?
    package var content: [UInt8]

    package init(filename: String? = nil, contentType: String? = nil, cid: String? = nil, content: [UInt8]) {
        self.filename = filename
        self.contentType = contentType
        self.cid = cid
        self.content = content
    }

    /// Checks the names.
    /// - Throws: the reason, without a field.
    func check() throws(CompositionError) {
        if let filename {
            if filename.hasControl { throw .init("", "a control character in the file name") }
            if filename.utf8.count > 1024 { throw .init("", "a file name of more than 1024 octets") }
        }
        if let cid {
            guard !cid.isEmpty, cid.utf8.count <= 250,
                cid.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") })
            else { throw .init("", "a cid must be up to 250 printable ASCII characters without spaces and angles") }
        }
    }

    /// The part that carries the file, whose names were checked.
    ///
    /// Text without a charset that is UTF-8 is told to be that: RFC 2046, section 4.1.2, takes it for ASCII.
    /// - Throws: the reason, without a field.
    func leaf(_ disposition: Leaf.Disposition) throws(CompositionError) -> Leaf {
        var type = ContentType.octetStream
        if let contentType {
            guard let parsed = ContentType(parsing: contentType) else {
                throw .init("", "\(contentType.quoted) is not a content type")
            }
            type = parsed
        }
        if type.type == "text", !type.parameters.contains(where: { $0.name == "charset" }), isUTF8(content.span) {
            type = ContentType(
                type: type.type, subtype: type.subtype,
                parameters: type.parameters + [ContentType.Parameter(name: "charset", value: "utf-8")])
        }
        // These consist of parts or stand for something elsewhere; a file has another type.
        if type.type == "multipart" || (type.type == "message" && ["partial", "external-body"].contains(type.subtype)) {
            throw .init("", "\(type.type)/\(type.subtype) cannot be attached")
        }
        var leaf = Leaf(type: type, body: .octets(content), disposition: disposition, filename: filename, cid: cid)
        if type.type == "message", type.subtype == "rfc822" { leaf.body = try attachedMessage() }
        return leaf
    }

    /// A message may not be encoded: RFC 2046, section 5.2.1.
    private func attachedMessage() throws(CompositionError) -> Leaf.Body {
        let text = BodyText(content)
        if text.hasNUL { throw .init("", "an attached message with a NUL in it") }
        if text.longestLine > Wire.lineLimit {
            throw .init("", "an attached message with a line of more than \(Wire.lineLimit) octets")
        }
        return .text(text, text.isASCII ? .sevenBit : .eightBit)
    }

    /// The name for readers that do not know RFC 2231: at most 60 printable octets, with the
    /// ending that says what the file is.
    static func plainName(_ filename: String) -> String {
        var name: [UInt8] = []
        for scalar in filename.unicodeScalars {
            // No reader is to find an encoded-word in it.
            let isEncoded = scalar == "?" && name.last == UInt8(ascii: "=")
            let isKept = scalar.isASCII && scalar != "\"" && scalar != "\\" && !isEncoded
            name.append(isKept ? UInt8(ascii: scalar) : UInt8(ascii: "_"))
        }
        if name.count > Wire.longestPlain {
            let dot = name.lastIndex(of: UInt8(ascii: ".")) ?? name.endIndex
            let ending = name.count - dot <= 10 ? name[dot...] : []
            name = Array(name.prefix(Wire.longestPlain - ending.count)) + ending
        }
        return String(decoding: name, as: UTF8.self)
    }
}
