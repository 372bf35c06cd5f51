import Foundation
import Linux
import Scratch
import Spool
import Testing
import Time

@Suite("Pickup")
struct PickupTests {
    /// A spool with the drop box `shop`. As root, its group is one that nobody is in.
    private struct Box {
        let spool: Fixture
        let box: DropBox

        init(_ name: String = "shop", everybody: Bool = false) throws {
            spool = try Fixture()
            let group = Machine.isRoot ? UInt32(Fixture.shopGroup) : UInt32(getegid())
            try Creation.dropBox(name, group: everybody ? nil : group, in: spool.path)
            box = try DropBox(name, in: spool.tree)
        }

        var new: String { "\(spool.path)/drop/\(box.name)/new" }

        /// Runs a script in the box's new/, as a producer of the group where root allows it.
        func produce(_ script: String, umask: String = "022") throws {
            let user = Machine.isRoot ? (id: Fixture.stranger.id, group: Fixture.shopGroup) : nil
            let ran = try Program.shell("cd '\(new)' && umask \(umask) && \(script)", as: user)
            if ran.status != 0 { Issue.record("\(script): \(ran.err)") }
        }

        /// What became of a file, in words, with `?` for a generated id.
        func pickUp(
            _ name: String, limit: Int = 1000, room: Int = 1 << 50, later seconds: Int64 = 60
        ) throws -> String {
            let now = Timestamp.now + .seconds(seconds)
            return word(try spool.tree.pickUp(DirectoryName(name), from: box, limit: limit, room: room, now: now))
        }

        func word(_ result: Fate) -> String {
            switch result {
            case .queued(let id, _, _): "queued \(id)"
            case .duplicate(let id, let discarded): "duplicate \(id) \(discarded ? "discarded" : "kept")"
            case .dead(let id, let reason): "dead \(id == nil ? "unmoved" : "?"): \(reason)"
            case .later: "later"
            case .noRoom(let size): "no room for \(size)"
            case .gone: "gone"
            }
        }
    }

    private let job = #"{"template":"x","to":"a@example.com"}"#

    @Test("A job enters the spool as ID@BOX: a copy of its object, not the file itself")
    func copies() throws {
        let box = try Box()
        try box.produce(
            "printf '%s\\n%s\\n' '\(job)' '{\"at\":\"2026-11-23T17:44:11Z\",\"event\":\"sent\",\"to\":\"a@example.com\"}' > a; exec 9>>a"
        )
        let inode = try Program.shell("stat -c %i '\(box.new)/a'").out
        #expect(try box.pickUp("a") == "queued a@shop")
        #expect(try box.spool.read("new/a@shop") == job + "\n")
        #expect(try box.spool.scratch.mode("spool/new/a@shop") == 0o600)
        #expect(try Program.shell("stat -c %i '\(box.spool.path)/new/a@shop'").out != inode)
        #expect(try box.spool.list("drop/shop/new") == [])
        #expect(try box.spool.list("tmp") == [])
    }

    @Test(
        "What is hostile goes to dead/ without being followed or waited for",
        arguments: [
            ("mkfifo a", "dead ?: a FIFO"), ("ln -s /etc/passwd a", "dead ?: a symbolic link"),
            ("ln -s a a", "dead ?: a symbolic link"),
            ("echo '{\"template\":\"x\"}' > b && ln b a", "dead ?: a file with 2 links"),
            ("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"a\")'", "dead ?: a socket"),
            ("truncate -s 40G a", "dead ?: 42949672960 bytes, and max_job_size is 1000"),
            ("head -c 1001 /dev/zero > a", "dead ?: 1001 bytes, and max_job_size is 1000"),
            (
                "printf '{\"template\":' > a",
                "dead ?: not a JSON object: line 1, column 13: unexpected end, expected a value"
            ),
            (": > a", "dead ?: not a JSON object: line 1, column 1: unexpected end, expected a value"),
        ])
    func hostile(script: String, result: String) throws {
        let box = try Box()
        try box.produce(script)
        let found = try box.pickUp("a")
        #expect(
            found == result
                || (result.contains("unexpected end") && found.hasPrefix("dead ?: not a JSON object: line 1")))
        #expect(try box.spool.list("new") == [])
        #expect(try box.spool.list("dead").count == 1)
        #expect(try box.spool.list("drop/shop/new").contains("a") == false)
    }

    @Test("A directory stays, even where it may be moved: what its owner puts into it would come along")
    func directory() throws {
        let box = try Box()
        try box.produce("mkdir -m 777 a")
        #expect(try box.pickUp("a") == "dead unmoved: a directory")
        #expect(try box.spool.list("dead") == [] && box.spool.list("drop/shop/new") == ["a"])
    }

    @Test("What has no contents leaves a letter that says what it was", arguments: ["mkfifo a", "ln -s / a"])
    func reason(script: String) throws {
        let box = try Box()
        try box.produce("echo '\(job)' > b; \(script)")
        let result = try box.pickUp("a")
        let dead = try box.spool.list("dead")
        #expect(dead.count == 1)
        let last = try JobFile(Array(try box.spool.read("dead/\(dead[0])").utf8)).history.last
        #expect(last?.name == "a" && "dead ?: \(last?.reason ?? "")" == result)
    }

    @Test("What a producer wrote behind its object is never a history, in a dead letter either")
    func forged() throws {
        let box = try Box()
        let sent = #"{"at":"2026-11-23T17:44:11Z","event":"sent","to":"a@example.com"}"#
        try box.produce("printf '%s\\n' '{\"template\":' '\(sent)' x > a; printf '%s\\n' '\(job)' '\(sent)' > 'b b'")
        #expect(try box.pickUp("a").hasPrefix("dead ?: not a JSON object"))
        #expect(try box.pickUp("b b") == "dead ?: the name is not a job id")
        for name in try box.spool.list("dead") {
            let letter = try box.spool.read("dead/\(name)")
            #expect(!letter.contains("sent") && letter.contains(#""event":"dead""#))
        }
    }

    @Test("Each user of a box of all users has ids of his own", .enabled(if: Machine.isRoot, "needs root"))
    func squatting() throws {
        let box = try Box("local", everybody: true)
        for (user, name) in [(65534, "Eve"), (65533, "Bob")] {
            try Program.shell(
                "umask 022; printf '%s' '{\"template\":\"x\",\"to\":\"\(name)@example.com\"}' > '\(box.new)/reset-bob'",
                as: (id: user, group: user))
            #expect(try box.pickUp("reset-bob") == "queued reset-bob+\(user)@local")
        }
        #expect(try box.spool.list("dead") == [])
    }

    @Test("What is larger than the room stays in the box, whatever it is, unless its copy is in new/ already")
    func room() throws {
        let box = try Box()
        let size = job.utf8.count + 1
        let enough = size + SpoolTree.letterMargin
        try box.produce("echo '\(job)' > a; echo '\(job)' > 'b b'; truncate -s 1G c; mkfifo d; echo nonsense > e")
        #expect(try box.pickUp("a", room: enough - 1) == "no room for \(size)")
        #expect(try box.pickUp("b b", room: enough - 1) == "no room for \(size)")
        #expect(try box.pickUp("c", room: 1 << 29) == "no room for 1073741824")
        #expect(try box.pickUp("d", room: 0) == "no room for 0")
        #expect(try box.pickUp("e", room: 100) == "no room for 9")
        #expect(try box.spool.list("dead") == [] && box.spool.list("new") == [])
        #expect(try box.pickUp("a", room: enough) == "queued a@shop")
        try box.produce("echo '\(job)' > a")
        #expect(try box.pickUp("a", room: 0) == "duplicate a@shop discarded")
    }

    @Test("A name that is no id is buried, and the old name is kept", arguments: [" a", "a b", "-a", "zoë"])
    func badName(name: String) throws {
        let box = try Box()
        try box.produce("echo '\(job)' > './\(name)'")
        #expect(try box.pickUp(name) == "dead ?: the name is not a job id")
        #expect(try box.spool.list("drop/shop/new") == [])
        #expect(try box.spool.list("dead").count == 1)
    }

    @Test("An id that the box's name makes too long is buried")
    func tooLong() throws {
        let box = try Box()
        let id = String(repeating: "x", count: 196)
        try box.produce("echo '\(job)' > \(id); echo '\(job)' > \(id.dropFirst())")
        #expect(try box.pickUp(id).hasPrefix("dead ?:"))
        #expect(try box.pickUp(String(id.dropFirst())).hasPrefix("queued"))
    }

    @Test("A file that does not parse yet has ten seconds")
    func young() throws {
        let box = try Box()
        try box.produce("printf '{\"template\":' > a; echo '\(job)' > b; ln b c")
        #expect(try box.pickUp("a", later: 0) == "later")
        #expect(try box.pickUp("c", later: 0) == "later")
        try box.produce("echo '\(job)' > a; rm b")
        #expect(try box.pickUp("a", later: 0) == "queued a@shop")
        #expect(try box.pickUp("c", later: 0) == "queued c@shop")
    }

    @Test("What vanished is gone")
    func gone() throws { #expect(try Box().pickUp("a") == "gone") }

    @Test("The same job twice is one; another of the same id is buried")
    func duplicates() throws {
        let box = try Box()
        try box.produce("echo '\(job)' > a")
        #expect(try box.pickUp("a") == "queued a@shop")
        try box.produce("printf '%s' '\(job)' > a")
        #expect(try box.pickUp("a") == "duplicate a@shop discarded")
        try box.produce("echo '{\"template\":\"y\"}' > a")
        #expect(try box.pickUp("a") == "dead ?: a@shop is queued already, with other contents")
        #expect(try box.spool.read("new/a@shop") == job + "\n")
        #expect(try box.spool.list("drop/shop/new") == [])
        let dead = try box.spool.list("dead")
        #expect(dead.count == 1)
        let file = try JobFile(Array(try box.spool.read("dead/\(dead[0])").utf8))
        #expect(file.history.last?.kind == .dead)
        #expect(file.history.last?.name == "a")
    }

    @Test(
        "A date that no clock shows does not stop the box",
        arguments: ["2400-01-01", "2440-01-01", "1960-01-01T00:00:00.5", "1905-01-01"])
    func dates(date: String) throws {
        let box = try Box()
        try box.produce("echo '\(job)' > a && touch -d '\(date)' a")
        #expect(try box.pickUp("a") == "queued a@shop")
    }

    @Test("A link to a file that was not made in the box is refused", .enabled(if: Machine.isRoot, "needs root"))
    func foreignLink() throws {
        let box = try Box()
        try box.spool.put(job, "secret")
        try Program.shell("mv '\(box.spool.path)/secret' '\(box.new)/a'")
        #expect(try box.pickUp("a") == "dead ?: a file that was not made in the drop box")
        let all = try Box("local", everybody: true)
        try all.spool.put(job, "secret")
        try Program.shell("mv '\(all.spool.path)/secret' '\(all.new)/a'")
        #expect(try all.pickUp("a") == "dead ?: a file of the spool's owner")
    }

    @Test(
        "One producer can neither list, read nor remove what another submitted",
        .enabled(if: Machine.isRoot, "needs root"))
    func producers() throws {
        let box = try Box()
        try box.produce("echo '\(job)' > a", umask: "077")
        for script in ["ls .", "cat a", "rm -f a", "mv a b", "echo x >> a"] {
            let ran = try Program.shell("cd '\(box.new)' && \(script)", as: (id: 65533, group: Fixture.shopGroup))
            #expect(ran.status != 0, "\(script)")
        }
        let outside = try Program.shell("cd '\(box.new)'", as: (id: 65533, group: 65533))
        #expect(outside.status != 0)
    }

    @Test(
        "Another user's file is replaced by the daemon's own copy, without a history that he may have written",
        .enabled(if: Machine.isRoot, "needs root"), arguments: ["new", "hold", "retry/01-30s", "scheduled"])
    func adopts(place: String) throws {
        let spool = try Fixture()
        let state = try #require((State.waiting + [.hold]).first { $0.path == place })
        let sent =
            #"{"at":"2026-11-23T17:44:11Z","event":"sent","to":"a@example.com","submitted":"2099-01-01T00:00:00Z"}"#
        try spool.put(job + "\n\(sent)\n", "\(place)/a")
        try Program.shell("chown 65534 '\(spool.path)/\(place)/a'")
        let a = try #require(JobID("a"))
        let result = try spool.tree.makeOwn(a, in: state, limit: 1000, now: .now)
        guard case .queued(let id, let owner, _) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(id.text == "a")
        #expect(owner == 65534)
        #expect(try spool.read("\(place)/a") == job + "\n")
        #expect(try Program.shell("stat -c '%u %a' '\(spool.path)/\(place)/a'").out == "0 600\n")
    }

    @Test("What lies in new/ under a name that is no id goes to dead/ and keeps its story")
    func irregularInNew() throws {
        let spool = try Fixture()
        try spool.put(job, "new/a b")
        guard
            case .dead(let id?, _) = try spool.tree.buryIrregular(
                DirectoryName("a b"), in: .new, reason: "the name is not a job id", now: .now)
        else {
            Issue.record("not buried")
            return
        }
        let file = try JobFile(Array(try spool.read("dead/\(id)").utf8))
        #expect(file.history.last?.name == "a b")
        #expect(file.history.last?.reason == "the name is not a job id")
        #expect(try spool.list("new") == [])
    }

    @Test("The letter that is made of a file has one id, so that a crash before the file's removal leaves one letter")
    func letter() throws {
        let scratch = try Scratch()
        func status(_ name: String) throws -> FileStatus {
            try Descriptor(readingFileAt: scratch.path(name)).status()
        }
        try scratch.write("{", to: "one")
        try scratch.write("{", to: "other")
        let id = JobID.letter(of: try status("one"))
        #expect(JobID(id.text) == id)
        #expect(id.text.utf8.count == JobID.make(at: .now).text.utf8.count)
        #expect(JobID.letter(of: try status("one")) == id)
        #expect(JobID.letter(of: try status("other")) != id)
    }

}
