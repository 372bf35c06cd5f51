import Foundation
import Scratch
import Testing

/// A place with a source made of files: `messages` is what the engine holds, a line each; a receipt is a line's number.
extension Workplace {
    /// Writes the commands of a source that prints every message that is not acknowledged, and its configuration.
    func source(_ lines: [String], main: String = "", take: String? = nil, acknowledge: String? = nil) throws {
        try write("messages", lines.map { $0 + "\n" }.joined())
        try write("acked", "")
        try shellScript("take", take ?? Workplace.unacknowledged)
        try shellScript("ack", acknowledge ?? "sed 's/.*/\"receipt\":\"&\"/' >> acked")
        try write("pump.conf", "take = ./take\nack = ./ack\ndead_file = dead.jsonl\nidle = 50ms\n\(main)\n")
    }

    /// A command that prints the messages that are not acknowledged, and is content with none.
    static let unacknowledged = "grep -vFf acked messages || [ $? = 1 ]"

    func shellScript(_ name: String, _ text: String) throws {
        try scratch.write("#!/bin/sh\ncd \(scratch.path) || exit 9\n\(text)\n", to: name, mode: 0o755)
    }

    /// A message whose job is the sample's.
    func message(_ id: String, job: String? = nil, receipt: String? = nil, more: String = "") -> String {
        let job = job ?? #"{"template":"hello","to":"\#(id)@example.com","params":{"name":"Zoë"}}"#
        return #"{"id":"\#(id)","job":\#(job),"receipt":"\#(receipt ?? id)"\#(more)}"#
    }

    func pump(_ arguments: String..., spool: String? = nil) throws -> RunningProgram {
        try start(
            Program.built("outspool").path,
            ["--spool", spool ?? self.spool.path, "pump"] + arguments + [root.appending(path: "pump.conf").path],
            name: "pump")
    }

    /// Waits for the end of a pump that ends by itself; its status.
    func ending(_ pump: RunningProgram) throws -> Int32 {
        try wait("the pump to end") { !pump.isRunning }
        return pump.status
    }

    /// The receipts that the source was given, in order.
    var acknowledged: [String] {
        text(root.appending(path: "acked")).split(separator: "\n").map {
            String($0.dropFirst(#""receipt":""#.count).dropLast())
        }
    }

    /// The file of dead messages.
    var deadMessages: [[String: String]] {
        text(root.appending(path: "dead.jsonl")).split(separator: "\n").compactMap {
            (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: String]
        }
    }
}

@Suite("The pump", .serialized, .ownThreads)
struct PumpTests {
    private let ids = (0..<1500).map { "order-\($0)" }

    @Test("Each message becomes a job, is acknowledged, and is delivered")
    func delivers() throws {
        let place = try Workplace()
        try place.source(ids.prefix(20).map { place.message($0) })
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        let pump = try place.pump("--once")
        #expect(try place.ending(pump) == 0, "\(pump.err)")
        #expect(place.acknowledged == Array(ids.prefix(20)))
        for id in ids.prefix(20) { try place.wait(for: id, in: "done") }
        #expect(place.mails().count == 20)
    }

    @Test("A pump goes on until SIGTERM, and ends with 0")
    func stops() throws {
        let place = try Workplace()
        try place.source([place.message("a")])
        let pump = try place.pump()
        try place.wait("the first") { place.acknowledged == ["a"] }
        try place.write("messages", place.message("a") + "\n" + place.message("b") + "\n")
        try place.wait("the second") { place.acknowledged == ["a", "b"] }
        #expect(pump.stop() == 0, "\(pump.err)")
        #expect(place.names("new") == ["a", "b"])
    }

    @Test("Killed at any moment, a pump brings each message once")
    func killed() throws {
        let place = try Workplace()
        try place.source(ids.map { place.message($0) })
        for turn in 0..<12 {
            let pump = try place.pump()
            usleep(UInt32(turn) * 25_000)
            pump.kill()
        }
        let last = try place.pump("--once")
        #expect(try place.ending(last) == 0, "\(last.err)")
        #expect(Set(place.acknowledged) == Set(ids))
        #expect(place.names("new") == ids.sorted())
        #expect(place.deadMessages.isEmpty)
    }

    @Test("The same job under its id is acknowledged, wherever it is by now; another one is a dead message")
    func known() throws {
        let place = try Workplace()
        try place.hello("a", to: "a@example.com")
        try place.hello("held", to: "held@example.com")
        try place.outspool("hold", "held")
        try place.source([
            place.message("a"), place.message("held"), place.message("b"), place.message("b", receipt: "b2"),
            place.message("b", job: #"{"template":"hello","to":"other@example.com"}"#, receipt: "b3"),
            place.message("a", job: #"{"template":"hello","to":"other@example.com"}"#, receipt: "a2"),
        ])
        let pump = try place.pump("--once")
        #expect(try place.ending(pump) == 0, "\(pump.err)")
        #expect(Set(place.acknowledged) == ["a", "held", "b", "b2", "b3", "a2"])
        #expect(place.names("new") == ["a", "b"])
        #expect(place.deadMessages.map { $0["receipt"] } == ["a2", "b3"])
        #expect(place.deadMessages.allSatisfy { $0["reason"]?.contains("another job of the id") == true })
    }

    @Test("What is no job goes into a file with the reason, and is acknowledged")
    func deadMessages() throws {
        let place = try Workplace()
        try place.write(
            "templates/hello/schema.json",
            #"{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}"#)
        try place.configure(port: 1)
        try place.source([
            "no JSON", place.message("good"),
            place.message("form", job: #"{"template":"hello","to":5,"params":{"name":"x"}}"#),
            place.message("schema", job: #"{"template":"hello","to":"a@example.com"}"#),
            place.message(
                "late",
                job:
                    #"{"template":"hello","to":"a@b","params":{"name":"x"},"expiresAt":"2020-01-01T00:00:00Z"}"#),
            place.message("text", job: #""{\"to\":""#),
        ])
        let pump = try place.start(
            Program.built("outspool").path,
            ["--config", place.configuration.path, "pump", place.root.appending(path: "pump.conf").path], name: "pump")
        try place.wait("the dead messages") { Set(place.acknowledged) == ["good", "form", "schema", "late", "text"] }
        #expect(pump.stop() == 0)
        #expect(place.names("new") == ["good"])
        let reasons = Dictionary(place.deadMessages.map { ($0["receipt"] ?? "-", $0["reason"] ?? "") }) { old, _ in old
        }
        #expect(reasons["-"]?.hasPrefix("the line is not JSON") == true)
        #expect(reasons["form"]?.hasPrefix("/to") == true, "\(reasons)")
        #expect(reasons["schema"]?.contains("name") == true)
        #expect(reasons["late"]?.contains("could only expire") == true)
        #expect(reasons["text"]?.hasPrefix("/job: is not JSON") == true)
        let attributes = try FileManager.default.attributesOfItem(atPath: place.root.appending(path: "dead.jsonl").path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(pump.err.contains("dead message: schema: "))
    }

    @Test("A message that was delivered before is announced before it is queued, unless this spool has it")
    func again() throws {
        let place = try Workplace()
        try place.hello("here", to: "here@example.com")
        try place.source([place.message("here", more: #","again":true"#), place.message("new", more: #","again":2"#)])
        let pump = try place.pump("--once")
        #expect(try place.ending(pump) == 0)
        #expect(pump.err.contains("new was delivered before: another node may have it, too"))
        #expect(!pump.err.contains("here was delivered"))
    }

    @Test("One program may do both: it prints messages and reads their receipts")
    func oneProgram() throws {
        let place = try Workplace()
        try place.source([])
        try place.shellScript(
            "take",
            """
            n=0
            while :; do
                n=$((n + 1))
                printf '{"id":"n%d","job":{"template":"hello","to":"a@example.com","params":{}},"receipt":%d}\\n' $n $n
                read -r receipt || exit 0
                echo "$receipt" >> got
            done
            """)
        try place.write("pump.conf", "take = ./take\ndead_file = dead.jsonl\n")
        let pump = try place.pump()
        try place.wait("a hundred") { place.names("new").count >= 100 }
        #expect(pump.stop() == 0, "\(pump.err)")
        let got = place.text(place.root.appending(path: "got")).split(separator: "\n").compactMap { Int($0) }
        #expect(got == Array(1...got.count))
        #expect(place.names("new").count == got.count)
    }

    @Test("A drop box takes messages, from its user")
    func dropBox() throws {
        let place = try Workplace()
        try place.outspool("dropbox", "add", "shop", "--group", "\(getgid())")
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.source([place.message("a"), place.message("b")])
        let pump = try place.pump("--once", spool: place.spool.appending(path: "drop/shop").path)
        #expect(try place.ending(pump) == 0, "\(pump.err)")
        for id in ["a@shop", "b@shop"] { try place.wait(for: id, in: "done") }
    }
}
