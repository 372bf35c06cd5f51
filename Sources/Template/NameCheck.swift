package import Schema
package import Text

/// Holds the names that a mustache template uses against the schema of its parameters, without rendering it.
///
/// It goes through everything that would be rendered: sections, partials, parents, and of each block either its
/// default or what overrides it. A fault in a partial is that of the partial's file.
///
/// A name is declared if `properties` or `required` has it, or `additionalProperties` is a schema and not just `true`:
/// a job may bring any member, but a template must not use undeclared ones.
package struct NameCheck {
    private let partials: [String: Mustache]
    /// Whether others than the reader see the output.
    private let isPublic: Bool
    package private(set) var findings: [Finding] = []
    /// RFC 6901: the places in the schema that declare what was used.
    package private(set) var used: Set<ExactText> = []
    private var reported: Set<Report> = []
    private var visits: Set<Visit> = []
    private var open: Set<Opening> = []
    private var depth = 0
    private var stepsLeft = 200_000
    private var isTooLarge = false

    /// The overrides of blocks, of the parents around, outermost first.
    private struct Override: Hashable {
        let block: Mustache.Block
        let file: String

        static func == (left: Override, right: Override) -> Bool {
            left.file == right.file && left.block.position == right.block.position
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(file)
            hasher.combine(block.position.line)
            hasher.combine(block.position.column)
        }
    }

    /// A finding about a tag that may be met again through another inclusion.
    private struct Report: Hashable {
        enum Kind { case undeclared, noScalar, doubtful, absent, secret, stray }
        let kind: Kind
        let file: String
        let line: Int
        let column: Int
    }

    /// An inclusion: a second one with nothing different finds nothing new.
    private struct Visit: Hashable {
        let partial: String
        let scope: NameScope.Signature
        let overrides: [[Override]]
    }

    /// An inclusion that has not ended. One of the same partial over the same place of the schema is a recursion
    /// that the parameters end.
    private struct Opening: Hashable {
        let partial: String
        let innermost: Set<NamedValue.Meaning>?
    }

    private struct View {
        var scope: NameScope
        var file: String
        var overrides: [[Override]] = []
    }

    /// - Parameter isPublic: whether others than the reader see the result, so that a secret does not belong there:
    ///   a subject, a header.
    package init(_ mustache: Mustache, partials: [String: Mustache] = [:], schema: Schema, isPublic: Bool) {
        self.partials = partials
        self.isPublic = isPublic
        walk(mustache.nodes, View(scope: NameScope(schema), file: mustache.file))
        if isTooLarge {
            findings.append(Finding(.warning, mustache.file, "too large to hold all of its names against schema.json"))
        }
        findings = findings.sorted()
    }

    private mutating func walk(_ nodes: [Mustache.Node], _ view: View) {
        // What is deeper is not rendered either.
        if depth == RenderLimits().depth || isTooLarge {
            isTooLarge = true
            return
        }
        depth += 1
        defer { depth -= 1 }
        for node in nodes {
            stepsLeft -= view.scope.depth
            if stepsLeft < 0 { isTooLarge = true }
            if isTooLarge { return }
            switch node {
            case .text: break
            case .variable(let variable): check(variable, view)
            case .section(let section): walk(section, view)
            case .partial(let partial): include(partial.name, view)
            case .parent(let parent):
                refuseStrayOverrides(parent, view)
                var inner = view
                inner.overrides.append(parent.overrides.map { Override(block: $0, file: view.file) })
                include(parent.name, inner)
            case .block(let block): walk(block, view)
            }
        }
    }

    private mutating func include(_ name: String, _ view: View) {
        guard let partial = partials[name] else { return }
        let visit = Visit(partial: name, scope: view.scope.signature, overrides: view.overrides)
        let opening = Opening(partial: name, innermost: view.scope.innermost)
        guard !open.contains(opening), visits.insert(visit).inserted else { return }
        open.insert(opening)
        defer { open.remove(opening) }
        walk(partial.nodes, View(scope: view.scope, file: partial.file, overrides: view.overrides))
    }

    /// The outermost override wins, as in rendering, and only parents outside of it can override what is in it.
    private mutating func walk(_ block: Mustache.Block, _ view: View) {
        for (level, candidates) in view.overrides.enumerated() {
            guard let override = candidates.first(where: { $0.block.name.isExactly(block.name) }) else { continue }
            return walk(
                override.block.body,
                View(scope: view.scope, file: override.file, overrides: Array(view.overrides[..<level])))
        }
        walk(block.body, view)
    }

    /// An override that its parent has no block for is never rendered.
    private mutating func refuseStrayOverrides(_ parent: Mustache.Parent, _ view: View) {
        let names = Mustache.blockNames(below: parent.name, in: partials)
        for override in parent.overrides where !names.contains(ExactText(override.name)) {
            report(.stray, override.position, view.file) {
                .strayOverride(override, of: parent.name, among: names, in: view.file)
            }
        }
    }

    private mutating func walk(_ section: Mustache.Section, _ view: View) {
        var inner = view
        switch view.scope.lookUp(section.name, used: &used) {
        case .unknown: if !section.isInverted { inner.scope = view.scope.enteringUnknown() }
        case .missing(let parts, let values):
            report(.undeclared, section.position, view.file) {
                .undeclared(section.name, section.position, parts, values, in: view.file)
            }
            if !section.isInverted { inner.scope = view.scope.enteringUnknown() }
        case .found(let values, _):
            if view.scope.isAbsent(values) {
                report(.absent, section.position, view.file) {
                    .absent(section.name, section.position, in: view.file)
                }
            }
            inner.scope = section.isInverted ? view.scope.enteringInverted(values) : view.scope.entering(values)
        }
        walk(section.body, inner)
    }

    private mutating func check(_ variable: Mustache.Variable, _ view: View) {
        let (name, position) = (variable.name, variable.position)
        switch view.scope.lookUp(name, used: &used) {
        case .unknown: break
        case .missing(let parts, let values):
            report(.undeclared, position, view.file) { .undeclared(name, position, parts, values, in: view.file) }
        case .found(let values, let doubt):
            let kinds = values.reduce(into: ValueKinds()) { $0.formUnion($1.kinds) }
            if kinds.isDisjoint(with: .scalar) {
                report(.noScalar, position, view.file) { .noScalar(name, position, values, kinds, in: view.file) }
            } else if view.scope.isAbsent(values) {
                report(.absent, position, view.file) { .absent(name, position, in: view.file) }
            } else if let doubt {
                report(.doubtful, position, view.file) { .doubtful(name, position, doubt, in: view.file) }
            }
            if isPublic, values.contains(where: \.isSecret) {
                report(.secret, position, view.file) { .secret(name, position, in: view.file) }
            }
        }
    }

    /// Says it, unless it has been said of that very tag.
    private mutating func report(
        _ kind: Report.Kind, _ position: Mustache.Position, _ file: String, _ finding: () -> Finding
    ) {
        let report = Report(kind: kind, file: file, line: position.line, column: position.column)
        if reported.insert(report).inserted { findings.append(finding()) }
    }
}
