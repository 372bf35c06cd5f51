internal import Text

/// RFC 3986, section 3: a URI with its scheme; no relative reference.
func isURI(_ text: ArraySlice<UInt8>) -> Bool {
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return false }
    let scheme = text[..<colon]
    guard let first = scheme.first, first.isLetter,
        scheme.allSatisfy({ $0.isLetterOrDigit || "+-.".utf8.contains($0) })
    else { return false }
    var rest = text[(colon + 1)...]
    if let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
        guard consists(rest[(hash + 1)...], of: ":@/?") else { return false }
        rest = rest[..<hash]
    }
    if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
        guard consists(rest[(mark + 1)...], of: ":@/?") else { return false }
        rest = rest[..<mark]
    }
    if rest.starts(with: "//".utf8) {
        rest = rest.dropFirst(2)
        let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        guard isAuthority(rest[..<end]) else { return false }
        rest = rest[end...]
    }
    return consists(rest, of: ":@/")
}

/// Section 3.2: perhaps a user, a host, perhaps a port.
private func isAuthority(_ text: ArraySlice<UInt8>) -> Bool {
    var host = text
    if let at = host.firstIndex(of: UInt8(ascii: "@")) {
        guard consists(host[..<at], of: ":") else { return false }
        host = host[(at + 1)...]
    }
    if host.first == UInt8(ascii: "[") {
        guard let end = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
        let address = host[host.index(after: host.startIndex)..<end]
        let port = host[(end + 1)...]
        return (isIPv6(address) || isFutureAddress(address))
            && (port.isEmpty || (port.first == UInt8(ascii: ":") && port.dropFirst().allSatisfy(\.isDigit)))
    }
    if let colon = host.lastIndex(of: UInt8(ascii: ":")) {
        guard host[(colon + 1)...].allSatisfy(\.isDigit) else { return false }
        host = host[..<colon]
    }
    return consists(host, of: "")
}

/// Section 3.2.2, IPvFuture: `v1.fe80`.
private func isFutureAddress(_ text: ArraySlice<UInt8>) -> Bool {
    guard let first = text.first, first | 0x20 == UInt8(ascii: "v"), let dot = text.firstIndex(of: UInt8(ascii: ".")),
        !text.contains(UInt8(ascii: "%"))
    else { return false }
    let (version, address) = (text[(text.startIndex + 1)..<dot], text[(dot + 1)...])
    return !version.isEmpty && version.allSatisfy { $0.hexValue != nil } && !address.isEmpty
        && consists(address, of: ":")
}

/// Whether `text` has only unreserved characters, sub-delims, `%41` and the given ones.
private func consists(_ text: ArraySlice<UInt8>, of more: String) -> Bool {
    var rest = text
    while let byte = rest.popFirst() {
        if byte.isLetterOrDigit { continue }
        if byte == UInt8(ascii: "%") {
            guard rest.count >= 2, rest.prefix(2).allSatisfy({ $0.hexValue != nil }) else { return false }
            rest = rest.dropFirst(2)
            continue
        }
        if !"-._~!$&'()*+,;=".utf8.contains(byte), !more.utf8.contains(byte) { return false }
    }
    return true
}
