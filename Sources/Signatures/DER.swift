/// One value of the distinguished encoding of ASN.1 (X.690), as keys, certificates and signatures are made of.
struct DER {
    let tag: UInt8
    let content: ArraySlice<UInt8>

    static let integer: UInt8 = 0x02
    static let bitString: UInt8 = 0x03
    static let objectID: UInt8 = 0x06
    static let sequence: UInt8 = 0x30

    /// Takes the first value of `rest` off it; nil where it has none that is whole.
    static func take(_ rest: inout ArraySlice<UInt8>) -> DER? {
        var text = rest
        guard let tag = text.popFirst(), tag & 0x1F != 0x1F, let first = text.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let digits = Int(first & 0x7F)
            guard (1...3).contains(digits), text.count >= digits, text.first != 0 else { return nil }
            length = text.prefix(digits).reduce(0) { $0 << 8 | Int($1) }
            text = text.dropFirst(digits)
            guard length >= 0x80 else { return nil }
        }
        guard length <= text.count else { return nil }
        rest = text.dropFirst(length)
        return DER(tag: tag, content: text.prefix(length))
    }

    /// The values of a sequence that is all of `bytes`; nil for anything else.
    static func sequence(_ bytes: ArraySlice<UInt8>) -> [DER]? {
        var rest = bytes
        guard let outer = take(&rest), outer.tag == sequence, rest.isEmpty else { return nil }
        return outer.parts
    }

    /// The values inside; nil where they are not whole.
    var parts: [DER]? {
        var rest = content
        var parts: [DER] = []
        while !rest.isEmpty {
            guard let part = DER.take(&rest) else { return nil }
            parts.append(part)
        }
        return parts
    }

    /// A natural number in its shortest form; nil for anything else.
    var number: Number? {
        guard tag == DER.integer, let first = content.first, first < 0x80 else { return nil }
        if first == 0, content.count > 1, content[content.startIndex + 1] < 0x80 { return nil }
        return Number(content)
    }
}
