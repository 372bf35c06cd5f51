/// A parameter's name as it stands in the JSON, which need not be an identifier.
///
/// The types that `outspool types` makes encode themselves with it.
public struct ParameterName: CodingKey, Hashable, Sendable, ExpressibleByStringLiteral {
    public let stringValue: String

    public init(_ name: String) { stringValue = name }
    public init(stringLiteral name: String) { stringValue = name }
    public init?(stringValue: String) { self.init(stringValue) }

    /// Nil: parameters have names.
    public var intValue: Int? { nil }
    /// Nil.
    public init?(intValue: Int) { nil }
}
