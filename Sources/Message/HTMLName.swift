internal import Text

/// The name of an element or attribute: its first 16 bytes in lower case, packed into a number so that it is found
/// and compared without memory of its own. No name that matters is longer.
struct HTMLName: Hashable {
    private(set) var packed: UInt128 = 0

    init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes.prefix(16) { packed = packed << 8 | UInt128(byte.lowercased) }
    }

    /// All names of an enum, in an order that is searched by halves.
    struct Table<Value: CaseIterable & RawRepresentable<String> & Sendable>: Sendable {
        private let names: [UInt128]
        private let values: [Value]

        init() {
            let pairs = Value.allCases.map { (HTMLName($0.rawValue.utf8).packed, $0) }.sorted { $0.0 < $1.0 }
            names = pairs.map(\.0)
            values = pairs.map(\.1)
        }

        subscript(name: HTMLName) -> Value? {
            var (low, high) = (0, names.count)
            while low < high {
                let middle = (low + high) / 2
                if names[middle] < name.packed { low = middle + 1 } else { high = middle }
            }
            return low < names.count && names[low] == name.packed ? values[low] : nil
        }
    }
}

/// Attributes that say something about the text, or that name a resource.
enum HTMLAttribute: String, CaseIterable {
    case alt, background, colspan, data, hidden, href, open, poster, reversed, role, rowspan, src, srcset, start, style
    case type, value
    case xlink = "xlink:href"

    static let names = HTMLName.Table<HTMLAttribute>()

    /// Tells whether its value is an address or holds addresses.
    var namesResource: Bool {
        switch self {
        case .src, .background, .href, .style, .srcset, .poster, .data, .xlink: true
        default: false
        }
    }
}
