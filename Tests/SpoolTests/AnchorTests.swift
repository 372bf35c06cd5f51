import Foundation
import Spool
import Testing

@Suite("Directories that were moved away")
struct AnchorTests {
    @Test(
        "Moved, removed or replaced: it is told which",
        arguments: [
            "tmp", "new", "cur", "cur/main", "retry/01-30s", "retry/10-4h", "scheduled", "hold", "dead", "done", "drop",
        ])
    func displaced(path: String) throws {
        let fixture = try Fixture()
        #expect(try fixture.tree.displaced() == nil)
        let directory = "\(fixture.path)/\(path)"
        try FileManager.default.moveItem(atPath: directory, toPath: directory + ".old")
        #expect(try fixture.tree.displaced() == path)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        #expect(try fixture.tree.displaced() == path)
        try FileManager.default.removeItem(atPath: directory)
        try FileManager.default.moveItem(atPath: directory + ".old", toPath: directory)
        #expect(try fixture.tree.displaced() == nil)
    }

    @Test("The spool itself")
    func spool() throws {
        let fixture = try Fixture()
        try FileManager.default.moveItem(atPath: fixture.path, toPath: fixture.path + ".old")
        #expect(try fixture.tree.displaced() == ".")
    }

    @Test("A day that was moved away is made anew")
    func day() throws {
        let fixture = try Fixture()
        let state = State.done(day: "2026-11-23")
        try fixture.tree.with(state) { _ in }
        try FileManager.default.moveItem(
            atPath: "\(fixture.path)/done/2026-11-23", toPath: "\(fixture.path)/archive")
        try fixture.tree.with(state) { _ in }
        #expect(try fixture.list("done") == ["2026-11-23"])
    }
}
