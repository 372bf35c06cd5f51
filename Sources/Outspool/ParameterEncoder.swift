internal import JSON
internal import Spool
internal import Text

/// Encodes an application's value as the JSON that becomes a job's `params`, into a value and not into a text: as
/// Foundation's `JSONEncoder` would, with dates as RFC 3339.
struct ParameterEncoder: Encoder {
    fileprivate let target: EncodedValue
    fileprivate let place: Place?

    var codingPath: [any CodingKey] { Place.path(to: place) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// The members of every object come sorted by name: a dictionary has no order, and equal parameters must be equal bytes.
    ///
    /// - Throws: ``SubmitError/invalid(field:reason:)``, with the field that cannot be encoded, where it is known.
    static func encode(_ parameters: some Encodable) throws(SubmitError) -> JSON {
        do {
            // The job's own object is the first level.
            return try encoded(parameters, at: nil, depth: 2)
        } catch EncodingError.invalidValue(_, let context) {
            let field = context.codingPath.map { "/" + pointerToken($0.stringValue) }.joined()
            throw .invalid(field: "/params" + field, reason: context.debugDescription)
        } catch {
            throw .invalid(field: "/params", reason: "cannot be encoded: \(error)")
        }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        target.makeObject()
        return KeyedEncodingContainer(Members(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        target.makeArray()
        return Elements(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(encoder: self) }

    /// An encoder for a value within this one.
    fileprivate func inner(_ key: some CodingKey) -> ParameterEncoder {
        ParameterEncoder(target: EncodedValue(depth: target.depth + 1), place: Place(key, in: place))
    }
}

/// Where a value stands among the parameters.
private final class Place {
    private let parent: Place?
    private let key: any CodingKey

    init(_ key: any CodingKey, in parent: Place?) {
        self.key = key
        self.parent = parent
    }

    static func path(to place: Place?) -> [any CodingKey] {
        var keys: [any CodingKey] = []
        var next = place
        while let place = next {
            keys.append(place.key)
            next = place.parent
        }
        return keys.reversed()
    }
}

/// A value that is being encoded.
private final class EncodedValue {
    /// An element of an array or object: a value, or one whose container the caller still has.
    enum Item {
        case value(JSON)
        case open(EncodedValue)
    }

    enum Content {
        case nothing
        case value(JSON)
        case array([Item])
        case object([(name: String, item: Item)])
    }

    let depth: Int
    private var content = Content.nothing

    init(depth: Int) { self.depth = depth }

    var count: Int { if case .array(let items) = content { items.count } else { 0 } }

    func set(_ value: JSON) { content = .value(value) }

    func makeArray() { if case .array = content {} else { content = .array([]) } }
    func makeObject() { if case .object = content {} else { content = .object([]) } }

    func append(_ item: Item) {
        guard case .array(var items) = content else { return }
        content = .nothing
        items.append(item)
        content = .array(items)
    }

    func append(_ item: Item, as name: String) {
        guard case .object(var members) = content else { return }
        content = .nothing
        members.append((name, item))
        content = .object(members)
    }

    /// One that nothing was encoded into is an empty object. Of several members of a name the last counts.
    func json(at place: Place?) throws -> JSON {
        func value(_ item: Item) throws -> JSON {
            switch item {
            case .value(let value): value
            case .open(let later): try later.json(at: place)
            }
        }
        switch content {
        case .nothing: return [:]
        case .value(let value): return value
        case .array(let items):
            try checkDepth(at: place)
            return .array(try items.map(value))
        case .object(let members):
            try checkDepth(at: place)
            var sorted: [(name: String, value: JSON)] = []
            sorted.reserveCapacity(members.count)
            // Stable: it keeps the order of those of one name.
            for member in members.sorted(by: { ExactText($0.name) < ExactText($1.name) }) {
                if sorted.last?.name.isExactly(member.name) == true { sorted.removeLast() }
                sorted.append((member.name, try value(member.item)))
            }
            return .object(JSON.Object(sorted))
        }
    }

    private func checkDepth(at place: Place?) throws { if depth > JSON.depthLimit { throw tooDeep(at: place) } }
}

private func refusal(_ value: Any, at place: Place?, _ reason: String) -> EncodingError {
    .invalidValue(value, EncodingError.Context(codingPath: Place.path(to: place), debugDescription: reason))
}

private func tooDeep(at place: Place?) -> EncodingError {
    refusal(JSON.depthLimit, at: place, "is nested deeper than \(JSON.depthLimit)")
}

/// A value on its own. It is here that an application's types recurse, and that the depth bounds them.
private func encoded(_ value: some Encodable, at place: @autoclosure () -> Place?, depth: Int) throws -> JSON {
    if let scalar = value as? any JSONScalar {
        guard let json = scalar.json else { throw refusal(value, at: place(), "\(scalar) cannot be written as JSON") }
        return json
    }
    let place = place()
    // Behind the limit it may still be a text or a number.
    if depth > JSON.depthLimit + 1 { throw tooDeep(at: place) }
    let target = EncodedValue(depth: depth)
    try value.encode(to: ParameterEncoder(target: target, place: place))
    return try target.json(at: place)
}

private struct Single: SingleValueEncodingContainer {
    let encoder: ParameterEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil() { encoder.target.set(.null) }

    func encode(_ value: some Encodable) throws {
        encoder.target.set(try encoded(value, at: encoder.place, depth: encoder.target.depth))
    }
}

private struct Elements: UnkeyedEncodingContainer {
    let encoder: ParameterEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.target.count }

    func encodeNil() { encoder.target.append(.value(.null)) }

    func encode(_ value: some Encodable) throws {
        let json = try encoded(value, at: Place(Index(count), in: encoder.place), depth: encoder.target.depth + 1)
        encoder.target.append(.value(json))
    }

    func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        open().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { open().unkeyedContainer() }
    func superEncoder() -> any Encoder { open() }

    private func open() -> ParameterEncoder {
        let inner = encoder.inner(Index(count))
        encoder.target.append(.open(inner.target))
        return inner
    }

    private struct Index: CodingKey {
        let stringValue: String
        let intValue: Int?

        init(_ index: Int) {
            stringValue = String(index)
            intValue = index
        }

        init?(stringValue: String) { nil }
        init?(intValue: Int) { self.init(intValue) }
    }
}

private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: ParameterEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil(forKey key: Key) { append(.null, key) }

    // The commonest, for which nothing has to be asked.
    func encode(_ value: String, forKey key: Key) { append(.string(value), key) }
    func encode(_ value: Bool, forKey key: Key) { append(.bool(value), key) }
    func encode(_ value: Int, forKey key: Key) { append(.number(JSON.Number(value)), key) }

    func encode(_ value: some Encodable, forKey key: Key) throws {
        append(try encoded(value, at: Place(key, in: encoder.place), depth: encoder.target.depth + 1), key)
    }

    private func append(_ value: JSON, _ key: Key) { encoder.target.append(.value(value), as: key.stringValue) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<
        Nested
    > {
        open(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { open(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { open(ParameterName("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { open(key) }

    private func open(_ key: some CodingKey) -> ParameterEncoder {
        let inner = encoder.inner(key)
        encoder.target.append(.open(inner.target), as: key.stringValue)
        return inner
    }
}
