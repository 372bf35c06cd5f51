import JSON
import Linux
import Testing
import Time

@testable import Daemon

@Suite("Log")
struct LogTests {
    private let sent: [(String, LogValue)] = [
        ("to", .address("zoe@example.com")), ("relay", .word("main")), ("delay", .seconds(0.42)),
        ("delays", .spans([0.1, 0, 0.2, 0.1])), ("dsn", .word("2.0.0")), ("status", .word("sent")),
    ]

    @Test("A line has Postfix's form")
    func lines() {
        func line(_ source: Log.Source, _ members: [(String, LogValue)], _ text: String?, isNote: Bool = false)
            -> String
        {
            Log.line(source, .info, job: "ID", members, text, isNote: isNote)
        }
        #expect(
            line(.smtp, sent, "250 2.0.0 Ok", isNote: true)
                == "ID: to=<zoe@example.com>, relay=main, delay=0.42, delays=0.1/0/0.2/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
        )
        #expect(line(.pickup, [("uid", .count(33)), ("from", .address("a@b"))], nil) == "ID: uid=33 from=<a@b>")
        #expect(line(.qmgr, [], "removed") == "ID: removed")
        #expect(Log.line(.master, .warning, job: nil, [], "a\nb", isNote: false) == "warning: a\\u{a}b")
        #expect(Log.line(.master, .error, job: nil, [], "gone", isNote: false) == "fatal: gone")
    }

    @Test("In JSON the same fields have types")
    func objects() throws {
        let text = Log.object(.smtp, .info, job: "ID", sent, "250 2.0.0 Ok", at: Timestamp(seconds: 0))
        let object = try #require(try JSON(parsing: Array(text.utf8)).object)
        #expect(object["to"] == "zoe@example.com")
        #expect(object["delay"] == .number(.init(text: "0.42")))
        #expect(object["delays"]?.array?.count == 4)
        #expect(object["level"] == "info" && object["id"] == "ID" && object["text"] == "250 2.0.0 Ok")
        #expect(object["pid"]?.int != nil && object["at"] == "1970-01-01T00:00:00.000Z")
    }

    @Test("An address ends where its bracket says")
    func address() {
        #expect(LogValue.address(#""x>, status=sent y"@e.org"#).text == #"<"x\u{3e}, status=sent y"@e.org>"#)
        #expect(LogValue.address("").text == "<>")
    }

    @Test(
        "Seconds have two significant digits",
        arguments: [
            (0.0, "0"), (0.004, "0"), (0.05, "0.05"), (0.1, "0.1"), (0.42, "0.42"), (1.26, "1.3"), (9.99, "10"),
            (12.7, "12"),
        ])
    func seconds(value: Double, text: String) { #expect(LogValue.short(value) == text) }

    @Test("A reply as long as it may be makes a line of a thousand characters, and lines are whole")
    func file() throws {
        let path = "/tmp/outspool-log-test.\(UInt64.random(in: 0 ... .max))"
        defer { _ = try? Directory(path: "/tmp").unlink(String(path.dropFirst(5))) }  // Temporary.
        let log = try Log(.file(path), format: .text)
        log.write(.smtp, job: "ID", sent, note: String(repeating: "x", count: 60_000))
        log.write("second")
        let lines = String(decoding: try Descriptor.contents(ofFile: path, limit: 1 << 20), as: UTF8.self).split(
            separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].utf8.count < 1200 && lines[0].hasSuffix("...)"))
        #expect(log.dropped == 0)
    }

    @Test("What a full disk does not take is counted")
    func full() throws {
        let log = try Log(.file("/dev/full"), format: .json)
        for _ in 0..<3 { log.write("lost") }
        #expect(log.dropped == 3)
    }
}
