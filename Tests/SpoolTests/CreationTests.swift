import Foundation
import Linux
import Scratch
import Spool
import Testing

@Suite("Creation")
struct CreationTests {
    @Test("A spool has every directory, and only drop/ lets producers through")
    func creates() throws {
        let scratch = try Scratch()
        try Creation.spool(at: scratch.path("s"))
        #expect(try scratch.list("s") == ["cur", "dead", "done", "drop", "hold", "new", "retry", "scheduled", "tmp"])
        #expect(try scratch.list("s/retry") == Bucket.allCases.map(\.name))
        #expect(try scratch.mode("s") == 0o711)
        for name in try scratch.list("s") { #expect(try scratch.mode("s/\(name)") == (name == "drop" ? 0o711 : 0o700)) }
    }

    @Test("Modes do not depend on the umask, and what is there is completed and kept")
    func completes() throws {
        let scratch = try Scratch()
        try Program.shell(
            "mkdir -p '\(scratch.path)/s/new' && chmod 777 '\(scratch.path)/s/new' && echo '{}' > '\(scratch.path)/s/new/a'"
        )
        try Creation.spool(at: scratch.path("s"))
        try Creation.spool(at: scratch.path("s"))
        #expect(try scratch.mode("s/new") == 0o700)
        #expect(try scratch.list("s/new") == ["a"])
    }

    @Test("A path whose parent is missing is an error")
    func noParent() throws {
        let scratch = try Scratch()
        let error = #expect(throws: SpoolError.self) { try Creation.spool(at: scratch.path("no/s")) }
        #expect(error?.errno == .noEntry)
    }

    @Test("What is made belongs to the spool's owner", .enabled(if: Machine.isRoot, "needs root"))
    func owners() throws {
        let scratch = try Scratch()
        try Program.shell("mkdir '\(scratch.path)/s' && chown 65534:54321 '\(scratch.path)/s'")
        try Creation.spool(at: scratch.path("s"))
        let owners = try Program.shell("cd '\(scratch.path)' && find s -printf '%U:%G\\n' | sort -u").out
        #expect(owners == "65534:54321\n")
    }

    @Test("A symbolic link in the place of a directory is refused, and its target left alone")
    func links() throws {
        let scratch = try Scratch()
        try Program.shell(
            "mkdir '\(scratch.path)/s' '\(scratch.path)/victim' && chmod 755 '\(scratch.path)/victim' && ln -s ../victim '\(scratch.path)/s/new'"
        )
        #expect(throws: SpoolError.self) { try Creation.spool(at: scratch.path("s")) }
        #expect(try scratch.mode("victim") == 0o755)
    }

    @Test("A drop box of a group, and the one of everybody", .enabled(if: Machine.isRoot, "needs root"))
    func dropBoxes() throws {
        let scratch = try Scratch()
        try Creation.spool(at: scratch.path("s"))
        try Program.shell("chown -R 65534:65534 '\(scratch.path)/s'")
        for _ in 0..<2 {
            try Creation.dropBox("shop", group: UInt32(Fixture.shopGroup), in: scratch.path("s"))
            try Creation.dropBox("local", group: nil, in: scratch.path("s"))
        }
        let found = try Program.shell(
            "cd '\(scratch.path)/s/drop' && find . -mindepth 1 -printf '%p %m %U:%G\\n' | sort"
        ).lines
        #expect(
            found == [
                "./local 711 65534:65534", "./local/new 1733 65534:65534", "./local/tmp 1733 65534:65534",
                "./shop 710 65534:54321", "./shop/new 3730 65534:54321", "./shop/out 2750 65534:54321",
                "./shop/tmp 3730 65534:54321",
            ])
    }

    @Test(
        "Names that could not be part of an id",
        arguments: ["", ".", "..", "a/b", "a.b", "a@b", "-a", "zoë", String(repeating: "x", count: 33)])
    func badNames(name: String) throws {
        let scratch = try Scratch()
        try Creation.spool(at: scratch.path("s"))
        #expect(throws: SpoolError.self) { try Creation.dropBox(name, group: nil, in: scratch.path("s")) }
        #expect(try scratch.list("s/drop") == [])
    }
}
