import Foundation
import Scratch
import Testing

@Suite("outspool init, dropbox; the program itself", .serialized, .ownThreads)
struct SetupTests {
    @Test("A word that is not UTF-8 is refused, and help is a verb")
    func words() throws {
        let scratch = try Scratch()
        let path = Program.built("outspool").path
        let ran = try Program.shell("cd '\(scratch.path)' && '\(path)' init \"$(printf 'sp\\377')\"; echo $?; ls")
        #expect(ran.out == "64\n" && ran.err.contains("not UTF-8"), "\(ran)")
        #expect(try Program(path).run(["help", "submit"]).out == Program(path).run(["submit", "--help"]).out)
        #expect(try Program(path).run(["help"]).out == Program(path).run(["--help"]).out)
        #expect(try Program(path).run(["help", "submt"]).status == 64)
    }

    @Test("init prints what it made, and completes what is there")
    func initializes() throws {
        let scratch = try Scratch()
        let outspool = Program.built("outspool")
        let made = try outspool.run(["init", scratch.path("s")])
        #expect(made.status == 0)
        #expect(made.lines.count == 25)
        #expect(made.lines.first == scratch.path("s"))
        try Program.shell("rmdir '\(scratch.path)/s/hold'")
        #expect(try outspool.run(["init", scratch.path("s")]).lines == [scratch.path("s/hold")])
        #expect(try outspool.run(["init", scratch.path("s")]).out == "")
        #expect(try outspool.run(["init", scratch.path("no/s")]).status == 73)
        #expect(try outspool.run(["init", "a", "b"]).status == 64)
    }

    @Test("A drop box takes jobs of its group and of nobody else", .enabled(if: Machine.isRoot, "needs root"))
    func dropBox() throws {
        let spool = try Fixture()
        try Program.shell("chown -R 65534:65534 '\(spool.spool)'")
        #expect(
            try spool.run("dropbox", "add", "shop", "--group", "\(Fixture.shop.group)").out
                == "\(spool.spool)/drop/shop\n")
        #expect(try spool.run("dropbox", "add", "local").status == 0)
        #expect(try spool.run("check").out == "")
        let shop = spool.outspool.with("OUTSPOOL_SPOOL", "\(spool.spool)/drop/shop")
        let member = shop.as(user: Fixture.shop.id, group: Fixture.shop.group)
        #expect(try member.run(["submit", "x", "--id", "k"]).out == "k\n")
        #expect(try member.run(["submit", "x", "--id", "k"]).err == "outspool: k is already queued\n")
        let batch = "{\"id\":\"b1\",\"job\":{\"template\":\"x\"}}\n{\"id\":\"b2\",\"job\":{\"template\":\"x\"}}\n"
        #expect(try member.run(["submit", "--batch", "-"], input: batch).lines == ["b1", "b2"])
        #expect(try spool.list("drop/shop/new") == ["b1", "b2", "k"])
        #expect(try spool.list("drop/shop/tmp") == [])
        #expect(try member.run(["ls"]).status == 0)
        #expect(try member.run(["retry", "k"]).status != 0)
        #expect(try shop.as(user: Fixture.shop.id, group: 65532).run(["submit", "x"]).status == 77)
        #expect(
            try spool.outspool.as(user: Fixture.shop.id, group: Fixture.shop.group).run(["submit", "x"]).status == 77)
        let local = spool.outspool.with("OUTSPOOL_SPOOL", "\(spool.spool)/drop/local")
        #expect(try local.as(user: 65531, group: 65531).run(["submit", "x"]).status == 0)
        #expect(try spool.list("drop/local/new").count == 1)
        #expect(try spool.run("submit", "x", "--id", "root").status == 0)
        #expect(try spool.scratch.mode("spool/new/root") == 0o604)
    }

    @Test(
        "A drop box needs a name, a group and the right to make it",
        arguments: [
            (["add"], 64), (["add", "a.b"], 64), (["add", "a/b"], 64), (["remove", "a"], 64),
            (["add", "local", "--group", "0"], 64),
            (["add", "no-such-group"], 65), (["add", "shop", "--group", "no-such-group"], 65),
        ] as [([String], Int32)])
    func dropBoxErrors(arguments: [String], status: Int32) throws {
        let spool = try Fixture()
        let ran = try spool.outspool.run(["dropbox"] + arguments)
        #expect(ran.status == status)
        #expect(ran.err.filter { $0 == "\n" }.count == 1)
        #expect(try spool.list("drop") == [])
    }

    @Test(
        "Help fits 80 columns, and goes to standard output",
        arguments: [""] + ManualTests.verbs)
    func help(verb: String) throws {
        let ran = try Program.built("outspool").run((verb.isEmpty ? [] : [verb]) + ["--help"])
        #expect(ran.status == 0)
        #expect(ran.out.hasPrefix("usage: outspool"))
        for line in ran.lines { #expect(line.count <= 80, "\(line)") }
    }

    @Test("Nothing is left for the dynamic linker")
    func isStatic() throws {
        let ran = try Program.shell("ldd '\(Program.built("outspool").path)' 2>&1")
        #expect(ran.out.contains("not a dynamic executable") || ran.out.contains("statically linked"))
        for word in ["libcurl", "libicu", "libFoundation"] { #expect(!ran.out.contains(word)) }
        let symbols = try Program.shell(
            "grep -c -a -e ucnv_open -e curl_easy_init -e FoundationEssentials '\(Program.built("outspool").path)'")
        #expect(symbols.out == "0\n")
    }
}
