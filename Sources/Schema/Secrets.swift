package import JSON
internal import Text

extension Schema {
    /// The text that replaces a `writeOnly` value in ``masked(_:)``.
    package static let mask = JSON.mask

    /// Whether any value can be `writeOnly`: without one, ``masked(_:)`` changes nothing.
    package var hasSecrets: Bool { leadsToSecret[0] }

    /// `value` with every `writeOnly` value in it replaced by ``mask``, whatever its type.
    ///
    /// A value is a secret if any schema says so that may apply to it, through `$ref`, `allOf`,
    /// `anyOf`, `oneOf`, `items` or `additionalProperties`, and whether or not the value fits it.
    package func masked(_ value: JSON) -> JSON { masked(value, by: [0]) }

    private func masked(_ value: JSON, by nodes: [Int]) -> JSON {
        guard nodes.contains(where: { leadsToSecret[$0] }) else { return value }
        let all = inPlaceClosure(of: nodes)
        if all.contains(where: { self.nodes[$0].isSecret }) { return .string(Self.mask) }
        switch value {
        case .array(let elements):
            let inside = self.inside(all, .index(0))
            return .array(elements.map { masked($0, by: inside) })
        case .object(let object):
            return .object(
                JSON.Object(object.members.map { ($0.name, masked($0.value, by: inside(all, .name($0.name)))) }))
        default: return value
        }
    }

    /// Where the secrets stand, as pointers in which `*` is any element or any other name:
    /// `/password`, `/users/*/token`. At most 100, for people; a recursion is followed once.
    package var secretPointers: [String] {
        var walk = SecretWalk()
        collectSecrets([0], path: "", within: [], &walk)
        return walk.found
    }

    private struct SecretWalk {
        var found: [String] = []
        /// Schemas that refer to each other crosswise have more paths than can be walked.
        var visitsLeft = 10_000
    }

    private func collectSecrets(_ nodes: [Int], path: String, within outer: [[Int]], _ walk: inout SecretWalk) {
        guard walk.found.count < 100, walk.visitsLeft > 0, nodes.contains(where: { leadsToSecret[$0] }),
            !outer.contains(nodes)
        else { return }
        walk.visitsLeft -= 1
        let all = inPlaceClosure(of: nodes)
        if all.contains(where: { self.nodes[$0].isSecret }) {
            if !walk.found.holds(exactly: path) { walk.found.append(path) }
            return
        }
        let outer = outer + [nodes]
        for name in names(all) {
            collectSecrets(inside(all, .name(name)), path: "\(path)/\(pointerToken(name))", within: outer, &walk)
        }
        let others = all.compactMap { self.nodes[$0].members?.additional }
        for rest in [others, inside(all, .index(0))] { collectSecrets(rest, path: "\(path)/*", within: outer, &walk) }
    }

    /// How many of `steps` lead to a secret, or nil if none is on the way.
    func secretDepth(_ steps: [Step]) -> Int? {
        var nodes = [0]
        for depth in 0...steps.count {
            guard nodes.contains(where: { leadsToSecret[$0] }) else { return nil }
            let all = inPlaceClosure(of: nodes)
            if all.contains(where: { self.nodes[$0].isSecret }) { return depth }
            if depth < steps.count { nodes = inside(all, steps[depth]) }
        }
        return nil
    }

    /// The nodes and all that judge the same value on their behalf, each once.
    func inPlaceClosure(of nodes: [Int]) -> [Int] {
        var all: [Int] = []
        var seen: Set<Int> = []
        var open = Array(nodes.reversed())
        while let node = open.popLast() {
            guard seen.insert(node).inserted else { continue }
            all.append(node)
            open += self.nodes[node].inPlace.reversed()
        }
        return all
    }

    /// The nodes that judge what `step` leads to from a value that `nodes` judge.
    func inside(_ nodes: [Int], _ step: Step) -> [Int] {
        nodes.compactMap { node in
            switch step {
            case .name(let name): self.nodes[node].members?.node(for: name)
            case .index: self.nodes[node].items
            }
        }
    }

    /// The names of properties that `nodes` declare, in order and each once.
    func names(_ nodes: [Int]) -> [String] {
        var names: [String] = []
        var seen: Set<ExactText> = []
        for node in nodes {
            for declared in self.nodes[node].members?.declared ?? []
            where seen.insert(ExactText(declared.name)).inserted {
                names.append(declared.name)
            }
        }
        return names
    }

    static func leadingToSecret(_ nodes: [Node]) -> [Bool] {
        var callers: [[Int]] = Array(repeating: [], count: nodes.count)
        for (index, node) in nodes.enumerated() {
            for target in node.inPlace + node.inside { callers[target].append(index) }
        }
        var leads = nodes.map(\.isSecret)
        var open = leads.indices.filter { leads[$0] }
        while let node = open.popLast() {
            for caller in callers[node] where !leads[caller] {
                leads[caller] = true
                open.append(caller)
            }
        }
        return leads
    }
}
