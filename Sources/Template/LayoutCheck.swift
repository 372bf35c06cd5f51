internal import Text

/// Finds blocks of an HTML that do not replace those of its layout, though they have their names or nearly so.
///
/// Only a block at the top level of the template's own file does: what a section or a partial decides is known when the
/// layout is being rendered already.
struct LayoutCheck {
    private let layout: String
    /// The blocks that can be replaced.
    private let names: Set<ExactText>
    private let partials: [String: Mustache]
    /// Partials that are parents somewhere: their blocks are their own.
    private var parents: Set<ExactText> = []
    private var open: Set<ExactText> = []
    private var seen: Set<ExactText> = []
    private(set) var findings: [Finding] = []

    /// - Parameter part: an HTML in a layout of that name.
    init(_ part: Template.Part, layout: String) {
        self.layout = layout
        partials = part.partials
        names = Mustache.blockNames(below: layout, in: partials)
        guard case .parent(let parent) = part.mustache.nodes.first else { return }
        collectParents(parent.overrides.flatMap(\.body))
        for override in parent.overrides {
            let isBody = override.name.isExactly("body")
            walk(override.body, part.mustache.file, inside: isBody ? nil : "the block '\(override.name)'")
        }
    }

    private mutating func collectParents(_ nodes: [Mustache.Node]) {
        for node in nodes {
            switch node {
            case .text, .variable: break
            case .section(let section): collectParents(section.body)
            case .block(let block): collectParents(block.body)
            case .partial(let partial): collectParents(of: partial.name)
            case .parent(let parent):
                parents.insert(ExactText(parent.name))
                collectParents(of: parent.name)
                for override in parent.overrides { collectParents(override.body) }
            }
        }
    }

    private mutating func collectParents(of name: String) {
        guard seen.insert(ExactText(name)).inserted, let partial = partials[name] else { return }
        collectParents(partial.nodes)
    }

    /// - Parameter place: what the nodes are in; nil at the top level.
    private mutating func walk(_ nodes: [Mustache.Node], _ file: String, inside place: String?) {
        for node in nodes {
            switch node {
            case .text, .variable: break
            case .section(let section):
                walk(section.body, file, inside: "{{\(section.isInverted ? "^" : "#")\(section.name.text)}}")
            case .partial(let partial):
                guard !parents.contains(ExactText(partial.name)), open.insert(ExactText(partial.name)).inserted,
                    let inner = partials[partial.name]
                else { continue }
                walk(inner.nodes, inner.file, inside: "a partial")
            case .parent(let parent):
                for override in parent.overrides { walk(override.body, file, inside: "{{<\(parent.name)}}") }
            case .block(let block):
                judge(block, file, inside: place)
                walk(block.body, file, inside: "the block '\(block.name)'")
            }
        }
    }

    private mutating func judge(_ block: Mustache.Block, _ file: String, inside place: String?) {
        if let place {
            guard names.contains(ExactText(block.name)) else { return }
            let message =
                "'\(block.name)' inside \(place) does not replace that of '\(layout)' and stands in the body: "
                + "only a block at the top level of the HTML does"
            findings.append(Finding(.warning, file, block.position, message))
        } else {
            let finding = Finding.strayOverride(block, of: layout, among: names, in: file)
            if finding.suggestion != nil { findings.append(finding) }
        }
    }
}
