import Foundation
import Scratch
import Testing

@Suite("Suppressed addresses", .serialized, .ownThreads)
struct SuppressionTests {
    private func suppressed(_ place: Workplace) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: place.spool.path + "/suppressed").sorted()
    }

    @Test("The verbs write files that the daemon heeds at once, and rm frees")
    func verbs() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        let ran = try place.outspool("suppress", "zoe@Example.COM", "--reason", "asked by phone")
        #expect(ran.status == 0 && ran.out == "suppressed: zoe@example.com\n")
        #expect(try suppressed(place) == ["zoe@example.com"])
        #expect(try place.outspool("ls", "--suppressed").out.contains("asked by phone"))
        // Within a second the daemon knows that there is a file.
        try place.wait("a refusal") {
            let id = "try-\(UUID().uuidString)"
            try place.hello(id)
            try place.wait("its end") { place.names("dead").contains(id) || place.names("done").contains(id) }
            return place.names("dead").contains(id)
        }
        let dead = try #require(place.names("dead").first)
        let event = try #require(try place.history(dead).last)
        #expect((event["reason"] as? String)?.hasSuffix(": asked by phone") == true)
        #expect((event["reason"] as? String)?.hasPrefix("suppressed: manual since ") == true)
        #expect(event["dsn"] as? String == "5.7.1" && event["relay"] == nil)
        #expect(place.log.contains("status=bounced (suppressed: manual since "))
        #expect(try place.outspool("show", dead).out.contains("suppressed: manual since"))
        // Freed, the job can be tried again.
        #expect(try place.outspool("unsuppress", "zoe@example.com").out == "no more suppressed: zoe@example.com\n")
        #expect(try place.outspool("unsuppress", "zoe@example.com").status == 66)
        #expect(try suppressed(place).isEmpty)
        #expect(try place.outspool("retry", dead).status == 0)
        try place.wait(for: dead, in: "done")
    }

    @Test("A relay's 550 5.1.1 suppresses in every worker; the next mail is refused by us, and others go on")
    func learns() throws {
        let place = try Workplace()
        try place.configure(
            port: try place.sink("--fail", "rcpt(gone@example.com)=550 5.1.1 No such user"), main: "workers = 2")
        _ = try place.daemon()
        try place.hello("first", to: "gone@example.com")
        try place.wait(for: "first", in: "dead")
        try place.wait("the file") { try suppressed(place) == ["gone@example.com"] }
        // The other worker looks once a second whether there are files at all.
        var count = 0
        try place.wait("refusals of ours") {
            count += 1
            let ids = (0..<4).map { "mail-\(count)-\($0)" }
            for id in ids { try place.hello(id, to: "gone@example.com", #","cc":"zoe@example.com""#) }
            for id in ids { try place.wait(for: id, in: "dead") }
            return try ids.allSatisfy { id in
                try place.history(id).contains {
                    ($0["reason"] as? String)?.hasPrefix("suppressed: bad-address since ") == true
                }
            }
        }
        #expect(place.mails().count == count * 4)
    }

    @Test("An import of ten thousand addresses, listed, exported and taken by another spool")
    func imports() throws {
        let place = try Workplace()
        let rows = (0..<10_000).map { "user\($0)@example.com,hard bounce,2024-01-02 03:04:05" }
        try place.write(
            "list.csv", "email,reason,created\r\n" + rows.joined(separator: "\r\n") + "\r\nno address,x,\r\n")
        let path = place.root.appending(path: "list.csv").path
        let ran = try place.outspool("suppress", "--import", path)
        #expect(ran.status == 65 && ran.out == "10000 suppressed, 0 known before, 1 no addresses\n")
        #expect(ran.err.contains("line 10002: "))
        #expect(try suppressed(place).count == 10_000)
        #expect(try place.outspool("suppress", "--import", path).out.hasPrefix("0 suppressed, 10000 known before"))
        let one = try place.outspool("ls", "--suppressed", "--to", "user77@", "--json").lines
        #expect(one.count == 1 && one[0].contains(#""why":"bad-address""#) && one[0].contains("2024-01-02"))
        #expect(try place.outspool("ls", "--suppressed", "--limit", "3").lines.count == 4)
        let csv = try place.outspool("ls", "--suppressed", "--csv").out
        #expect(csv.hasPrefix("address,why,at,until,stream,job,reason\r\n"))
        let other = place.root.appending(path: "other").path
        #expect(try place.outspool("init", other).status == 0)
        let taken = try place.outspool("--spool", other, "suppress", "--import", "-", input: csv)
        #expect(taken.status == 0 && taken.out == "10000 suppressed, 0 known before, 0 no addresses\n")
        #expect(try place.outspool("--spool", other, "ls", "--suppressed", "--csv").out == csv)
    }

    @Test("Several commands and a daemon write about one address at once, and no line is lost")
    func together() throws {
        let place = try Workplace()
        let programs = try (0..<8).map { number in
            try place.start(
                Program.built("outspool").path,
                ["--spool", place.spool.path, "suppress", "zoe@example.com", "--stream", "s\(number)"],
                name: "suppress\(number)")
        }
        for (number, program) in programs.enumerated() {
            try place.wait("command \(number)") { program.out.contains("suppressed: zoe@example.com") }
        }
        let lines = try place.outspool("ls", "--suppressed", "--json").lines
        #expect(Set(lines.compactMap { $0.components(separatedBy: #""stream":""#).last?.prefix(2) }).count == 8)
    }

    @Test("What the command line has wrong is said, and changes nothing")
    func usage() throws {
        let place = try Workplace()
        for (arguments, words) in [
            (["suppress"], "name an address"), (["suppress", "nowhere"], "nowhere"),
            (["suppress", "a@example.com", "--for", "soon"], "not a span"),
            (["suppress", "a@example.com", "--why", "complaint"], "--why is for --import"),
            (["suppress", "--import", "-", "--why", "soft"], "--why is"), (["unsuppress"], "name an address"),
            (["ls", "--csv"], "--suppressed"), (["ls", "--suppressed", "--state", "dead"], "cannot be combined"),
        ] {
            let ran = try place.run(
                Program.built("outspool").path, arguments, environment: ["OUTSPOOL_SPOOL": place.spool.path])
            #expect(ran.status == 64 && ran.err.contains(words), "\(arguments): \(ran)")
        }
        let headless = try place.outspool("suppress", "--import", "-", input: "name,age\nzoe,7\n")
        #expect(headless.status == 65 && headless.err.contains("address or email"))
        #expect(try suppressed(place).isEmpty)
    }

    @Test("doctor tells of files that the daemon cannot use")
    func doctor() throws {
        let place = try Workplace()
        try place.write("spool/suppressed/README", "notes")
        try place.write("spool/suppressed/zoe@example.com", "")
        try FileManager.default.createDirectory(
            at: place.spool.appending(path: "suppressed/dir@example.com"), withIntermediateDirectories: false)
        let out = try place.outspool("doctor", "--no-relays").out
        #expect(out.contains("no address has this name") && out.contains("README"))
        #expect(out.contains("a directory, which suppresses by its name alone"))
    }
}
