/// HMAC-SHA256 (RFC 2104) under one key, whose two blocks are computed once.
package struct KeyedHash: Sendable {
    private let inner: SHA256.State
    private let outer: SHA256.State
    private let key: [UInt8]

    package init(key: [UInt8]) {
        self.key = key
        var block = key.count > 64 ? SHA256.digest(key) : key
        block += [UInt8](repeating: 0, count: 64 - block.count)
        var (inner, outer) = (SHA256.State(), SHA256.State())
        inner.take(block: block.map { $0 ^ 0x36 })
        outer.take(block: block.map { $0 ^ 0x5C })
        (self.inner, self.outer) = (inner, outer)
    }

    /// The 32 bytes of the code.
    package func code(of message: [UInt8]) -> [UInt8] {
        var (inner, outer) = (inner, outer)
        inner.end(message)
        outer.end(inner.bytes)
        return outer.bytes
    }
}

extension KeyedHash: Equatable {
    package static func == (one: KeyedHash, other: KeyedHash) -> Bool { one.key == other.key }
}
