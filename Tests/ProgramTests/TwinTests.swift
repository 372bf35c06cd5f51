import Foundation
import Scratch
import Testing

/// Two files of one id, and files that the daemon cannot work with as they are.
@Suite("Twins and unusable files", .serialized, .ownThreads)
struct TwinTests {
    @Test("A job that is submitted again while it is under way is discarded at once")
    func whileUnderWay() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--delay", "dot=3s"))
        _ = try place.daemon()
        try place.hello("twin")
        try place.wait("the mail to be under way") { (try? place.events("twin")) == ["sending"] }
        try place.hello("twin")
        try place.wait("the newcomer to be discarded") { place.names("new").isEmpty }
        try place.wait(for: "twin", in: "done")
        #expect(place.places("twin") == ["done"])
        #expect(place.mails().count == 1)
        #expect(place.names("dead").isEmpty)
    }

    @Test("Another job under the id of one under way is a dead letter, and that one goes its way")
    func otherWhileUnderWay() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--delay", "dot=3s"))
        _ = try place.daemon()
        try place.hello("twin")
        try place.wait("the mail to be under way") { (try? place.events("twin")) == ["sending"] }
        try place.hello("twin", to: "other@example.com")
        try place.wait("the newcomer to be dead") { place.names("dead").count == 1 }
        try place.wait(for: "twin", in: "done")
        #expect(place.mails().count == 1)
    }

    @Test("A job that is moved out of cur/ into new/ while it is under way is sent once and ends in done/")
    func movedOut() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--delay", "dot=3s"))
        _ = try place.daemon()
        try place.hello("moved")
        try place.wait("the mail to be under way") { (try? place.events("moved")) == ["sending"] }
        #expect(
            rename(
                place.spool.appending(path: "cur/main/moved").path, place.spool.appending(path: "new/moved").path) == 0)
        try place.wait(for: "moved", in: "done")
        #expect(place.places("moved") == ["done"])
        #expect(place.mails().count == 1)
    }

    @Test("A job that is given back finds its twin in new/, and one of them is left")
    func returnedTwin() throws {
        let place = try Workplace()
        let port = try place.sink("--fail", "mail=530 5.7.0 Not now:1", "--delay", "mail=1s")
        try place.configure(port: port)
        let daemon = try place.daemon()
        try place.hello("twin")
        try place.wait(for: "twin", in: "cur/main")
        // What comes while the daemon does not look is there when it looks again.
        daemon.send(SIGSTOP)
        // The sink's answer, a second after MAIL, has to lie in the socket before the twin comes; the stopped daemon
        // tells of nothing.
        pass(.seconds(1.2))
        try place.hello("twin")
        daemon.send(SIGCONT)
        try place.wait(for: "twin", in: "done")
        #expect(place.names("dead").isEmpty)
        #expect(place.mails().count == 1)
    }

    @Test("What the operator puts into a dead letter's place is compared, not thrown away")
    func mendedDeadLetter() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.write("spool/dead/order", "{\"template\":\n")
        try place.hello("order")
        try place.wait("the newcomer to be kept") { place.names("dead").count == 2 }
        #expect(!place.log.contains("discarded"))
    }

    @Test(
        "The daemon's own file is made readable, in new/ and in cur/",
        .enabled(if: Machine.isRoot, "needs root, to be another user"))
    func unreadable() throws {
        let place = try Workplace()
        #expect(chmod(place.root.path, 0o777) == 0)
        try place.configure(port: try place.sink())
        try place.hello("orphan")
        #expect(
            rename(
                place.spool.appending(path: "new/orphan").path, place.spool.appending(path: "cur/orphan").path) == 0)
        try FileManager.default.createDirectory(
            at: place.spool.appending(path: "cur/main"), withIntermediateDirectories: false)
        #expect(
            rename(
                place.spool.appending(path: "cur/orphan").path, place.spool.appending(path: "cur/main/orphan").path)
                == 0)
        try place.hello("blind")
        try place.hello("readonly")
        for (name, mode) in [("new/blind", 0o000), ("new/readonly", 0o400), ("cur/main/orphan", 0o000)] {
            #expect(chmod(place.spool.appending(path: name).path, mode_t(mode)) == 0)
        }
        try place.run("/bin/chown", ["-R", "65534:65534", place.spool.path])
        _ = try place.start(
            "/usr/bin/setpriv",
            [
                "--reuid", "65534", "--regid", "65534", "--clear-groups", Program.built("outspoold").path,
                "--config", place.configuration.path,
            ], name: "daemon")
        for id in ["blind", "readonly", "orphan"] { try place.wait(for: id, in: "done") }
    }

    @Test(
        "A daemon that is not the spool's owner says so and exits",
        .enabled(if: Machine.isRoot, "needs root, to be another user"))
    func wrongUser() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        try place.hello("job")
        try place.run("/bin/chown", ["-R", "65534:65534", place.spool.path])
        let daemon = try place.start(
            Program.built("outspoold").path, ["--config", place.configuration.path], name: "daemon")
        try place.wait("the daemon to end") { !daemon.isRunning }
        #expect(daemon.status == 75)
        #expect(place.log.contains("belongs to user 65534"))
    }
}
