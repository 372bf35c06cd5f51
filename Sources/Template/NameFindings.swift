internal import Schema
internal import Text

/// The findings of ``NameCheck``, in words.
extension Finding {
    /// `name` is not there from its part number `parts` on, inside one of `values`.
    static func undeclared(
        _ name: Mustache.Name, _ position: Mustache.Position, _ parts: Int, _ values: [NamedValue], in file: String
    ) -> Finding {
        let prefix = name.parts[..<parts].joined(separator: ".")
        let kinds = values.reduce(into: ValueKinds()) { $0.formUnion($1.kinds) }
        if parts > 0, !kinds.contains(.object) {
            let hint = kinds.contains(.array) ? "; what its elements have is used inside {{#\(prefix)}}" : ""
            return Finding(.error, file, position, "'\(name.text)' is nothing: '\(prefix)' is \(kinds.wanted)\(hint)")
        }
        let known = values.flatMap(\.names)
        let rest = name.parts[(parts + 1)...]
        let guess = nearest(to: name.parts[parts], among: known).map { near in
            (name.parts[..<parts] + [near] + rest).joined(separator: ".")
        }
        return Finding(.error, file, position, "'\(name.text)' is not declared in schema.json", suggestion: guess)
    }

    /// Only arrays and objects may stand where a text should.
    static func noScalar(
        _ name: Mustache.Name, _ position: Mustache.Position, _ values: [NamedValue], _ kinds: ValueKinds,
        in file: String
    ) -> Finding {
        let inside = values.flatMap(\.names).first
        let hint =
            if kinds.contains(.array) {
                "its elements are shown inside {{#\(name.text)}}"
            } else if let inside, !name.parts.isEmpty {
                "name what is in it, such as '\(name.text).\(inside)'"
            } else if let inside {
                "name what is in it, such as '\(inside)'"
            } else { "nothing in it is declared" }
        return Finding(.error, file, position, "'\(name.text)' is \(kinds.wanted) and no text: \(hint)")
    }

    static func doubtful(
        _ name: Mustache.Name, _ position: Mustache.Position, _ doubt: NameScope.Doubt, in file: String
    ) -> Finding {
        let (parts, word) =
            switch doubt {
            case .optional(let parts): (parts, "is optional")
            case .null(let parts): (parts, "may be null")
            }
        let prefix = parts == 0 ? "." : name.parts[..<parts].joined(separator: ".")
        return Finding(.warning, file, position, "'\(prefix)' \(word); show it inside {{#\(prefix)}}")
    }

    static func absent(_ name: Mustache.Name, _ position: Mustache.Position, in file: String) -> Finding {
        Finding(.warning, file, position, "'\(name.text)' is never there inside its inverted section")
    }

    static func secret(_ name: Mustache.Name, _ position: Mustache.Position, in file: String) -> Finding {
        Finding(
            .warning, file, position,
            "'\(name.text)' is a secret (writeOnly), and this line is shown in notifications and kept in logs")
    }

    static func strayOverride(
        _ block: Mustache.Block, of parent: String, among names: Set<ExactText>, in file: String
    ) -> Finding {
        Finding(
            .warning, file, block.position, "'\(parent)' has no block '\(block.name)' that this could replace",
            suggestion: nearest(to: block.name, among: names.sorted().map(\.text)))
    }
}
