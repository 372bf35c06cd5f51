internal import JSON

extension JSON {
    /// The value for people, one member to a line; strings longer than `limit` bytes are cut, and say so.
    func pretty(limit: Int = 2000, indent: String = "") -> String {
        switch self {
        case .object(let object) where !object.isEmpty:
            let inner = indent + "  "
            let members = object.members.map {
                inner + JSON.string($0.name).text + ": " + $0.value.pretty(limit: limit, indent: inner)
            }
            return "{\n" + members.joined(separator: ",\n") + "\n" + indent + "}"
        case .array(let list) where !list.isEmpty:
            let inner = indent + "  "
            return "[\n" + list.map { inner + $0.pretty(limit: limit, indent: inner) }.joined(separator: ",\n") + "\n"
                + indent + "]"
        case .string(let text) where text.utf8.count > limit:
            return JSON.string(String(text.prefix(60)) + "…").text + " (\(text.utf8.count) bytes)"
        default: return text
        }
    }
}
