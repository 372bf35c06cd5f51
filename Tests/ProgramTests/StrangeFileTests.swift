import Foundation
import Scratch
import Testing

@Suite("What does not belong in new/ and in drop boxes", .serialized, .ownThreads)
struct StrangeFileTests {
    @Test("Each kind of nonsense ends as a dead letter with a reason, and the daemon goes on")
    func nonsense() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), main: "max_job_size = 1 MiB")
        _ = try place.daemon()
        let new = place.spool.appending(path: "new").path
        try place.drop("unknown-field", #"{"template":"hello","to":"a@example.com","colour":1}"#)
        try place.drop("duplicate-key", #"{"template":"hello","template":"hello","to":"a@example.com"}"#)
        try place.drop("no-recipient", #"{"template":"hello"}"#)
        try place.drop("injection", #"{"template":"hello","to":"a@example.com\r\nRCPT TO:<b@example.com>"}"#)
        try place.drop(
            "header", #"{"template":"hello","to":"a@example.com","headers":{"X-A":"b\nBcc: c@example.com"}}"#)
        // One hundred megabytes, sparse: the size is enough of a reason.
        let big = place.spool.appending(path: "tmp/big").path
        #expect(FileManager.default.createFile(atPath: big, contents: nil))
        #expect(truncate(big, 100 << 20) == 0)
        #expect(rename(big, "\(new)/big") == 0)
        #expect(mkdir("\(new)/directory", 0o755) == 0)
        #expect(symlink("/etc/passwd", "\(new)/link") == 0)
        #expect(mkfifo("\(new)/fifo", 0o644) == 0)
        for name in ["x y", "-rf", "a\nb", "Zoë"] {
            try place.drop(name, #"{"template":"hello","to":"a@example.com"}"#)
        }
        try place.wait("everything to be dead") { place.names("dead").count == 13 }
        try place.wait("new/ to be empty") { place.names("new").isEmpty }
        for (id, reason) in [
            ("unknown-field", "/colour: unknown field"), ("duplicate-key", "duplicate member"),
            ("no-recipient", "no recipient"), ("injection", "/to:"), ("header", "X-A"),
        ] {
            let event = try #require(try place.history(id).last)
            #expect(event["event"] as? String == "dead")
            #expect((event["reason"] as? String)?.contains(reason) == true, "\(id): \(event)")
        }
        for kind in ["a directory", "a symbolic link", "a FIFO", "the name is not a job id", "max_job_size is 1048576"]
        {
            #expect(place.log.contains(kind), "\(kind) is not in the log")
        }
        #expect(place.log.contains(#"new/a\x0Ab"#))
        try place.hello("after-all")
        try place.wait(for: "after-all", in: "done")
        #expect(place.mails().count == 1)
    }

    @Test("A file that does not parse has ten seconds, and one that is completed meanwhile is sent")
    func halfWritten() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        let object = #"{"template":"hello","to":"a@example.com"}"#
        try place.write("spool/new/slow", String(object.prefix(20)))
        try place.drop("marker", object)
        try place.wait(for: "marker", in: "done")
        #expect(place.places("slow") == ["new"])
        try place.write("spool/new/.slow", object)
        let file = place.spool.appending(path: "new/slow").path
        #expect(rename(place.spool.appending(path: "new/.slow").path, file) == 0)
        try place.wait(for: "slow", in: "done")
    }

    @Test("Invalid JSON is a dead letter once its writer has had ten seconds")
    func invalid() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.drop("broken", "{\"template\":")
        try place.wait(for: "broken", in: "dead")
        let reason = try place.history("broken").last?["reason"] as? String
        #expect(reason?.contains("not a JSON object: line 1") == true)
    }

    @Test("The same id with the same bytes is one job, with others it is a dead letter")
    func duplicates() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.hello("order-1")
        try place.wait(for: "order-1", in: "done")
        try place.hello("order-1")
        try place.wait("the duplicate to be discarded") { place.log.contains("discarded: the same job is in done/") }
        try place.hello("order-1", to: "other@example.com")
        try place.wait("the other to be dead") { place.names("dead").count == 1 }
        let name = try #require(place.names("dead").first)
        #expect(try place.history(name).last?["name"] as? String == "order-1")
        #expect(place.mails().count == 1)
    }

    @Test(
        "Another user submits to a drop box and can neither list, read nor remove",
        .enabled(if: Machine.isRoot, "needs root, to be two users"))
    func dropBox() throws {
        let place = try Workplace()
        // mktemp's 0700 would keep the other user out of everything.
        #expect(chmod(place.root.path, 0o755) == 0)
        #expect(try place.outspool("dropbox", "add", "shop", "--group", "65534").status == 0)
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        let box = place.spool.appending(path: "drop/shop").path
        func asNobody(_ script: String) throws -> Ran {
            try place.run(
                "/usr/bin/setpriv",
                ["--reuid", "65534", "--regid", "65534", "--clear-groups", "/bin/sh", "-c", script, "sh", box],
                environment: ["OUTSPOOL_SPOOL": box])
        }
        let command = Program.built("outspool").path
        let submitted = try asNobody("\(command) submit hello --to zoe@example.com -p name=Shop --id order-7")
        #expect(submitted.out == "order-7\n", "\(submitted)")
        try place.wait(for: "order-7@shop", in: "done")
        #expect(try place.file("order-7@shop").path.hasPrefix(place.spool.path))
        // By hand, too; the pause keeps it where it is.
        #expect(try asNobody("ls \"$1/new\"").status != 0)
        #expect(try asNobody("ls \(place.spool.path)").status != 0)
        #expect(try asNobody("cat \(place.spool.path)/done/*/order-7@shop").status != 0)
        let object = #"{"template":"hello","to":"a@example.com"}"#
        let others = "\(box)/new/.others"
        try place.write("spool/drop/shop/new/.others", object)
        #expect(chown(others, 65533, 65534) == 0 && chmod(others, 0o604) == 0)
        #expect(try asNobody("rm -f \"$1/new/.others\"").status != 0)
        #expect(try asNobody("cat \"$1/new/.others\"").status != 0)
        let shell =
            "umask 022; printf '\(object)' > \"$1/tmp/y\" && chmod 604 \"$1/tmp/y\" && mv -n \"$1/tmp/y\" \"$1/new/\""
        #expect(try asNobody(shell).status == 0)
        try place.wait(for: "y@shop", in: "done")
    }
}
