import Foundation
import JSON
import Scratch
import Testing

@Suite("outspool transfer", .serialized, .ownThreads)
struct TransferTests {
    let place: Fixture
    /// The other spool.
    let there: String

    init() throws {
        place = try Fixture()
        there = place.scratch.path("there")
        #expect(try place.outspool.run(["init", there]).status == 0)
    }

    private static let object = #"{"template":"hello","to":"zoe@example.com"}"# + "\n"
    private static let history =
        #"{"at":"2026-11-23T17:44:11.502Z","event":"deferred","attempt":1,"to":"zoe@example.com"}"# + "\n"
    private static let states = ["new", "retry/03-2m", "scheduled", "hold", "dead"]

    private func fill() throws {
        for state in TransferTests.states {
            let name = state.split(separator: "/")[0]
            try place.put(TransferTests.object + TransferTests.history, "\(state)/\(name)")
            try touch("\(state)/\(name)")
        }
    }

    /// How many jobs are here.
    private func count() throws -> Int {
        var count = 0
        for state in TransferTests.states { count += try place.list(state).count }
        return count
    }

    /// A time that no filesystem rounds to by itself.
    private static let time = timespec(tv_sec: 1_764_580_000, tv_nsec: 123_456_789)

    private func touch(_ name: String) throws {
        let times = [timespec(tv_sec: 0, tv_nsec: Int((1 << 30) - 2)), TransferTests.time]
        #expect(utimensat(AT_FDCWD, place.scratch.path("spool/" + name), times, 0) == 0)
    }

    private func modified(_ path: String) -> timespec {
        var status = stat()
        #expect(stat(path, &status) == 0)
        return status.st_mtim
    }

    /// Each job is there in its state, byte for byte and with its time, and none is here.
    private func expectArrived(_ states: [String]) throws {
        for state in states {
            let name = state.split(separator: "/")[0]
            #expect(try place.scratch.read("there/\(state)/\(name)") == TransferTests.object + TransferTests.history)
            let time = modified("\(there)/\(state)/\(name)")
            #expect(time.tv_sec == TransferTests.time.tv_sec && time.tv_nsec == TransferTests.time.tv_nsec)
            #expect(try place.list(state) == [])
        }
        #expect(try place.list("leaving") == [])
        #expect(try place.scratch.list("there/arriving") == [])
    }

    @Test("Jobs go to another spool with history, due time and state; dead letters on request")
    func directory() throws {
        try fill()
        let ran = try place.run("transfer", there)
        #expect(ran.status == 0 && ran.out == "transferred: 4 jobs to \(there)\n" && ran.err.isEmpty)
        #expect(try place.list("dead") == ["dead"])
        #expect(try place.run("transfer", "--dead", "--verbose", there).out.hasPrefix("transferred: dead/dead\n"))
        try expectArrived(TransferTests.states)
    }

    @Test("Jobs go through a program such as ssh, which gets the host and what is to run there")
    func host() throws {
        try fill()
        let line = #"test "$1" = b.example.com && PATH='\#(Program.builtFolder.path)':$PATH && eval "$2""#
        let ran = try place.run("transfer", "--dead", "--through", line, "b.example.com:\(there)")
        #expect(ran.status == 0 && ran.out.hasPrefix("transferred: 5 jobs"), "\(ran)")
        try expectArrived(TransferTests.states)
    }

    @Test("A host that does not answer as it should costs nothing")
    func unreachable() throws {
        try fill()
        for line in ["exit 3", "echo welcome", "echo '{}'"] {
            let ran = try place.run("transfer", "--through", line, "b.example.com")
            #expect(ran.status == 75, "\(line): \(ran)")
            #expect(ran.err.contains("b.example.com: "), "\(line): \(ran)")
        }
        #expect(try count() == 5)
    }

    @Test("What is at work stays, and is said to")
    func atWork() throws {
        try FileManager.default.createDirectory(
            atPath: place.scratch.path("spool/cur/main"), withIntermediateDirectories: true)
        try place.put(TransferTests.object, "cur/main/busy")
        let ran = try place.run("transfer", there)
        #expect(ran.status == 75)
        #expect(ran.err == "outspool: 1 in cur/, which the daemon works at; run this again, or with --wait\n")
        #expect(try place.list("cur/main") == ["busy"])
    }

    @Test("With --wait it goes on until what was at work has come back")
    func waits() throws {
        try FileManager.default.createDirectory(
            atPath: place.scratch.path("spool/cur/main"), withIntermediateDirectories: true)
        try place.put(TransferTests.object, "cur/main/busy")
        let program = try RunningProgram(
            place.outspool, ["transfer", "--wait", there], in: place.scratch, name: "wait")
        defer { program.kill() }
        try waitUntil("the transfer's beginning") { try place.scratch.list("there").contains("arriving") }
        #expect(rename(place.scratch.path("spool/cur/main/busy"), place.scratch.path("spool/new/busy")) == 0)
        try waitUntil("the job") { try place.scratch.list("there/new") == ["busy"] }
        #expect(program.status == 0)
    }

    @Test("A job that attaches files of its host is left unless that is asked for")
    func files() throws {
        try place.put(
            #"{"template":"hello","to":"a@example.com","attachments":[{"file":"invoice.pdf"}]}"#, "new/with")
        let ran = try place.run("transfer", there)
        #expect(ran.status == 65)
        #expect(ran.err.contains("new/with is left: it attaches the file invoice.pdf of attachments_directory"))
        #expect(try place.run("transfer", "--files", there).status == 0)
        #expect(try place.scratch.list("there/new") == ["with"])
    }

    @Test("An id that the other spool has: the same job goes, another stays where it is")
    func namesakes() throws {
        try place.put(TransferTests.object, "hold/same")
        try place.put(TransferTests.object, "hold/other")
        // The daemon there has gone on with the one.
        try place.scratch.write(TransferTests.object + TransferTests.history, to: "there/retry/01-30s/same")
        try place.scratch.write(TransferTests.history, to: "there/dead/other")
        let ran = try place.run("transfer", there)
        #expect(ran.status == 65)
        #expect(ran.err == "outspool: hold/other is left: another job of this id is in dead there\n")
        #expect(try place.list("hold") == ["other"])
        #expect(try place.scratch.list("there/hold") == [])
        #expect(try place.scratch.list("there/retry/01-30s") == ["same"])
    }

    @Test("What is under way to one spool is not sent to another; --back ends it")
    func elsewhere() throws {
        try place.put(TransferTests.object, "new/here")
        #expect(try place.run("transfer", there).status == 0)
        try FileManager.default.createDirectory(
            atPath: place.scratch.path("spool/leaving/gone~x/retry/02-1m"), withIntermediateDirectories: true)
        try place.put(TransferTests.object, "leaving/gone~x/retry/02-1m/stuck~t")
        let ran = try place.run("transfer", there)
        #expect(ran.status == 64 && ran.err.contains("leaving/gone~x: finish that transfer first"), "\(ran)")
        #expect(try place.run("doctor").out.contains("1 job under way to another spool, in leaving/gone~x"))
        let back = try place.run("transfer", "--back")
        #expect(back.status == 0 && back.out == "put back: 1 job\n", "\(back)")
        #expect(back.err.contains("what had arrived there is delivered twice"))
        #expect(try place.list("retry/02-1m") == ["stuck"])
        #expect(try place.list("leaving") == [])
    }

    @Test("With its target, --back puts back what has not arrived there, and no more")
    func backFromTarget() throws {
        // A transfer that ended before and after the other side's renames.
        try place.put(TransferTests.object, "hold/first")
        #expect(try place.run("transfer", there).status == 0)
        let identity = try place.scratch.read("there/.identity").trimmingCharacters(in: .whitespacesAndNewlines)
        for (path, text) in [
            ("spool/leaving/\(identity)~t/new/came~x", TransferTests.object),
            ("spool/leaving/\(identity)~t/new/stays~y", TransferTests.object),
            ("there/arriving/t/received/came~x", ""), ("there/arriving/t/received/stays~y", ""),
            ("there/arriving/t/stays~y", TransferTests.object),
        ] { try place.scratch.write(text, to: path) }
        let ran = try place.run("transfer", "--back", there)
        #expect(ran.status == 0 && ran.out == "put back: 1 job\n", "\(ran)")
        #expect(try place.list("new") == ["stays"])
        #expect(try place.scratch.list("there/new") == [])
        #expect(try place.list("leaving") == [])
        #expect(try place.scratch.list("there/arriving") == [])
    }

    @Test("A spool is not emptied into itself, and two transfers do not meet")
    func locks() throws {
        try place.put(TransferTests.object, "new/one")
        #expect(try place.run("transfer", place.spool).status == 64)
        #expect(try place.list("new") == ["one"])
        let held = open(place.scratch.path("spool/leaving"), O_RDONLY | O_DIRECTORY)
        defer { close(held) }
        #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
        let ran = try place.run("transfer", there)
        #expect(ran.status == 75 && ran.err.contains("another transfer is under way"), "\(ran)")
    }

    @Test("A dry run says what would go, and moves nothing")
    func dryRun() throws {
        try fill()
        let ran = try place.run("transfer", "--dry-run", there)
        #expect(ran.status == 0)
        #expect(ran.out.hasSuffix("would be transferred: 4 jobs to \(there)\n"))
        #expect(try count() == 5)
    }

    @Test(
        "The command line is judged",
        arguments: [
            ["transfer"], ["transfer", "-oProxyCommand=x"], ["transfer", "host:"], ["transfer", "./a", "./b"],
            ["transfer", "--through", "sh", "./a"], ["transfer", "--receive", "./a"],
        ])
    func usage(words: [String]) throws { #expect(try place.outspool.run(words).status == 64) }
}
