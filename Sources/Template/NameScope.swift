internal import Schema
internal import Text

/// The way to a value from the parameters: what a section guards.
struct ValuePath: Hashable {
    enum Step: Hashable {
        case name(ExactText)
        /// Any element; in the section that is nested so deep.
        case element(Int)
    }

    var steps: [Step] = []

    func adding(_ step: Step) -> ValuePath { ValuePath(steps: steps + [step]) }

    /// The path and those that lead to it.
    var prefixes: [ValuePath] { steps.indices.map { ValuePath(steps: Array(steps[...$0])) } }
}

/// The meaning of a name, as far as the schema says.
struct NamedValue {
    /// All that the schema has to say.
    struct Meaning: Hashable {
        /// Nil if nothing is said about the value.
        let place: ValuePlace?
        let kinds: ValueKinds
        /// Whether it, or a value that contains it, is `writeOnly`.
        let isSecret: Bool
    }

    let meaning: Meaning
    let path: ValuePath

    var place: ValuePlace? { meaning.place }
    var kinds: ValueKinds { meaning.kinds }
    var isSecret: Bool { meaning.isSecret }

    init(place: ValuePlace?, kinds: ValueKinds, path: ValuePath, isSecret: Bool) {
        meaning = Meaning(place: place, kinds: kinds, isSecret: isSecret)
        self.path = path
    }

    /// The values that a section over this one can push: the value itself, and an array's elements.
    func entered(depth: Int) -> [NamedValue] {
        var values: [NamedValue] = []
        let itself = kinds.subtracting([.array, .null])
        if !itself.isEmpty { values.append(NamedValue(place: place, kinds: itself, path: path, isSecret: isSecret)) }
        if kinds.contains(.array) {
            let element = place?.element
            values.append(
                NamedValue(
                    place: element, kinds: element?.kinds ?? .any, path: path.adding(.element(depth)),
                    isSecret: isSecret || element?.isSecret == true))
        }
        return values
    }

    /// The names that are declared inside.
    var names: [String] {
        guard kinds.contains(.object), let place else { return [] }
        return place.names.filter { place.property($0)?.kinds.isEmpty == false }
    }
}

/// The scope of names in a part of a template: the context stack, with the facts that the sections around imply about
/// values.
struct NameScope {
    enum Frame {
        /// The values that a section pushed; several where the schema leaves open which it is.
        case values([NamedValue])
        /// That of a section whose name was a fault already: whatever is asked of it may be there.
        case unknown
    }

    /// The last one is looked into first.
    private var frames: [Frame]
    /// The values of sections around, which are there and not null.
    private var present: Set<ValuePath> = []
    /// The values of inverted sections around.
    private var absent: Set<ValuePath> = []

    /// The parameters of a job are all there is.
    init(_ schema: Schema) {
        let place = schema.place
        let root = NamedValue(place: place, kinds: .object, path: ValuePath(), isSecret: place.isSecret)
        frames = [.values([root])]
    }

    /// Why a name that is declared may have no value.
    enum Doubt {
        /// Its first so many parts are not required.
        case optional(parts: Int)
        /// They may be null.
        case null(parts: Int)
    }

    enum Result {
        /// The schema cannot tell, because of a fault around.
        case unknown
        /// The first so many parts of the name are there, and the next is not.
        case missing(parts: Int, inside: [NamedValue])
        case found([NamedValue], Doubt?)
    }

    /// Resolves a name as the renderer does: the first part in the innermost frame that has it, the others
    /// strictly inside. Where an inner frame need not have it and an outer one may, both count.
    ///
    /// The places in the schema that declare what is found are added to `used`.
    func lookUp(_ name: Mustache.Name, used: inout Set<ExactText>) -> Result {
        guard let first = name.parts.first else {
            guard case .values(let values) = frames.last else { return .unknown }
            return .found(values, values.contains(where: mayBeNull) ? .null(parts: 0) : nil)
        }
        var found: [NamedValue] = []
        var doubt: Doubt? = .optional(parts: 1)
        var isUnknown = false
        search: for frame in frames.reversed() {
            guard case .values(let values) = frame else {
                isUnknown = true
                continue
            }
            let (inside, doubtHere) = step(first, into: values, parts: 1, used: &used)
            // In a recursion the frames around mean the same again and again.
            found += inside.filter { value in !found.contains { $0.meaning == value.meaning } }
            if !inside.isEmpty { doubt = doubtHere }
            if !inside.isEmpty, doubtHere == nil { break search }
        }
        if found.isEmpty || isUnknown {
            return isUnknown ? .unknown : .missing(parts: 0, inside: allValues)
        }
        for (index, part) in name.parts.enumerated().dropFirst() {
            let (inside, doubtHere) = step(part, into: found, parts: index + 1, used: &used)
            if inside.isEmpty { return .missing(parts: index, inside: found) }
            found = inside
            doubt = doubt ?? doubtHere
        }
        return .found(found, doubt)
    }

    /// The meaning of `name` inside `values`, and whether it may have no value.
    private func step(
        _ name: String, into values: [NamedValue], parts: Int, used: inout Set<ExactText>
    ) -> ([NamedValue], Doubt?) {
        var found: [NamedValue] = []
        var doubt: Doubt?
        for value in values {
            guard value.kinds.contains(.object), let place = value.place, let inner = place.property(name),
                !inner.kinds.isEmpty
            else {
                doubt = .optional(parts: parts)
                continue
            }
            used.formUnion(place.declarations(of: name).map(ExactText.init(_:)))
            let path = value.path.adding(.name(ExactText(name)))
            let next = NamedValue(
                place: inner, kinds: inner.kinds, path: path, isSecret: value.isSecret || inner.isSecret)
            if !present.contains(path) {
                if !place.requires(name) {
                    doubt = .optional(parts: parts)
                } else if mayBeNull(next) {
                    doubt = doubt ?? .null(parts: parts)
                }
            }
            found.append(next)
        }
        return (found, doubt)
    }

    /// Whether the schema says so; where it is silent, null is not meant.
    private func mayBeNull(_ value: NamedValue) -> Bool {
        value.kinds != .any && value.kinds.contains(.null) && !present.contains(value.path)
    }

    /// All that names can be looked up in, the innermost first.
    private var allValues: [NamedValue] {
        frames.reversed().flatMap { frame -> [NamedValue] in if case .values(let values) = frame { values } else { [] }
        }
    }

    /// Whether an inverted section around says that the values are not there, or empty.
    func isAbsent(_ values: [NamedValue]) -> Bool {
        !values.isEmpty
            && values.allSatisfy { value in
                value.path.prefixes.contains { absent.contains($0) && !present.contains($0) }
            }
    }

    /// The scope inside a section over `values`.
    func entering(_ values: [NamedValue]) -> NameScope {
        var scope = self
        for value in values { scope.present.formUnion(value.path.prefixes) }
        scope.frames.append(.values(values.flatMap { $0.entered(depth: frames.count) }))
        return scope
    }

    /// The scope inside an inverted section over `values`. What may be `false` can still be shown there.
    func enteringInverted(_ values: [NamedValue]) -> NameScope {
        var scope = self
        for value in values where !value.kinds.contains(.boolean) { scope.absent.insert(value.path) }
        return scope
    }

    /// The scope inside a section over a name that was a fault.
    func enteringUnknown() -> NameScope {
        var scope = self
        scope.frames.append(.unknown)
        return scope
    }

    /// The innermost values, as the schema knows them: the same inside each level of a recursion. Nil if unknown.
    var innermost: Set<NamedValue.Meaning>? {
        guard case .values(let values) = frames.last else { return nil }
        return Set(values.map(\.meaning))
    }

    /// How many frames a lookup may have to go through.
    var depth: Int { frames.count }

    /// All that a lookup depends on.
    var signature: Signature {
        Signature(depth: frames.count, paths: allValues.map(\.path), present: present, absent: absent)
    }

    struct Signature: Hashable {
        let depth: Int
        let paths: [ValuePath]
        let present: Set<ValuePath>
        let absent: Set<ValuePath>
    }
}
