import Foundation
import Scratch
import Testing

private let stranger = 65534
private let asStranger = ["--reuid", "\(stranger)", "--regid", "\(stranger)", "--clear-groups"]

/// Whether another user may run the programs of this build.
private let canBeStranger =
    Machine.isRoot
    && (try? Program.built("outspool").as(user: stranger, group: stranger).run(["--version"]).status) == 0

/// What the daemon does not touch, or did not know of: there is a line that says so, and a way on.
@Suite("Files that are not touched, and boxes that change", .serialized, .ownThreads)
struct UntouchedTests {
    /// A daemon of a user of its own.
    private func daemon(of place: Workplace) throws {
        #expect(chmod(place.root.path, 0o755) == 0)
        try Program.shell("chown -R \(stranger):\(stranger) '\(place.spool.path)'")
        _ = try place.ready {
            try place.start(
                "/usr/bin/setpriv",
                asStranger + [Program.built("outspoold").path, "--config", place.configuration.path], name: "daemon")
        }
    }

    @Test(
        "A job that root left unreadable keeps its id, is told of everywhere, and is sent once it may be read",
        .enabled(if: canBeStranger, "needs root, and programs that every user can run"))
    func unreadable() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        try daemon(of: place)
        let job = #"{"template":"hello","to":"zoe@example.com","params":{"name":"Zoë"}}"#
        for (id, state) in [("recipe", "new"), ("restored", "scheduled"), ("later", "retry/02-1m")] {
            try place.write("spool/tmp/.\(id)", job)
            #expect(chmod(place.spool.appending(path: "tmp/.\(id)").path, 0o600) == 0)
            try Program.shell("cd '\(place.spool.path)' && mv tmp/.\(id) \(state)/\(id)")
        }
        try place.wait("all to be told of") { place.status["stopped"] as? Int == 3 }
        #expect(place.log.contains("scheduled/restored: cannot open: Permission denied; it waits"))
        #expect(place.names("dead") == [])
        let status = try place.outspool("status")
        #expect(status.status == 1 && status.out.contains("it waits untouched: new/recipe: cannot open"))
        let doctor = try place.outspool("doctor", "--no-relays")
        #expect(doctor.status == 78 && doctor.out.contains("the daemon may not read it: chown it to user \(stranger)"))
        try Program.shell("cd '\(place.spool.path)' && chown \(stranger) new/* scheduled/* retry/*/*")
        for id in ["recipe", "restored", "later"] { try place.wait(for: id, in: "done") }
        try place.wait("nothing to be told of") { place.status["stopped"] as? Int == 0 }
        #expect(place.mails().count == 3)
        #expect(place.log.components(separatedBy: "scheduled/restored: cannot open").count == 2)
    }

    @Test("A backup by hard links stops no job that waits, in whatever state, and takes no name")
    func backup() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        for id in ["a", "b", "c", "d"] { try place.hello(id) }
        try Program.shell(
            "cd '\(place.spool.path)' && mv new/a retry/01-30s/ && mv new/b scheduled/ && mv new/d cur/; mkdir -p cur/main && mv cur/d cur/main/; cp -al . ../backup"
        )
        _ = try place.daemon()
        for id in ["a", "b", "c", "d"] { try place.wait(for: id, in: "done") }
        #expect(place.names("dead") == [] && place.mails().count == 4)
    }

    @Test(
        "A box that is added, and one whose directories are made anew, are used within seconds",
        .enabled(if: canBeStranger, "needs root, and programs that every user can run"))
    func boxes() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        try daemon(of: place)
        func submit(_ id: String) throws {
            let box = place.spool.appending(path: "drop/shop").path
            #expect(
                try place.run(
                    "/usr/bin/setpriv",
                    ["--reuid", "65533", "--regid", "54321", "--clear-groups", Program.built("outspool").path]
                        + ["submit", "hello", "--to", "zoe@example.com", "-p", "name=Shop", "--id", id],
                    environment: ["OUTSPOOL_SPOOL": box]
                ).status == 0)
        }
        #expect(try place.outspool("dropbox", "add", "shop", "--group", "54321").status == 0)
        try submit("first")
        try place.wait(for: "first@shop", in: "done", limit: .seconds(40))
        try Program.shell("rm -rf '\(place.spool.path)/drop/shop/new'")
        #expect(try place.outspool("dropbox", "add", "shop", "--group", "54321").status == 0)
        try submit("second")
        try place.wait(for: "second@shop", in: "done", limit: .seconds(40))
        try Program.shell("rm -rf '\(place.spool.path)/drop/shop'")
        #expect(try place.outspool("dropbox", "add", "shop", "--group", "54321").status == 0)
        try submit("third")
        try place.wait(for: "third@shop", in: "done", limit: .seconds(40))
    }

    @Test("A box of 10 MiB brings no more than that, whatever it sends, while good jobs of another flow")
    func quota() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), main: "dropbox_max_bytes = 10 MiB")
        for box in ["shop", "good"] { #expect(try place.outspool("dropbox", "add", box, "--group", "0").status == 0) }
        _ = try place.daemon()
        let padding = String(repeating: "y", count: 3_000_000)
        func bad(_ index: Int) throws {
            let job = #"{"template":"hello","to":"x@example.org","nope":"\#(padding)"}"#
            try place.write("spool/drop/shop/tmp/\(index)", index % 2 == 0 ? job : String(job.dropLast()))
            try Program.shell("cd '\(place.spool.path)/drop/shop' && chmod 604 tmp/\(index) && mv tmp/\(index) new/")
        }
        for index in 1...12 {
            try bad(index)
            let path = place.spool.appending(path: "drop/good").path
            #expect(
                try place.run(
                    Program.built("outspool").path,
                    ["submit", "hello", "--to", "zoe@example.com", "-p", "name=Good", "--id", "g\(index)"],
                    environment: ["OUTSPOOL_SPOOL": path]
                ).status == 0)
            try place.wait(for: "g\(index)@good", in: "done")
        }
        try place.wait("the box to be told of") { place.log.contains("drop/shop: its jobs and dead letters") }
        let size = try Program.shell(
            "cd '\(place.spool.path)' && find . -name '*@shop' -printf '%s\\n' | paste -sd+ | bc")
        #expect((Int(size.out.trimmingCharacters(in: .newlines)) ?? .max) <= 10 << 20)
        #expect(place.names("dead").count == 3 && place.names("drop/shop/new").count == 9)
        try place.wait("status to say so") {
            try place.outspool("status").out.contains("drop/shop: its jobs and dead letters")
        }
        // The way on.
        try Program.shell("rm '\(place.spool.path)'/dead/*@shop")
        try place.wait("the box to go on", limit: .seconds(80)) { place.names("drop/shop/new").count < 9 }
    }
}
