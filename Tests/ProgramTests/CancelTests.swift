import Foundation
import JSON
import Scratch
import Testing

@Suite("Tasks that are ended before their time", .serialized, .ownThreads)
struct CancelTests {
    @Test("A program that runs is ended, with what it started, and its job is a dead letter that says so")
    func cancel() throws {
        let place = try Workplace()
        // It does not obey SIGTERM, nor does what it has started.
        try place.task("work", "trap '' TERM; sleep 1000 & touch ../../began; wait; sleep 1000")
        try place.configure(port: 9, main: "on_event = tell dead")
        try place.task("tell", "cat >> '\(place.root.path)/told'; echo >> '\(place.root.path)/told'")
        let daemon = try place.daemon()
        try place.ask("work", "work", #","tags":["nightly"],"metadata":{"order":"1042"}"#)
        try place.wait("it to run") { FileManager.default.fileExists(atPath: place.root.appending(path: "began").path) }
        #expect(
            try place.outspool("rm", "work").err.contains(
                "work runs at this moment, and is left alone; outspool cancel work"))
        let ran = try place.outspool("cancel", "work")
        #expect(ran.status == 0 && ran.out == "cancelled: work\n", "\(ran.err)")
        #expect(place.places("work") == ["dead"])
        #expect(try place.events("work") == ["running", "dead"])
        #expect(try place.last("work")["reason"] as? String == "cancelled by the operator")
        #expect(place.processes(with: place.mark + "work").isEmpty)
        #expect(!place.names("").contains { $0.hasPrefix("cancel.") })
        #expect(place.log.contains("work: cancelled, its program is asked to end"))
        try place.wait("the notice") { place.text(place.root.appending(path: "told")).contains("\n") }
        let notice = try JSON(parsing: place.text(place.root.appending(path: "told"))).object
        #expect(notice?["reason"]?.string == "cancelled by the operator")
        #expect(notice?["tags"] == ["nightly"] && notice?["metadata"] == ["order": "1042"])
        daemon.stop()
    }

    @Test("A job that does not run is not cancelled, and it is said what does that")
    func notRunning() throws {
        let place = try Workplace()
        try place.task("work", "exit 1")
        try place.configure(port: 9)
        #expect(try place.outspool("cancel", "none").status == 66)
        try place.write("spool/cur/main/stuck", #"{"template":"work"}"# + "\n")
        let noDaemon = try place.outspool("cancel", "stuck")
        #expect(noDaemon.status == 69 && noDaemon.err.contains("no daemon runs"))
        let daemon = try place.daemon()
        try place.ask("work")
        try place.wait(for: "work", in: "retry/01-30s")
        let waiting = try place.outspool("cancel", "work")
        #expect(waiting.status == 65)
        #expect(waiting.err.contains("it is in retry/01-30s: outspool rm removes it, and outspool hold sets it aside"))
        // By hand: nothing runs, and the file does not wait for another job of that id.
        #expect(FileManager.default.createFile(atPath: place.spool.appending(path: "cancel.work").path, contents: nil))
        try place.wait("the file to be removed") { !place.names("").contains("cancel.work") }
        #expect(place.places("work") == ["retry/01-30s"])
        daemon.stop()
    }

    @Test("A program that ends with 0 when it is asked to has done its work")
    func gracefully() throws {
        let place = try Workplace()
        try place.task(
            "polite", "trap 'touch ../../finished; exit 0' TERM; touch ../../began; while :; do sleep 0.05; done")
        try place.task("partial", "trap 'exit 75' TERM; touch ../../begun; while :; do sleep 0.05; done")
        try place.configure(port: 9)
        let daemon = try place.daemon()
        try place.ask("polite")
        try place.ask("partial")
        for name in ["began", "begun"] {
            try place.wait("both to run") {
                FileManager.default.fileExists(atPath: place.root.appending(path: name).path)
            }
        }
        daemon.stop()
        try place.wait(for: "polite", in: "done")
        try place.wait(for: "partial", in: "new")
        #expect(try place.events("polite") == ["running", "done"])
        #expect(try place.events("partial") == ["running", "returned"])
    }

    @Test("After max_attempts a mail and a task are dead letters that say so")
    func attempts() throws {
        let place = try Workplace()
        try place.task("work", "echo broken >&2; exit 1", conf: "max_attempts = 1")
        try place.write("templates/hello/template.conf", "max_attempts = 2\n")
        try place.configure(port: try place.sink("--fail", "rcpt=451 4.7.1 Later:9"))
        let daemon = try place.daemon()
        try place.ask("work")
        try place.wait(for: "work", in: "dead")
        #expect(try place.events("work") == ["running", "deferred", "dead"])
        #expect(try place.last("work")["reason"] as? String == "attempt 1 of 1 failed (max_attempts): broken")
        try place.hello("letter")
        try place.wait(for: "letter", in: "retry/01-30s")
        try place.outspool("retry", "letter")
        try place.wait(for: "letter", in: "dead")
        #expect(try place.events("letter") == ["deferred", "deferred", "dead"])
        #expect(
            try place.last("letter")["reason"] as? String
                == "attempt 2 of 2 failed (max_attempts): 451 4.7.1 Later")
        try place.wait("the log to say so") {
            place.log.contains("status=bounced (attempt 2 of 2 failed")
                && place.log.contains("status=dead (attempt 1 of 1")
        }
        // The operator's retry begins anew.
        try place.outspool("retry", "letter")
        try place.wait(for: "letter", in: "retry/01-30s")
        daemon.stop()
    }

    @Test("A box runs no program of a mail template that it was not given", .enabled(if: Machine.isRoot, "needs root"))
    func boxes() throws {
        let place = try Workplace()
        try place.write("templates/order/data", "#!/bin/sh\ntouch ../../ran\necho '{\"name\":\"Zoe\"}'\n")
        try place.allowRunning("templates/order/data")
        try place.write("templates/order/subject.mustache", "Order")
        try place.write("templates/order/text.mustache", "{{name}}")
        try place.outspool("dropbox", "add", "shop", "--group", "0")
        try place.configure(port: try place.sink())
        let daemon = try place.daemon()
        try place.outspool(
            "--spool", "\(place.spool.path)/drop/shop", "submit", "order", "--to", "a@example.com", "--id", "x")
        try place.wait(for: "x@shop", in: "dead")
        #expect(
            (try place.last("x@shop")["reason"] as? String)?.hasPrefix("the drop box shop may not use order") == true)
        #expect(!FileManager.default.fileExists(atPath: place.root.appending(path: "ran").path))
        daemon.stop()
    }
}
