internal import Text

extension Compiler {
    /// How many schemas may judge one value one inside the other. Going on without going into
    /// the value costs stack, which a producer's nesting then multiplies.
    static let chainLimit = 32

    /// Finds each `$ref`'s node; only pointers into the same document are followed.
    mutating func resolveReferences() throws(SchemaFault) {
        for reference in references {
            nodes[reference.node].checks[reference.check] = .reference(try target(of: reference))
        }
    }

    private func target(of reference: Reference) throws(SchemaFault) -> Int {
        let place = nodes[reference.node].pointer + "/$ref"
        func fault(_ reason: String) -> SchemaFault { SchemaFault(pointer: place, reason: reason) }
        guard reference.text.begins(with: "#") else {
            throw fault("only references into the same document are supported, such as #/$defs/name")
        }
        guard let text = percentDecoded(reference.text.utf8.dropFirst()) else {
            throw fault("a malformed percent escape")
        }
        guard text.isEmpty || text.begins(with: "/") else {
            throw fault("anchors are not supported; write #/$defs/name")
        }
        if let node = places[ExactText(text)] { return node }
        throw fault("no schema stands there" + suggestion(for: text, among: places.keys.sorted().map(\.text)))
    }

    /// The nodes ordered so that each comes after those that judge the same value on its behalf.
    ///
    /// Throws if one does so on its own behalf, so that no value could ever be judged, or if the chain
    /// is longer than ``chainLimit``.
    func inPlaceOrder() throws(SchemaFault) -> [Int] {
        var callers: [[Int]] = Array(repeating: [], count: nodes.count)
        var open = nodes.map(\.inPlace.count)
        for (index, node) in nodes.enumerated() {
            for target in node.inPlace { callers[target].append(index) }
        }
        var order = open.indices.filter { open[$0] == 0 }
        var chain = Array(repeating: 0, count: nodes.count)
        var next = 0
        while next < order.count {
            let node = order[next]
            next += 1
            for caller in callers[node] {
                chain[caller] = max(chain[caller], chain[node] + 1)
                if chain[caller] > Self.chainLimit {
                    throw SchemaFault(
                        pointer: nodes[caller].pointer, reason: "more than \(Self.chainLimit) references in a row")
                }
                open[caller] -= 1
                if open[caller] == 0 { order.append(caller) }
            }
        }
        if order.count < nodes.count { throw cycle(among: open) }
        return order
    }

    private func cycle(among open: [Int]) -> SchemaFault {
        var seen: Set<Int> = []
        var node = open.firstIndex { $0 > 0 } ?? 0
        // Each of the open nodes leads to another one, so this walk ends in a circle.
        while seen.insert(node).inserted {
            node = nodes[node].inPlace.first { open[$0] > 0 } ?? node
        }
        return SchemaFault(pointer: nodes[node].pointer, reason: "refers to itself without going into the value")
    }

    /// Works out which kinds of values may fit each node.
    mutating func narrowKinds(_ order: [Int]) {
        for index in order {
            var possible = nodes[index].possible
            for check in nodes[index].checks {
                switch check {
                case .never: possible = []
                case .type(let kinds): possible.formIntersection(kinds)
                case .values(let values): possible.formIntersection(values.kinds)
                case .reference(let target): possible.formIntersection(nodes[target].possible)
                case .all(let all): for node in all { possible.formIntersection(nodes[node].possible) }
                case .any(let some), .one(let some):
                    possible.formIntersection(some.reduce(into: []) { $0.formUnion(nodes[$1].possible) })
                default: break
                }
            }
            nodes[index].possible = possible
        }
    }
}
