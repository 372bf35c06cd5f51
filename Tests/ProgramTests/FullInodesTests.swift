import Foundation
import Scratch
import Testing

private let mayMakeDisks: Bool = {
    guard Machine.isRoot, FileManager.default.fileExists(atPath: "/dev/loop-control") else { return false }
    return ["/sbin/mkfs.ext4", "/bin/mount"].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
}()

@Suite(
    "A small ext4", .serialized, .ownThreads,
    .enabled(if: mayMakeDisks, "needs root, loop devices and mkfs.ext4, for a filesystem with few inodes"))
struct FullInodesTests {
    /// A workplace whose spool is an ext4 of 8 MiB with some sixty inodes, half of which the spool's own directories
    /// take.
    final class SmallDisk {
        let place: Workplace
        private var fillers: [String] = []

        init() throws {
            place = try Workplace()
            let image = place.root.appending(path: "disk.img").path
            try FileManager.default.removeItem(at: place.spool)
            #expect(mkdir(place.spool.path, 0o711) == 0)
            try #require(try place.run("/usr/bin/truncate", ["-s", "8M", image]).status == 0)
            try #require(
                try place.run("/sbin/mkfs.ext4", ["-q", "-F", "-b", "1024", "-N", "64", "-m", "0", image]).status == 0)
            let mounted = try place.run("/bin/mount", ["-o", "loop", image, place.spool.path])
            try #require(mounted.status == 0, "\(mounted.err)")
            #expect(try place.outspool("init", place.spool.path).status == 0)
        }

        deinit { umount2(place.spool.path, Int32(MNT_DETACH)) }

        /// Takes every inode that is left.
        func fillInodes() {
            while true {
                let path = place.spool.appending(path: ".filler\(fillers.count)").path
                let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
                if file < 0 { break }
                close(file)
                fillers.append(path)
            }
            #expect(errno == ENOSPC)
        }

        /// Takes every block that is left; inodes are.
        func fillBlocks() {
            let path = place.spool.appending(path: ".filler").path
            let file = open(path, O_WRONLY | O_CREAT, 0o600)
            defer { close(file) }
            for size in [65536, 1024] {
                let block = [UInt8](repeating: 0x2E, count: size)
                while write(file, block, size) > 0 {}
                fsync(file)
            }
            fillers.append(path)
        }

        func free() {
            for path in fillers { #expect(unlink(path) == 0) }
            fillers = []
        }
    }

    @Test(
        "Without inodes or blocks a submission fails at once, to be tried again, and leaves nothing",
        arguments: [true, false])
    func submission(inodes: Bool) throws {
        let disk = try SmallDisk()
        let place = disk.place
        if inodes { disk.fillInodes() } else { disk.fillBlocks() }
        let job = #"{"template":"hello","to":"zoe@example.com","params":{"name":"Zoë"}}"# + "\n"
        for (arguments, input) in [
            (["submit", "--job", "-", "--id", "one"], job), (["submit", "--batch", "-"], job + job + job),
        ] {
            let begin = Date()
            let ran = try place.run(
                Program.built("outspool").path, arguments, input: input,
                environment: ["OUTSPOOL_SPOOL": place.spool.path])
            #expect(ran.status == 75)
            #expect(ran.out.isEmpty)
            #expect(ran.err.contains("No space left on device"), "\(ran.err)")
            #expect(Date().timeIntervalSince(begin) < 2)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: place.spool.appending(path: "tmp").path).isEmpty)
            #expect(place.names("new").isEmpty)
        }
        disk.free()
        #expect(try place.outspool("submit", "hello", "--to", "zoe@example.com", "-p", "name=Zoë").status == 0)
        #expect(place.names("new").count == 1)
    }

    @Test("Without inodes the daemon keeps what it knows and goes on by itself; nothing becomes a dead letter")
    func daemon() throws {
        let disk = try SmallDisk()
        let place = disk.place
        #expect(try place.outspool("dropbox", "add", "shop", "--group", "root").status == 0)
        try place.configure(port: try place.sink())
        let daemon = try place.daemon()
        for (path, id) in [("spool/tmp", "here"), ("spool/drop/shop/tmp", "boxed")] {
            try place.write("\(path)/\(id)", #"{"template":"hello","to":"\#(id)@example.com"}"# + "\n")
        }
        disk.fillInodes()
        func publish(_ id: String, _ path: String) {
            #expect(
                rename(
                    place.spool.appending(path: "\(path)tmp/\(id)").path,
                    place.spool.appending(path: "\(path)new/\(id)").path)
                    == 0)
        }
        publish("here", "")
        // done/ has no directory of this day yet, and the copy of a drop box's job needs a file.
        try place.wait("the outcome to be told") { place.log.contains("done/") && place.log.contains("No space left") }
        publish("boxed", "drop/shop/")
        try place.wait("the drop box to be told") { place.log.contains("drop/shop: tmp/") }
        #expect(place.names("cur/main") == ["here"])
        #expect(try place.events("here") == ["sending", "sent"])
        #expect(place.names("drop/shop/new") == ["boxed"])
        #expect(place.names("dead").isEmpty)
        disk.free()
        for id in ["here", "boxed@shop"] { try place.wait(for: id, in: "done") }
        #expect(place.mails().count == 2)
        #expect(place.names("dead").isEmpty)
        #expect(daemon.stop() == 0)
    }
}
