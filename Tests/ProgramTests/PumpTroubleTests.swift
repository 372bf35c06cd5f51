import Foundation
import Scratch
import Testing

@Suite("The pump in trouble", .serialized, .ownThreads)
struct PumpTroubleTests {
    @Test("A pump waits while new/ has as many jobs as may wait, and goes on by itself")
    func full() throws {
        let place = try Workplace()
        let ids = (0..<200).map { "order-\($0)" }
        try place.source(
            ids.map { place.message($0) }, main: "most_waiting = 50\nbatch = 10",
            take: "grep -vFf acked messages | head -n 10")
        let pump = try place.pump()
        try place.wait("a full spool") { pump.err.contains("new/ has 50 jobs or more: waiting") }
        #expect(place.names("new").count == 50)
        // Nothing more comes while nothing goes.
        pass(.seconds(1))
        #expect(place.names("new").count == 50)
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.wait("all") { place.names("done").count == ids.count }
        #expect(pump.err.contains("new/ has room again"))
        #expect(pump.stop() == 0)
    }

    @Test("Commands that fail are started again after a wait, and said with what they said")
    func failing() throws {
        let place = try Workplace()
        try place.source([place.message("a")])
        try place.write("fails", "")
        try place.shellScript("take", "[ -e fails ] && { rm fails; exit 3; }; " + Workplace.unacknowledged)
        try place.shellScript(
            "ack",
            "[ -e refused ] || { touch refused; echo 'connection refused' >&2; exit 1; }\n"
                + "sed 's/.*/\"receipt\":\"&\"/' >> acked")
        let pump = try place.pump()
        try place.wait("the message") { place.acknowledged == ["a"] }
        #expect(pump.stop() == 0)
        #expect(pump.err.contains("take: ") && pump.err.contains("exit status 3; again in 1 s"), "\(pump.err)")
        #expect(pump.err.contains("ack: exit status 1: connection refused; again in 1 s"))
        #expect(place.names("new") == ["a"])
    }

    @Test("A take that dies in the middle leaves what it has printed, and half a line is nothing")
    func dying() throws {
        let place = try Workplace()
        try place.source([place.message("a"), place.message("b")])
        try place.shellScript(
            "take",
            "[ -s acked ] && { \(Workplace.unacknowledged); exit; }\n"
                + "head -n 1 messages; printf '{\"id\":\"b\",\"jo'; kill -9 $$")
        let pump = try place.pump()
        try place.wait("both") { place.acknowledged == ["a", "b"] }
        #expect(pump.stop() == 0)
        #expect(place.deadMessages.isEmpty)
        #expect(pump.err.contains("ended by signal 9"))
    }

    @Test("A dead file that cannot be written keeps its messages waiting, and others' receipts back")
    func deadFile() throws {
        let place = try Workplace()
        try place.source([place.message("bad", job: "5"), place.message("good")])
        // A directory where the file belongs.
        try place.write("dead.jsonl/x", "")
        let pump = try place.pump()
        try place.wait("the refusal") { pump.err.contains("dead.jsonl: ") }
        #expect(place.names("new") == ["good"])
        #expect(place.acknowledged.isEmpty)
        try FileManager.default.removeItem(at: place.root.appending(path: "dead.jsonl"))
        try place.wait("both") { place.acknowledged.count == 2 }
        #expect(pump.stop() == 0)
        #expect(place.deadMessages.count == 1)
    }

    @Test(
        "A spool that refuses a job keeps it waiting, and the receipts with it; when it takes writes again, it goes in")
    func refusing() throws {
        let place = try Workplace()
        let name = String(repeating: "x", count: 10_000)
        let job = #"{"template":"hello","to":"a@example.com","params":{"name":"\#(name)"}}"#
        try place.source([place.message("large", job: job), place.message("small")])
        // A limit of files, of 4096 bytes, is a full disk to the pump; its log is smaller.
        try place.shellScript("limited", "ulimit -S -f 8; exec \"$@\"")
        let pump = try place.start(
            place.root.appending(path: "limited").path,
            [
                Program.built("outspool").path, "--spool", place.spool.path, "pump",
                place.root.appending(path: "pump.conf").path,
            ], name: "pump")
        try place.wait("a refusal") { pump.err.contains("1 messages wait, again in") }
        #expect(place.names("new") == ["small"])
        #expect(place.acknowledged.isEmpty)
        let tmp = place.spool.appending(path: "tmp").path
        #expect(try FileManager.default.contentsOfDirectory(atPath: tmp).isEmpty)
        let limit = try place.run("/usr/bin/prlimit", ["--pid", "\(pump.pid)", "--fsize=unlimited:"])
        #expect(limit.status == 0, "\(limit.err)")
        try place.wait("both") { Set(place.acknowledged) == ["large", "small"] }
        #expect(place.names("new") == ["large", "small"])
        #expect(pump.stop() == 0)
    }

    @Test("When a stop comes while the engine refuses receipts, the pump ends with 75 in its time")
    func unacknowledged() throws {
        let place = try Workplace()
        try place.source([place.message("a")], main: "patience = 1s", acknowledge: "exit 1")
        let pump = try place.pump()
        try place.wait("a refusal") { pump.err.contains("ack: exit status 1") }
        #expect(pump.stop() == 75)
        #expect(place.names("new") == ["a"])
    }

    @Test("A program that is writing when a stop comes is read to its end, and what it writes is not submitted")
    func writing() throws {
        let place = try Workplace()
        try place.source([])
        // Ten messages, and more than a pipe holds behind them, before the first receipt is read.
        try place.shellScript(
            "take",
            #"""
            printf '{"id":"n%d","job":{"template":"hello","to":"a@example.com","params":{}},"receipt":%d}\n' \
                $(seq 1 20000 | sed 's/.*/& &/')
            while read -r receipt; do echo "$receipt" >> got; done
            """#)
        try place.write("pump.conf", "take = ./take\ndead_file = dead.jsonl\nbatch = 10\n")
        let pump = try place.pump()
        try place.wait("a few") { place.names("new").count >= 40 }
        #expect(pump.stop() == 0, "\(pump.err)")
        #expect(!pump.err.contains("not done after"))
        #expect(place.names("new").count < 20_000)
        let got = place.text(place.root.appending(path: "got")).split(separator: "\n").count
        #expect(got == place.names("new").count)
    }

    @Test("take dies with a pump that is killed")
    func orphans() throws {
        let place = try Workplace()
        try place.source([], take: "echo $$ > pid; exec sleep 300")
        let pump = try place.pump()
        let file = place.root.appending(path: "pid")
        try place.wait("take") { place.text(file).hasSuffix("\n") }
        let pid = try #require(Int32(place.text(file).dropLast()))
        pump.kill()
        try place.wait("its end") { kill(pid, 0) == -1 && errno == ESRCH }
    }

    @Test("The metrics file counts what happened")
    func metrics() throws {
        let place = try Workplace()
        try place.hello("known", to: "known@example.com")
        try place.source(
            [place.message("a"), place.message("known"), place.message("bad", job: "5")], main: "metrics_file = m.prom")
        let pump = try place.pump("--once")
        #expect(try place.ending(pump) == 0, "\(pump.err)")
        let text = place.text(place.root.appending(path: "m.prom"))
        for line in [
            #"outspool_pump_messages_total{pump="pump",outcome="queued"} 1"#,
            #"outspool_pump_messages_total{pump="pump",outcome="known"} 1"#,
            #"outspool_pump_messages_total{pump="pump",outcome="dead"} 1"#,
            #"outspool_pump_acknowledged_total{pump="pump"} 3"#,
        ] { #expect(text.contains(line + "\n"), "\(line)\n\(text)") }
    }

    @Test("Mistakes of the command line and the configuration are said in one line")
    func mistakes() throws {
        let place = try Workplace()
        #expect(try place.outspool("pump").status == 64)
        let missing = try place.outspool("pump", "no-such-pump")
        #expect(missing.status == 78)
        #expect(missing.err == "outspool: /etc/outspool/pump/no-such-pump.conf: No such file or directory\n")
        try place.source([])
        try place.write("pump.conf", "take = ./take\ndead_file = d\nsppol = x\n")
        let misspelt = try place.outspool("pump", place.root.appending(path: "pump.conf").path)
        #expect(misspelt.status == 78)
        #expect(misspelt.err.contains("pump.conf:3: unknown key 'sppol'; did you mean 'spool'?"))
        try place.source([])
        let noSpool = try place.run(
            Program.built("outspool").path,
            ["--spool", place.root.appending(path: "none").path, "pump", place.root.appending(path: "pump.conf").path])
        #expect(noSpool.status == 69, "\(noSpool.err)")
        let gone = try place.pump("--once")
        #expect(try place.ending(gone) == 0)
        try place.write("pump.conf", "take = ./none\nack = ./ack\ndead_file = d\nidle = 50ms\n")
        let failing = try place.pump("--once")
        #expect(try place.ending(failing) == 69)
        #expect(failing.err.contains("No such file or directory; again in 1 s"))
    }
}
