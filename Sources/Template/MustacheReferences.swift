internal import Text

extension Mustache {
    /// A tag that includes another template.
    struct Reference {
        let name: String
        let position: Position
        /// Whether it is rendered whatever the parameters are and whatever is overridden.
        let isCertain: Bool
    }

    /// Every partial and parent in the template, in the order of the source.
    var references: [Reference] {
        var found: [Reference] = []
        Self.collect(nodes, isCertain: true, into: &found)
        return found
    }

    /// Recurses no deeper than the parser lets tags be nested.
    private static func collect(_ nodes: [Node], isCertain: Bool, into found: inout [Reference]) {
        for node in nodes {
            switch node {
            case .text, .variable: break
            case .section(let section): collect(section.body, isCertain: false, into: &found)
            case .partial(let partial):
                found.append(Reference(name: partial.name, position: partial.position, isCertain: isCertain))
            case .parent(let parent):
                found.append(Reference(name: parent.name, position: parent.position, isCertain: isCertain))
                for override in parent.overrides { collect(override.body, isCertain: false, into: &found) }
            case .block(let block): collect(block.body, isCertain: false, into: &found)
            }
        }
    }

    /// The names of all blocks in the template.
    var blockNames: Set<ExactText> {
        var names: Set<ExactText> = []
        Self.collect(nodes, into: &names)
        return names
    }

    /// The names of all blocks in the partial `name` and in what it includes.
    static func blockNames(below name: String, in partials: [String: Mustache]) -> Set<ExactText> {
        var names: Set<ExactText> = []
        var pending = [name]
        var seen: Set<ExactText> = []
        while let name = pending.popLast() {
            guard seen.insert(ExactText(name)).inserted, let partial = partials[name] else { continue }
            names.formUnion(partial.blockNames)
            pending += partial.references.map(\.name)
        }
        return names
    }

    private static func collect(_ nodes: [Node], into names: inout Set<ExactText>) {
        for node in nodes {
            switch node {
            case .text, .variable, .partial: break
            case .section(let section): collect(section.body, into: &names)
            case .parent(let parent):
                for override in parent.overrides { collect(override.body, into: &names) }
            case .block(let block):
                names.insert(ExactText(block.name))
                collect(block.body, into: &names)
            }
        }
    }

    /// The template inside `layout`, as if its file were `{{<layout}}{{$body}}…{{/body}}{{/layout}}`.
    ///
    /// A block that stands outside of everything and is one of `blocks` goes next to `body`: it overrides the layout's
    /// block of that name, and is not part of the body.
    func wrapped(in layout: String, blocks: Set<ExactText>) -> Mustache {
        var body: [Node] = []
        var overrides: [Block] = []
        for node in nodes {
            if case .block(let block) = node, blocks.contains(ExactText(block.name)), block.name != "body" {
                overrides.append(block)
            } else {
                body.append(node)
            }
        }
        let start = Position(line: 1, column: 1)
        overrides.append(
            Block(name: "body", body: body, indent: [], isStandalone: true, endsLine: true, position: start))
        return Mustache(
            file: file, nodes: [.parent(Parent(name: layout, indent: [], overrides: overrides, position: start))],
            fileReferences: fileReferences)
    }
}
