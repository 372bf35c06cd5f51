import Foundation
import Scratch
import Testing

/// The promise of a submission is the order of its system calls: it is read from the kernel.
@Suite(
    "Order of system calls", .serialized, .ownThreads, .enabled(if: Machine.program("strace") != nil, "needs strace"))
struct OrderTests {
    private let calls =
        "trace=openat,write,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,fchmod"

    /// Runs `outspool` under strace and returns what it did to the spool, in words.
    private func trace(_ spool: Fixture, at path: String, as user: (id: Int, group: Int)? = nil, _ arguments: [String])
        throws -> [String]
    {
        let log = spool.scratch.path("trace")
        var words = ["-f", "-y", "-s", "0", "-o", log, "-e", calls]
        if let user { words += ["setpriv", "--reuid=\(user.id)", "--regid=\(user.group)", "--clear-groups"] }
        let strace = Program(try #require(Machine.program("strace"))).with("OUTSPOOL_SPOOL", path)
        let ran = try strace.run(words + [spool.outspool.path] + arguments)
        #expect(ran.status == 0, "\(ran.err)")
        return try spool.scratch.read("trace").split(separator: "\n").compactMap { line in
            guard line.contains(path) else { return nil }
            let call = line.drop { $0 != " " }.drop { $0 == " " }.prefix { $0 != "(" }
            let places = ["tmp", "new"].filter { line.contains("\(path)/\($0)") }.joined(separator: ">")
            switch call {
            case "openat":
                guard line.contains("O_CREAT") else { return nil }
                let flags = ["O_CREAT", "O_EXCL", "O_NOFOLLOW"].filter { line.contains($0) }.joined(separator: "|")
                return "create \(places) \(flags) \(line.split(separator: ",").last?.prefix { $0 != ")" } ?? "")"
            case "renameat2": return "rename \(places)\(line.contains("RENAME_NOREPLACE") ? " NOREPLACE" : "")"
            case "fsync": return "sync \(places)\(line.contains("\(path)/\(places)>") ? "/" : "")"
            default: return "\(call) \(places)"
            }
        }
    }

    @Test("A submission to new/")
    func spool() throws {
        let spool = try Fixture()
        #expect(
            try trace(spool, at: spool.spool, ["submit", "x"]) == [
                "create tmp O_CREAT|O_EXCL|O_NOFOLLOW  0600", "write tmp", "sync tmp", "rename tmp>new NOREPLACE",
                "sync new/",
            ])
    }

    @Test("A submission to a drop box by another user", .enabled(if: Machine.isRoot, "needs root"))
    func dropBox() throws {
        let spool = try Fixture()
        #expect(try spool.run("dropbox", "add", "shop", "--group", "\(Fixture.shop.group)").status == 0)
        let box = "\(spool.spool)/drop/shop"
        #expect(
            try trace(spool, at: box, as: Fixture.shop, ["submit", "x", "--id", "k"]) == [
                "create tmp O_CREAT|O_EXCL|O_NOFOLLOW  0604", "fchmod tmp", "write tmp", "sync tmp",
                "rename tmp>new NOREPLACE", "sync new",
            ])
        #expect(try spool.list("drop/shop/new") == ["k"])
        #expect(try spool.list("drop/shop/tmp") == [])
        #expect(try spool.scratch.mode("spool/drop/shop/new/k") == 0o604)
    }

    @Test(
        "Where it breaks, nothing is queued but what says so",
        arguments: [
            ("write:error=ENOSPC:when=1", 75, 0, 0), ("fsync:error=EIO:when=1", 74, 0, 0),
            ("fsync:error=ENOSPC:when=1", 75, 0, 0),
            ("renameat2:error=EROFS:when=1", 75, 0, 0), ("renameat2:error=EACCES:when=1", 77, 0, 0),
            // The job may or may not be queued.
            ("fsync:error=EIO:when=2", 74, 1, 0),
            // The filesystem lacks RENAME_NOREPLACE: link and unlink do.
            ("renameat2:error=EINVAL:when=1", 0, 1, 0),
            // Crashes.
            ("fsync:signal=SIGKILL:when=1", 137, 0, 1), ("renameat2:signal=SIGKILL:when=1", 137, 1, 0),
            ("openat:error=EMFILE:when=5+", 75, 0, 0),
        ] as [(String, Int32, Int, Int)])
    func faults(injection: String, status: Int32, queued: Int, drafts: Int) throws {
        let spool = try Fixture()
        let strace = Program(try #require(Machine.program("strace"))).with("OUTSPOOL_SPOOL", spool.spool)
        let ran = try strace.run([
            "-f", "-o", "/dev/null", "-e", "inject=" + injection, spool.outspool.path, "submit", "x",
        ])
        #expect(ran.status == status, "\(ran.err)")
        #expect((ran.out == "") == (status != 0))
        let found = try spool.list("new").count
        let left = try spool.list("tmp").count
        // Killed in a rename, it is one or the other, never none and never both.
        if status == 137 { #expect(found + left == 1) } else { #expect((found, left) == (queued, drafts)) }
    }
}
