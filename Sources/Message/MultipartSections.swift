internal import Text

/// The parts of a multipart, each with its header, as slices of `body`: RFC 2046, section 5.1.1.
///
/// The line end before a delimiter belongs to it. Without a last delimiter the last part ends with the body.
func multipartSections(of body: ArraySlice<UInt8>, between boundary: some Sequence<UInt8>) -> [ArraySlice<UInt8>] {
    let delimiter = Array("--".utf8) + boundary
    var sections: [ArraySlice<UInt8>] = []
    var start: Int?
    var line = body.startIndex
    while line < body.endIndex {
        let end = body[line...].firstIndex(of: 0x0A).map { $0 + 1 } ?? body.endIndex
        if body[line..<end].starts(with: delimiter) {
            let rest = body[(line + delimiter.count)..<end].filter { !$0.isBlank && $0 != 0x0D && $0 != 0x0A }
            let isLast = rest.elementsEqual("--".utf8)
            if rest.isEmpty || isLast {
                if let start {
                    var stop = line
                    if stop > start, body[stop - 1] == 0x0A { stop -= 1 }
                    if stop > start, body[stop - 1] == 0x0D { stop -= 1 }
                    sections.append(body[start..<stop])
                }
                if isLast { return sections }
                start = end
            }
        }
        line = end
    }
    if let start { sections.append(body[start...]) }
    return sections
}
