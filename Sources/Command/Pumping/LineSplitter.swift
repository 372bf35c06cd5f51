/// Turns a stream of bytes into lines of bounded length.
struct LineSplitter {
    /// A line that came to its end.
    enum Line: Equatable {
        case whole([UInt8])
        /// Longer than the limit: its first bytes.
        case cut([UInt8])
    }

    private var begun: [UInt8] = []
    private var isCut = false
    private let limit: Int

    /// How many bytes of a line that is too long are kept.
    static let excerpt = 500

    init(limit: Int) { self.limit = limit }

    /// The bytes of the line that has not ended yet.
    var count: Int { begun.count }

    /// The lines that end within `bytes`, in order, without their ends; lines of white space alone are left out.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> [Line] {
        var lines: [Line] = []
        var rest = bytes
        while let end = rest.firstIndex(of: 0x0A) {
            append(rest[..<end])
            if isCut {
                lines.append(.cut(begun))
            } else if begun.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) {
                lines.append(.whole(begun))
            }
            (begun, isCut) = ([], false)
            rest = rest[(end + 1)...]
        }
        append(rest)
        return lines
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>) {
        if isCut { return }
        begun += bytes
        if begun.count > limit {
            begun = Array(begun.prefix(LineSplitter.excerpt))
            isCut = true
        }
    }
}
