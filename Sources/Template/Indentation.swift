extension [Mustache.Node] {
    /// The nodes without `prefix`, or as much of it as is there, at the beginning of each line.
    ///
    /// The overrides of a parent have lost their own indentation already and are left alone.
    func unindented(by prefix: [UInt8]) -> [Mustache.Node] {
        if prefix.isEmpty { return self }
        return map { node in
            switch node {
            case .text(let text): return .text(text.unindented(by: prefix))
            case .variable: return node
            case .section(var section):
                section.body = section.body.unindented(by: prefix)
                return .section(section)
            case .partial(var partial):
                partial.indent = [UInt8](rest(of: partial.indent[...], after: prefix))
                return .partial(partial)
            case .parent(var parent):
                parent.indent = [UInt8](rest(of: parent.indent[...], after: prefix))
                return .parent(parent)
            case .block(var block):
                block.indent = [UInt8](rest(of: block.indent[...], after: prefix))
                block.body = block.body.unindented(by: prefix)
                return .block(block)
            }
        }
    }
}

extension Mustache.Text {
    fileprivate func unindented(by prefix: [UInt8]) -> Mustache.Text {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var tail = bytes[...]
        var atStart = startsLine
        while true {
            if atStart { tail = rest(of: tail, after: prefix) }
            guard let newline = tail.firstIndex(of: 0x0A) else { break }
            kept += tail[...newline]
            tail = tail[(newline + 1)...]
            atStart = true
        }
        return Mustache.Text(kept + tail, startsLine: startsLine)
    }
}

/// The rest after as much of `prefix` as is there.
private func rest(of bytes: ArraySlice<UInt8>, after prefix: [UInt8]) -> ArraySlice<UInt8> {
    bytes.dropFirst(zip(bytes, prefix).prefix { $0 == $1 }.count)
}
