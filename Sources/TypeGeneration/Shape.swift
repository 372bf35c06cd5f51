package import JSON

/// The type of a parameter, in terms that every language has.
package indirect enum Shape: Equatable, Sendable {
    /// Any JSON value: what the schema leaves open, or says in a way that no type can.
    case any
    case null
    case boolean
    case integer
    case number
    case string
    /// Some integers and booleans; the shape is what a language without such types takes.
    case values([JSON], of: Shape)
    case list(Shape)
    /// An object whose names are free.
    case map(Shape)
    /// A type of its own: its place in ``TemplateTypes/declarations``.
    case named(Int)
    case nullable(Shape)

    /// The shape or null, said once; where a language has one word for null and for what is left out.
    static func optional(_ shape: Shape) -> Shape {
        switch shape {
        case .any, .null, .nullable: shape
        default: .nullable(shape)
        }
    }

    /// The places of the names in it.
    var names: [Int] {
        switch self {
        case .any, .null, .boolean, .integer, .number, .string, .values: []
        case .list(let inner), .map(let inner), .nullable(let inner): inner.names
        case .named(let place): [place]
        }
    }

    /// The shape with other places.
    func renamed(_ places: [Int: Int]) -> Shape {
        switch self {
        case .any, .null, .boolean, .integer, .number, .string, .values: self
        case .list(let inner): .list(inner.renamed(places))
        case .map(let inner): .map(inner.renamed(places))
        case .nullable(let inner): .nullable(inner.renamed(places))
        case .named(let place): .named(places[place] ?? place)
        }
    }
}

/// A type that gets a name.
package struct Declaration: Equatable, Sendable {
    /// The names on the way to it, from which its own is made: `["items", "item"]`.
    package let path: [String]
    package let remarks: Remarks
    package let kind: Kind

    package enum Kind: Equatable, Sendable {
        /// An object; of names that are not listed, the values have the shape `rest`, if there may be any.
        case object([Field], rest: Shape?)
        /// Some strings.
        case choice([String])
        /// One of some shapes, none of them null or a union; a single one is a recursion that needs a name.
        case union([Shape])
        /// Parameters that are not an object with names of its own: one value of that shape.
        case whole(Shape)

        /// The places of the names in it.
        var names: [Int] {
            switch self {
            case .object(let fields, let rest): (fields.map(\.shape) + [rest].compactMap(\.self)).flatMap(\.names)
            case .choice: []
            case .union(let shapes): shapes.flatMap(\.names)
            case .whole(let shape): shape.names
            }
        }

        /// The kind with other places.
        func renamed(_ places: [Int: Int]) -> Kind {
            switch self {
            case .object(let fields, let rest):
                .object(fields.map { $0.renamed(places) }, rest: rest?.renamed(places))
            case .choice: self
            case .union(let shapes): .union(shapes.map { $0.renamed(places) })
            case .whole(let shape): .whole(shape.renamed(places))
            }
        }
    }

    package struct Field: Equatable, Sendable {
        /// As it stands in the JSON.
        package let name: String
        package let shape: Shape
        package let isRequired: Bool
        package let remarks: Remarks

        func renamed(_ places: [Int: Int]) -> Field {
            Field(name: name, shape: shape.renamed(places), isRequired: isRequired, remarks: remarks)
        }
    }
}

/// The types of one template.
package struct TemplateTypes: Equatable, Sendable {
    /// The template's name.
    package let name: String
    /// The first is that of the parameters, an ``Declaration/Kind/object(_:rest:)`` or
    /// ``Declaration/Kind/whole(_:)``. Each name of a shape is a place in here.
    package let declarations: [Declaration]
    /// The template's schema as compact JSON, by which a producer judges parameters; nil if it has none.
    package let schema: String?

    subscript(place: Int) -> Declaration { declarations[place] }

    /// The value of a required member that can have one only; nil for any other.
    func onlyValue(of field: Declaration.Field) -> String? {
        guard field.isRequired, case .named(let place) = field.shape, case .choice(let values) = self[place].kind,
            values.count == 1
        else { return nil }
        return values[0]
    }

    /// Without those that the first does not lead to.
    ///
    /// - Parameter declarations: nil for those that nothing leads to.
    static func reachable(_ declarations: [Declaration?]) -> [Declaration] {
        var reached: Set = [0]
        var rest = [0]
        while let place = rest.popLast() {
            for next in declarations[place]?.kind.names ?? [] where reached.insert(next).inserted { rest.append(next) }
        }
        let order = reached.sorted()
        let places = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
        return order.compactMap { declarations[$0] }.map { declaration in
            Declaration(path: declaration.path, remarks: declaration.remarks, kind: declaration.kind.renamed(places))
        }
    }
}
