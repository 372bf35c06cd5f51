internal import JSON
internal import Text

/// One step from a value into it.
enum Step: Hashable {
    case name(String)
    case index(Int)
}

/// A JSON pointer (RFC 6901) to what `steps` lead to.
func pointer(_ steps: some Sequence<Step>) -> String {
    var text = ""
    for step in steps {
        switch step {
        case .name(let name): text += "/" + pointerToken(name)
        case .index(let index): text += "/\(index)"
        }
    }
    return text
}

/// `text` with its `%41` decoded (RFC 3986, section 2.1), or nil if they are malformed or not UTF-8.
func percentDecoded(_ text: some Sequence<UInt8>) -> String? {
    var bytes: [UInt8] = []
    var rest = text.makeIterator()
    while let byte = rest.next() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.next()?.hexValue, let low = rest.next()?.hexValue else {
            return nil
        }
        bytes.append(high << 4 | low)
    }
    return String(utf8: bytes.span)
}
