import Configuration
import JSON
import Spool
import Testing

@testable import Command

@Suite("The lines of a pump")
struct PumpMessageTests {
    private func message(_ line: String) throws(PumpMessage.Fault) -> PumpMessage {
        try PumpMessage(Array(line.utf8))
    }

    @Test("A job is an object, or the text of one")
    func job() throws {
        let plain = try message(#"{"id":"a","job":{"to":"x"},"receipt":"r"}"#)
        #expect(plain.id.text == "a" && plain.receipt == "r" && !plain.isAgain)
        #expect(try message(#"{"receipt":7,"id":12,"job":"{\"to\":\"x\"}"}"#).job.isSame(as: plain.job))
    }

    @Test(
        "A delivery that is not the first is told",
        arguments: [("true", true), ("false", false), ("1", false), ("2", true), ("null", false)])
    func again(value: String, isAgain: Bool) throws {
        #expect(try message(#"{"id":"a","job":{},"receipt":"r","again":\#(value)}"#).isAgain == isAgain)
    }

    @Test(
        "A line that is no message says why, and keeps the receipt where there is one",
        arguments: [
            ("x", "the line is not JSON", nil),
            ("[1]", "the line is array", nil),
            (#"{"id":"a","job":{}}"#, "/receipt: ", nil),
            (#"{"id":"a","job":{},"receipt":"a\nb"}"#, "/receipt: ", nil),
            (#"{"job":{},"receipt":"r"}"#, "/id: ", "r"),
            (#"{"id":"","job":{},"receipt":"r"}"#, "/id: ", "r"),
            (#"{"id":"a","receipt":"r"}"#, "/job: is missing", "r"),
            (#"{"id":"a","job":"{","receipt":"r"}"#, "/job: is not JSON", "r"),
            (#"{"id":"a","job":{},"receipt":"r","jobs":1}"#, "/jobs: unknown", "r"),
        ] as [(String, String, String?)])
    func faults(line: String, reason: String, receipt: String?) {
        #expect {
            try message(line)
        } throws: { error in
            let fault = error as? PumpMessage.Fault
            return fault?.reason.hasPrefix(reason) == true && fault?.receipt == receipt
        }
    }

    @Test("A line that is not UTF-8 can be acknowledged")
    func notUTF8() {
        let line = Array(#"{"id":"a","receipt":"r","job":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        #expect(throws: PumpMessage.Fault.self) { try PumpMessage(line) }
        do { _ = try PumpMessage(line) } catch { #expect(error.receipt == "r") }
    }

    @Test(
        "An id that a job can have stays; another is its digest, as sha256sum has it",
        arguments: [
            ("order-1042", "order-1042"),
            ("a/b c", "sha256=0af99a609169538538d589bf108a2131d8bc212c653d45ad44dedef60988ab9f"),
            (String(repeating: "x", count: 160), String(repeating: "x", count: 160)),
        ])
    func ids(text: String, id: String) { #expect(JobID.carried(from: text).text == id) }

    @Test("Ids that are equal only by Unicode's rules are two, and so are long ones with one beginning")
    func distinct() {
        #expect(JobID.carried(from: "\u{E9}") != JobID.carried(from: "e\u{301}"))
        let long = String(repeating: "x", count: 161)
        #expect(JobID.carried(from: long) != JobID.carried(from: long + "x"))
        #expect(JobID.carried(from: long).text.hasPrefix("sha256="))
    }

    @Test("Lines come whole however the bytes are cut, and a line that is too long is cut")
    func lines() {
        var splitter = LineSplitter(limit: 10)
        #expect(splitter.take(Array("ab".utf8)[...]) == [])
        let whole = splitter.take(Array("c\n\n \r\nd\n".utf8)[...])
        #expect(whole == [.whole(Array("abc".utf8)), .whole(Array("d".utf8))])
        #expect(splitter.take(Array("12345678901".utf8)[...]) == [])
        #expect(splitter.take(Array("2345\nx\n".utf8)[...]) == [.cut(Array("12345678901".utf8)), .whole([0x78])])
    }

    @Test("A configuration has defaults, and paths that begin where it lies")
    func settings() throws {
        let file = try ConfigurationFile(
            parsing: "take = ./take all\ndead_file = dead\n[environment]\nURL = \"a # b\"\nX = y",
            name: "/etc/p/shop.conf")
        let settings = try PumpSettings(file, name: "shop")
        #expect(settings.take == ["/etc/p/./take", "all"])
        #expect(settings.acknowledge == nil)
        #expect(settings.deadFile == "/etc/p/dead")
        #expect(settings.variables == ["URL=a # b", "X=y"])
        #expect(settings.batch == 500 && settings.mostWaiting == 10_000 && settings.idle == .seconds(1))
    }

    @Test(
        "A configuration with a mistake says where",
        arguments: [
            ("ack = ./a\ndead_file = d", "'take' is not set"),
            ("take = ./a", "'dead_file' is not set"),
            ("take = cat\ndead_file = d", "begins with a path"),
            ("take = ./a\ndead_file = d\nbatches = 3", "unknown key 'batches'; did you mean 'batch'?"),
            ("take = ./a\ndead_file = d\n[environ]\nA = b", "unknown section [environ]"),
            ("take = ./a\ndead_file = d\nbatch = 0", "'batch' is a whole number from 1"),
        ])
    func mistakes(text: String, reason: String) {
        #expect {
            _ = try PumpSettings(try ConfigurationFile(parsing: text, name: "p.conf"), name: "p")
        } throws: { "\($0)".contains(reason) }
    }
}
