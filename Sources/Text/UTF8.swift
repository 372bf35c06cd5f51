extension String {
    /// The text that `bytes` are; nil where they are not UTF-8 (RFC 3629).
    ///
    /// Not generic as the standard library's `init(validating:as:)`, which asks at run time what it was called with.
    package init?(utf8 bytes: Span<UInt8>) {
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        self.init(copying: text)
    }
}

/// Whether `bytes` are UTF-8 (RFC 3629).
package func isUTF8(_ bytes: Span<UInt8>) -> Bool { firstInvalidUTF8(bytes) == nil }

/// The offset of the first byte that is not UTF-8 (RFC 3629), or nil.
package func firstInvalidUTF8(_ bytes: Span<UInt8>) -> Int? {
    do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: bytes)
        return nil
    } catch {
        return error.byteOffsets.lowerBound
    }
}
