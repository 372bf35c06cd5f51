import JSON

@testable import Schema

extension Schema {
    /// A schema from its text.
    init(_ text: String) throws { try self.init(parsing: try JSON(parsing: text)) }

    /// The violations of a value, each on its line.
    func report(_ text: String) throws -> [String] { validate(try JSON(parsing: text)).map(\.description) }
}
