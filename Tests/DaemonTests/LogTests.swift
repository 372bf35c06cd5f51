import EventLoop
import Glibc
import JSON
import Linux
import Mail
import Relay
import Scratch
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
        // A mark behind the bracket does not hide it.
        #expect(!LogValue.address("x>\u{301}, status=sent").text.dropLast().unicodeScalars.contains(">"))
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

    @Test("What a reader does not take waits, up to a limit; then lines are lost, and their number is told")
    func stalled() throws {
        let scratch = try Scratch()
        let path = scratch.path("fifo")
        #expect(mkfifo(path, 0o600) == 0)
        let loop = try EventLoop()
        let log = try Log(.file(path), format: .text)
        log.loop = loop
        for index in 0..<10_000 { log.write("line \(index)", index % 7 == 0 ? .warning : .info) }
        #expect(log.dropped > 0 && log.dropped < 10_000)
        let text = try read(path, on: loop) { $0.contains(" were lost\n") }
        let lines = text.split(separator: "\n").map { $0.split(separator: ": ").last! }
        let whole = 10_000 - log.dropped
        #expect(lines.count == whole + 1)
        #expect(lines.dropLast().enumerated().allSatisfy { $1 == "line \($0)" })
        #expect(lines.last! == "\(log.dropped) lines of the log were lost")
    }

    @Test("A socket that is not read does not hold up the daemon", arguments: [Log.Destination.syslog, .journal])
    func stalledSocket(destination: Log.Destination) throws {
        let scratch = try Scratch()
        let socket = try Listener(scratch.path("log"))
        let loop = try EventLoop()
        let log = try Log(destination, format: .text, socket: scratch.path("log"))
        log.loop = loop
        for index in 0..<10_000 { log.write("line \(index)") }
        #expect(log.dropped > 0 && log.dropped < 10_000)
        var lines: [String] = []
        while lines.last?.contains(" were lost") != true {
            lines += socket.read()
            loop.later { loop.stop() }
            try loop.run()
        }
        #expect(lines.count == 10_000 - log.dropped + 1)
        #expect(lines.last!.contains("\(log.dropped) lines of the log were lost"))
        #expect(!lines.contains { $0.contains("\0") })
    }

    @Test("A syslogd that was started anew gets the line that the old one does not take")
    func restartedSocket() throws {
        let scratch = try Scratch()
        var socket: Listener? = try Listener(scratch.path("log"))
        let log = try Log(.syslog, format: .text, socket: scratch.path("log"))
        log.write("one")
        #expect(socket!.read().count == 1)
        socket = nil
        log.write("two")
        #expect(log.dropped == 1)
        try scratch.remove("log")
        socket = try Listener(scratch.path("log"))
        log.write("three")
        let lines = socket!.read()
        #expect(lines.count == 2)
        #expect(lines.first?.hasSuffix("warning: 1 line of the log was lost") == true)
        #expect(lines.last?.hasSuffix(": three") == true)
    }

    /// Reads a FIFO while the loop runs, until the text is as wanted.
    private func read(_ path: String, on loop: EventLoop, until isDone: (String) -> Bool) throws -> String {
        let reader = try Descriptor(readingFileAt: path)
        var bytes: [UInt8] = []
        while !isDone(String(decoding: bytes, as: UTF8.self)) {
            bytes += [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
                // Nothing is there yet: the next round brings it.
                count = (try? reader.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
            }
            loop.later { loop.stop() }
            try loop.run()
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A socket as syslogd has one.
    private final class Listener {
        private let number: Int32

        init(_ path: String) throws {
            number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(result == 0, "\(path): too long for a socket?")
        }

        deinit { close(number) }

        /// The datagrams that are there.
        func read() -> [String] {
            var all: [String] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = recv(number, &buffer, buffer.count, 0)
                if count < 0 { return all }
                all.append(String(decoding: buffer[..<count], as: UTF8.self))
            }
        }
    }
}

@Suite("Descriptor budget")
struct DescriptorBudgetTests {
    @Test(
        "Connections are lowered to what the limit has room for",
        arguments: [
            (1024, 10, [10, 10], 0), (1024, 1000, [295, 10], 1), (1 << 20, 1000, [1000, 10], 0), (64, 10, [1, 1], 2),
        ])
    func fits(limit: Int, connections: Int, result: [Int], findings: Int) throws {
        func relay(_ name: String) throws -> Settings.Relay {
            .init(name: name, connection: try RelaySettings(url: "smtp://127.0.0.1:9"))
        }
        var settings = Settings(
            mail: MailDefaults(from: "a@example.org", domain: "example.org"),
            relays: [try relay("main"), try relay("other")])
        settings.relays[0].connections = connections
        #expect(DescriptorBudget(limit: limit, open: 20).fit(&settings).count == findings)
        #expect(settings.relays.map(\.connections) == result)
    }
}
