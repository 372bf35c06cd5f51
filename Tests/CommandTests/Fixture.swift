import Foundation
import JSON
import Scratch
import Testing

/// The built command on a spool of one test's own.
struct Fixture {
    let scratch: Scratch
    var spool: String { scratch.path("spool") }
    var outspool: Program

    static let stranger = (id: 65534, group: 65534)
    static let shop = (id: 65533, group: 54_321)

    init() throws {
        scratch = try Scratch()
        outspool = Program.built("outspool").with("OUTSPOOL_SPOOL", scratch.path("spool"))
        #expect(try outspool.run(["init"]).status == 0)
    }

    @discardableResult
    func run(_ arguments: String..., input: String = "") throws -> Ran { try outspool.run(arguments, input: input) }

    func list(_ name: String) throws -> [String] { try scratch.list("spool/" + name) }
    func read(_ name: String) throws -> String { try scratch.read("spool/" + name) }
    func put(_ text: String, _ name: String) throws { try scratch.write(text, to: "spool/" + name) }

    /// The one object in new/.
    func object(_ id: String) throws -> JSON { try JSON(parsing: try read("new/\(id)")) }
}

/// What must not reach a terminal from a file: control characters but newline, and what reorders text.
func isHarmless(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
        scalar == "\n"
            || (scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
                && !(0x200B...0x200F).contains(scalar.value) && !(0x2028...0x202E).contains(scalar.value)
                && !(0x2066...0x2069).contains(scalar.value))
    }
}
