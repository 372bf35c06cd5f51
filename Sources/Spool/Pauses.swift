internal import Text

/// One file directly below the spool that keeps jobs from being started as long as it is there: `pause`,
/// `pause.template.NAME` or `pause.relay.NAME`.
package enum PauseFile: Hashable, Comparable, Sendable, CustomStringConvertible {
    case all
    case template(String)
    case relay(String)

    /// The most bytes of the name of a template or relay.
    private static let nameLimit = 200

    /// Reads the name of a file; nil for one that pauses nothing.
    package init?(name: String) {
        let parts = name.pieces(at: ".", most: 3).map(String.init)
        switch (parts[0], parts.count) {
        case ("pause", 1): self = .all
        case ("pause", 3): self.init(words: Array(parts[1...]))
        default: return nil
        }
    }

    /// Reads an operator's words: `all`, `template NAME` or `relay NAME`. Nil for others, and for a name that is empty,
    /// is over 200 bytes, or cannot be part of a file's name.
    package init?(words: [String]) {
        if words == ["all"] {
            self = .all
            return
        }
        guard words.count == 2, (1...PauseFile.nameLimit).contains(words[1].utf8.count),
            !words[1].utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 })
        else { return nil }
        switch words[0] {
        case "template": self = .template(words[1])
        case "relay": self = .relay(words[1])
        default: return nil
        }
    }

    /// The file's name below the spool.
    package var name: String {
        if case .all = self { "pause" } else { "pause." + words.joined(separator: ".") }
    }

    /// The operator's words for it, as ``init(words:)`` reads them.
    package var words: [String] {
        switch self {
        case .all: ["all"]
        case .template(let name): ["template", name]
        case .relay(let name): ["relay", name]
        }
    }

    package var description: String { words.joined(separator: " ") }

    package static func == (left: PauseFile, right: PauseFile) -> Bool { left.name.isExactly(right.name) }
    package func hash(into hasher: inout Hasher) { hasher.combine(ExactText(name)) }
}

/// The pause files of a spool, and what they keep from being started.
package struct Pauses: Equatable, Sendable {
    package private(set) var files: Set<PauseFile> = []

    package init() {}

    /// Notes that a file of that name is there; false when it pauses nothing.
    package mutating func insert(_ name: String) -> Bool {
        guard let file = PauseFile(name: name) else { return false }
        files.insert(file)
        return true
    }

    /// Notes that no file of that name is there any more; false when it would pause nothing.
    package mutating func remove(_ name: String) -> Bool {
        guard let file = PauseFile(name: name) else { return false }
        files.remove(file)
        return true
    }

    package var isEmpty: Bool { files.isEmpty }
    /// Whether nothing at all may be started.
    package var all: Bool { files.contains(.all) }
    /// Whether the template's jobs may not be started; a job without a template has no pause of its own.
    package func cover(template: String?) -> Bool { template.map { files.contains(.template($0)) } ?? false }
    /// Whether nothing may be started through the relay.
    package func cover(relay: String) -> Bool { files.contains(.relay(relay)) }
}
