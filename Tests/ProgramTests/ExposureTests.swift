import Foundation
import Scratch
import Testing

@Suite("What lies open to others is refused", .serialized, .ownThreads)
struct ExposureTests {
    private func daemon(
        _ place: Workplace, _ arguments: String..., asRoot: String = "yes"
    ) throws -> Ran {
        try place.run(
            Program.built("outspoold").path, ["--config", place.configuration.path] + arguments,
            environment: ["OUTSPOOL_AS_ROOT": asRoot])
    }

    /// What is opened to others, and the mode that is too much.
    @Test(
        "By --check and by the daemon, with the file, its mode and the remedy",
        arguments: [
            ("outspool.conf", 0o646, "chmod go-w"), ("outspool.conf", 0o664, "chmod go-w"),
            ("password", 0o604, "chmod g-w,o="), ("password", 0o660, "chmod g-w,o="),
            ("password", 0o602, "chmod g-w,o="),
            ("spool", 0o1733, "chmod o-w"), ("spool/new", 0o777, "chmod o-w"), ("spool/tmp", 0o1777, "chmod o-w"),
            ("spool/retry/03-2m", 0o703, "chmod o-w"), ("spool/cur/main", 0o702, "chmod o-w"),
            ("spool/drop", 0o713, "chmod o-w"), ("spool/drop/shop/new", 0o3732, "chmod o-w"),
            ("spool/drop/local", 0o713, "chmod o-w"), ("spool/drop/local/new", 0o733, "chmod +t"),
        ])
    func refused(path: String, mode: Int, remedy: String) throws {
        let place = try Workplace()
        try place.write("password", "secret\n")
        #expect(try place.outspool("dropbox", "add", "shop", "--group", "\(getegid())").status == 0)
        #expect(try place.outspool("dropbox", "add", "local").status == 0)
        #expect(mkdir(place.spool.appending(path: "cur/main").path, 0o700) == 0)
        try place.configure(relays: "[relay main]\nurl = smtp://127.0.0.1:9\nuser = shop\npassword_file = password\n")
        #expect(try daemon(place, "--check").status == 0)
        let file = place.root.appending(path: path).path
        #expect(chmod(file, mode_t(mode)) == 0)
        for ran in [try daemon(place, "--check"), try daemon(place)] {
            #expect(ran.status == 78)
            #expect(ran.err.hasPrefix("outspoold: \(file): ") && ran.err.contains("(\(remedy))"), "\(ran.err)")
            let digits = String(mode, radix: 8)
            #expect(ran.err.contains("mode \(digits.count == 3 ? "0" : "")\(digits)"), "\(ran.err)")
        }
    }

    @Test("A password that its group may read is in order: the daemon's group")
    func groupMayRead() throws {
        let place = try Workplace()
        try place.write("password", "secret\n")
        #expect(chmod(place.root.appending(path: "password").path, 0o640) == 0)
        try place.configure(relays: "[relay main]\nurl = smtp://127.0.0.1:9\nuser = shop\npassword_file = password\n")
        #expect(try daemon(place, "--check").status == 0)
    }

    @Test("A reload with an open configuration changes nothing and says why")
    func reload() throws {
        let place = try Workplace()
        let port = try place.sink()
        try place.configure(port: port)
        let process = try place.daemon()
        try place.configure(port: port, main: "soft_bounce = yes")
        #expect(chmod(place.configuration.path, 0o666) == 0)
        process.send(SIGHUP)
        try place.wait("the refusal") { place.log.contains("the configuration stays as it was") }
        #expect(place.log.contains("the configuration of mode 0666"))
        try place.hello("goes-on")
        try place.wait(for: "goes-on", in: "done")
    }

    @Test("Root, unless told otherwise", .enabled(if: Machine.isRoot, "needs root, to be refused"))
    func root() throws {
        let place = try Workplace()
        try place.configure(port: 9)
        for word in ["", "no", "1"] {
            let ran = try daemon(place, asRoot: word)
            #expect(ran.status == 78)
            #expect(ran.err.contains("does not run as root"))
        }
        #expect(place.log.isEmpty)
        // It is the running that is refused.
        #expect(try daemon(place, "--check", asRoot: "").status == 0)
    }

    @Test("tls = opportunistic with a password is no configuration: who strips STARTTLS would have it in clear")
    func opportunistic() throws {
        let place = try Workplace(workers: 1)
        try place.write("password", "secret\n")
        let relay = "url = smtp://127.0.0.1:9\ntls = opportunistic\nuser = shop\npassword_file = password\n"
        try place.configure(relays: "[relay main]\n\(relay)")
        for ran in [try daemon(place, "--check"), try daemon(place)] {
            #expect(ran.status == 78)
            let reason = "outspool.conf:8: tls = opportunistic does not protect a password"
            #expect(ran.err.contains(reason), "\(ran.err)")
        }
        // There is nothing to strip.
        try place.configure(relays: "[relay main]\n\(relay.replacing("smtp:", with: "smtps:"))")
        #expect(try daemon(place, "--check").status == 0)
    }
}
