import Foundation
import Scratch
import Testing

private let strace = "/usr/bin/strace"

/// A template with a secret, and jobs of it.
extension Workplace {
    static let secret = "s3cr3t-4711-Ü"

    func otpTemplate(_ settings: String = "ttl = 15m\n") throws {
        try write("templates/otp/subject.mustache", "Your code")
        try write("templates/otp/text.mustache", "Hello {{name}}, your code is {{code}}.")
        try write("templates/otp/template.conf", settings)
        try write(
            "templates/otp/schema.json",
            #"{"properties":{"code":{"type":"string","writeOnly":true},"name":{"type":"string"}},"required":["code"]}"#)
    }

    func otp(_ id: String, to: String = "zoe@example.com", code: String = secret, _ more: String = "") throws {
        try drop(id, #"{"template":"otp", "to":"\#(to)", "params":{"name":"Zoë","code":"\#(code)"}\#(more)}"# + "\n")
    }

    /// The files below the spool, and the log, that hold the secret.
    func leaks() -> [String] {
        var found = log.contains(Workplace.secret) ? ["daemon.log"] : []
        let files = FileManager.default.enumerator(atPath: spool.path)
        while let name = files?.nextObject() as? String {
            if text(spool.appending(path: name)).contains(Workplace.secret) { found.append(name) }
        }
        return found
    }
}

@Suite("Secrets", .serialized, .ownThreads)
struct SecretLifeTests {
    @Test("Once its mail is sent, a secret is nowhere in the spool and never was in the log")
    func delivered() throws {
        let place = try Workplace()
        try place.otpTemplate()
        try place.configure(port: try place.sink("--fail", "rcpt(later@example.com)=451 4.7.1 Later:1"))
        let daemon = try place.daemon()
        try place.otp("a")
        try place.otp("later", to: "later@example.com")
        try place.wait(for: "a", in: "done")
        try place.wait(for: "later", in: "retry/01-30s")
        // It may be sent again, and so it is kept.
        #expect(place.leaks() == ["retry/01-30s/later"])
        try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: try place.file("later").path)
        try place.wait(for: "later", in: "done")
        #expect(place.leaks() == [])
        #expect(place.mails().count == 2)
        // The mail is quoted-printable.
        #expect(place.mails().allSatisfy { $0.contains("s3cr3t-4711-=C3=9C") })
        let lines = place.text(try place.file("a")).split(separator: "\n")
        #expect(lines[0] == #"{"template":"otp","to":"zoe@example.com","params":{"name":"Zoë","code":"***"}}"#)
        #expect(try place.events("a") == ["sending", "sent"])
        #expect(try place.events("later") == ["deferred", "sending", "sent"])
        #expect(place.names("tmp").isEmpty)
        #expect(daemon.stop() == 0)
    }

    @Test("A job without secrets is kept as its producer wrote it")
    func untouched() throws {
        let place = try Workplace()
        try place.otpTemplate()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        let object = #"{ "template" : "hello",  "to":"a@example.com", "params":{"name":"Zo\u00eb", "n":1.00} }"#
        try place.drop("plain", object + "\n")
        try place.wait(for: "plain", in: "done")
        #expect(place.text(try place.file("plain")).hasPrefix(object + "\n"))
    }

    @Test("done_retention = 0 keeps no copy at all")
    func nothingKept() throws {
        let place = try Workplace()
        try place.otpTemplate()
        try place.configure(port: try place.sink(), main: "done_retention = 0")
        _ = try place.daemon()
        try place.otp("a")
        try place.wait("the job to be gone") { place.mails().count == 1 && place.places("a").isEmpty }
        #expect(place.leaks() == [])
    }

    @Test("The same job submitted again is discarded, although what is kept of it is masked; another is not")
    func submittedAgain() throws {
        let place = try Workplace()
        try place.otpTemplate()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.otp("a")
        try place.wait(for: "a", in: "done")
        try place.otp("a")
        try place.wait("it to be discarded") { place.log.contains("a: discarded: the same job is in done/") }
        #expect(place.names("dead").isEmpty)
        #expect(place.leaks() == [])
        try place.otp("a", to: "other@example.com", code: "x")
        try place.wait("the other to be dead") { place.names("dead").count == 1 }
        #expect(place.mails().count == 1)
    }

    @Test("What a job did wrong is told without the secret")
    func misfit() throws {
        let place = try Workplace()
        try place.otpTemplate()
        try place.write(
            "templates/otp/schema.json",
            #"{"properties":{"code":{"type":"string","maxLength":3,"writeOnly":true}},"required":["code"]}"#)
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.otp("long")
        try place.wait(for: "long", in: "dead")
        let reason = try #require(try place.history("long").last?["reason"] as? String)
        #expect(reason.contains("/params/code: expected at most 3 characters, found a secret"), "\(reason)")
        #expect(place.leaks() == ["dead/long"])
        #expect(try place.text(place.file("long")).components(separatedBy: Workplace.secret).count == 2)
        let submitted = try place.run(
            Program.built("outspool").path,
            [
                "--config", place.configuration.path, "submit", "otp", "--to", "a@example.com", "-p",
                "code=\(Workplace.secret)",
            ])
        #expect(submitted.status == 65)
        #expect(submitted.err.contains("found a secret") && !submitted.err.contains(Workplace.secret))
    }
}

/// The copy of a job with secrets is several system calls: whichever does not come, the job is sent once, and its
/// secret does not stay.
@Suite(
    "The steps of a masked copy", .serialized, .ownThreads,
    .enabled(if: FileManager.default.isExecutableFile(atPath: strace), "needs strace"))
struct MaskedCopyStepTests {
    /// - Parameter directory: of the spool; only calls on it count. Nil for all calls.
    private func start(_ place: Workplace, _ injection: String, on directory: String?) throws -> RunningProgram {
        var words = ["-f", "-o", place.root.appending(path: "trace").path, "-e", "inject=" + injection]
        if let directory { words += ["-P", place.spool.appending(path: directory).path] }
        // The daemon ends with strace, whatever ends that.
        words += ["setpriv", "--pdeathsig", "KILL", Program.built("outspoold").path]
        let daemon = try place.start(strace, words + ["--config", place.configuration.path], name: "daemon")
        try place.wait("the daemon to be ready") { place.log.contains(": ready\n") }
        return daemon
    }

    /// The first rename of a start is that of its probe. Then come the claim's rename, the copy's fdatasync and
    /// rename, and the unlink in cur/main. With an error the call is not made.
    @Test(
        "A crash at any step",
        arguments: [
            ("renameat2:error=EIO:signal=SIGKILL:when=2", nil, ["new"], 0),
            ("fdatasync:error=EIO:signal=SIGKILL:when=1", nil, ["cur/main"], 1),
            ("renameat2:error=EIO:signal=SIGKILL:when=3", nil, ["cur/main"], 1),
            ("unlinkat:error=EIO:signal=SIGKILL:when=1", "cur/main", ["cur/main", "done"], 0),
        ] as [(String, String?, [String], Int)])
    func crash(injection: String, on directory: String?, left: [String], drafts: Int) throws {
        let place = try Workplace(workers: 1)
        try place.otpTemplate()
        try place.configure(port: try place.sink())
        let traced = try start(place, injection, on: directory)
        try place.otp("a")
        try place.wait("the crash") { !traced.isRunning }
        #expect(place.places("a") == left)
        #expect(place.names("tmp").count == drafts)
        #expect(place.leaks() == [left[0] + "/a"])
        let daemon = try place.daemon()
        try place.wait("the job in done/ alone") { place.places("a") == ["done"] }
        #expect(daemon.stop() == 0)
        #expect(place.leaks() == [])
        #expect(place.mails().count == 1)
        #expect(try place.events("a") == ["sending", "sent"])
        #expect(place.names("dead").isEmpty)
    }

    @Test(
        "An error at any step is tried again",
        arguments: [
            ("fdatasync:error=ENOSPC:when=1", nil), ("renameat2:error=ENOSPC:when=3", nil),
            ("unlinkat:error=EIO:when=1", "cur/main"), ("fdatasync:error=EIO:when=1..2", nil),
        ] as [(String, String?)])
    func error(injection: String, on directory: String?) throws {
        let place = try Workplace(workers: 1)
        try place.otpTemplate()
        try place.configure(port: try place.sink())
        _ = try start(place, injection, on: directory)
        try place.otp("a")
        try place.wait("the job in done/ alone") { place.places("a") == ["done"] }
        try place.wait("the end of the trouble to be told") { place.log.contains("the spool takes writes again") }
        #expect(place.leaks() == [])
        #expect(place.names("tmp").isEmpty)
        #expect(place.mails().count == 1)
        #expect(try place.events("a") == ["sending", "sent"])
        #expect(place.names("dead").isEmpty)
    }

    /// A power cut may keep the copy and lose the outcome in cur/: the file there ends in an open `sending`.
    @Test(
        "A job whose copy is in done/ is not sent again, whatever is left of it in cur/", arguments: ["", "yesterday"])
    func powerCut(day: String) throws {
        let place = try Workplace()
        try place.otpTemplate()
        try place.configure(port: try place.sink())
        var daemon = try place.daemon()
        try place.otp("a")
        try place.wait(for: "a", in: "done")
        daemon.stop()
        var done = try place.file("a")
        if !day.isEmpty {
            // Nor does it matter on which day it was.
            let older = place.spool.appending(path: "done/2026-11-01")
            try FileManager.default.createDirectory(at: older, withIntermediateDirectories: true)
            try FileManager.default.moveItem(at: done, to: older.appending(path: "a"))
            done = older.appending(path: "a")
        }
        let lines = place.text(done).components(separatedBy: "\n")
        try place.write(
            "spool/cur/main/a",
            #"{"template":"otp", "to":"zoe@example.com", "params":{"name":"Zoë","code":"\#(Workplace.secret)"}}"# + "\n"
                + lines[1] + "\n" + lines[2].prefix(20))
        daemon = try place.daemon()
        try place.wait("the rest to be removed") { place.names("cur/main").isEmpty }
        #expect(place.log.contains("has it, masked"))
        #expect(place.leaks() == [])
        #expect(place.places("a") == ["done"])
        #expect(place.mails().count == 1)
        daemon.stop()
    }
}
