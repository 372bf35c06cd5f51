internal import Text

extension Mustache {
    /// A file that HTML shows: `cid:logo.png`, written without a tag in it.
    struct FileReference: Equatable {
        let name: String
        let position: Position
    }

    /// Every name behind a `cid:` that is written out and has an ending. One without an ending or
    /// with an `@` is not a file's but an attachment's, which the job brings.
    static func fileReferences(
        in source: [UInt8], file: String, at start: Position
    ) throws(TemplateFault) -> [FileReference] {
        var scanner = MustacheScanner(source, file: file, at: start)
        var places = MustacheScanner(source, file: file, at: start)
        var found: [FileReference] = []
        var offset = 0
        while offset < source.count {
            let tag = try scanner.tag(from: offset)
            let end = tag?.start ?? source.count
            for range in ContentReferences.find(in: source[offset..<end]) {
                // What a tag goes on with is a name that only the parameters know.
                if range.upperBound == end, tag != nil { continue }
                guard let name = ContentReferences.decoded(source[range]), name.holds("."), !name.holds("@")
                else { continue }
                found.append(FileReference(name: name, position: places.position(of: range.lowerBound)))
            }
            offset = tag?.end ?? source.count
        }
        return found
    }
}
