import Foundation
import Scratch
import Testing

let mayMount: Bool = {
    guard Machine.isRoot else { return false }
    let directory = FileManager.default.temporaryDirectory.appending(path: "outspool-mount.\(UUID().uuidString)").path
    guard mkdir(directory, 0o700) == 0 else { return false }
    defer { rmdir(directory) }
    guard mount("none", directory, "tmpfs", 0, "size=1m") == 0 else { return false }
    return umount2(directory, Int32(MNT_DETACH)) == 0
}()

@Suite(
    "A full disk", .serialized, .ownThreads,
    .enabled(if: mayMount, "needs root and the right to mount, for a small filesystem"))
struct FullDiskTests {
    /// A workplace whose spool is a filesystem of its own.
    final class SmallDisk {
        let place: Workplace
        private let filler: String

        init(kibibytes: Int) throws {
            place = try Workplace()
            try FileManager.default.removeItem(at: place.spool)
            #expect(mkdir(place.spool.path, 0o711) == 0)
            try #require(mount("none", place.spool.path, "tmpfs", 0, "size=\(kibibytes)k,mode=0711") == 0)
            filler = place.spool.appending(path: ".filler").path
            #expect(try place.outspool("init", place.spool.path).status == 0)
        }

        deinit { umount2(place.spool.path, Int32(MNT_DETACH)) }

        func fill() {
            let file = open(filler, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            defer { close(file) }
            let block = [UInt8](repeating: 0x2E, count: 4096)
            while write(file, block, block.count) > 0 {}
        }

        func free() { #expect(unlink(filler) == 0) }

        /// A job whose file ends `left` bytes before a page does, so that an append needs a new one.
        func drop(_ id: String, left: Int) throws {
            let head = #"{"template":"hello","to":"\#(id)@example.com","params":{"name":"Zoë"},"x-pad":""#
            let pad = String(repeating: "p", count: 4096 - left - head.utf8.count - 3)
            try place.drop(id, head + pad + "\"}\n")
        }
    }

    @Test("An outcome that cannot be written is kept, nothing new is claimed, and all goes on by itself")
    func outcome() throws {
        let disk = try SmallDisk(kibibytes: 1024)
        let place = disk.place
        try place.configure(port: try place.sink("--delay", "dot=3s"))
        let daemon = try place.daemon()
        // Room for `sending`, none for `sent`.
        try disk.drop("full", left: 200)
        try place.wait("the mail to be under way") { (try? place.events("full")) == ["sending"] }
        for index in 0..<5 { try place.hello("other\(index)") }
        try place.write("spool/tmp/late", #"{"template":"hello","to":"late@example.com"}"#)
        disk.fill()
        try place.wait("the trouble to be told") { place.log.contains("No space left on device") }
        #expect(rename(place.spool.appending(path: "tmp/late").path, place.spool.appending(path: "new/late").path) == 0)
        // Nothing must become of it while there is no room, and no event tells of that: time has to pass.
        pass(.seconds(1.5))
        #expect(place.names("cur/main").contains("full"))
        #expect(place.names("dead").isEmpty)
        disk.free()
        for id in ["full", "late"] + (0..<5).map({ "other\($0)" }) { try place.wait(for: id, in: "done") }
        #expect(place.mails().count == 7)
        #expect(try place.events("full") == ["sending", "sent"])
        #expect(daemon.stop() == 0)
    }

    @Test("No marker, no dot: the job waits for room without being claimed again and again")
    func marker() throws {
        let disk = try SmallDisk(kibibytes: 1024)
        let place = disk.place
        try place.configure(port: try place.sink("--delay", "mail=2s"))
        _ = try place.daemon()
        for index in 0..<5 { try disk.drop("job\(index)", left: 20) }
        try place.wait("the jobs to be claimed") { place.names("cur/main").count == 5 }
        disk.fill()
        try place.wait("the trouble to be told") { place.log.contains("No space left on device") }
        let before = place.log.utf8.count
        // Nothing must be tried again and again: that takes time to be seen.
        pass(.seconds(3))
        #expect(place.log.utf8.count - before < 10_000, "\(place.log.suffix(2000))")
        #expect(place.mails().isEmpty)
        #expect(place.names("dead").isEmpty)
        disk.free()
        for index in 0..<5 { try place.wait(for: "job\(index)", in: "done") }
        #expect(place.mails().count == 5)
    }

    @Test("A masked copy that has no room waits for some; the secret is gone in the end")
    func secret() throws {
        let disk = try SmallDisk(kibibytes: 1024)
        let place = disk.place
        try place.otpTemplate()
        try place.configure(port: try place.sink("--delay", "dot=3s"))
        let daemon = try place.daemon()
        // The page has room for the events, and there is none for a second file.
        try place.otp("full")
        try place.wait("the mail to be under way") { (try? place.events("full")) == ["sending"] }
        disk.fill()
        try place.wait("the trouble to be told") { place.log.contains("No space left on device") }
        #expect(try place.events("full") == ["sending", "sent"])
        #expect(place.places("full") == ["cur/main"])
        disk.free()
        try place.wait(for: "full", in: "done")
        #expect(try place.events("full") == ["sending", "sent"])
        #expect(place.leaks() == [])
        #expect(place.names("tmp").isEmpty)
        #expect(place.mails().count == 1)
        #expect(daemon.stop() == 0)
    }

    @Test("What the operator requeues while the disk is full is tried again when there is room")
    func requeued() throws {
        let disk = try SmallDisk(kibibytes: 1024)
        let place = disk.place
        try place.configure(port: try place.sink("--fail", "rcpt=550 5.1.1 No such user:1"))
        _ = try place.daemon()
        // The `refused` fills the page to within a few bytes.
        try disk.drop("again", left: 240)
        try place.wait(for: "again", in: "dead")
        let used = try Data(contentsOf: place.file("again")).count
        let pad = FileHandle(forWritingAtPath: try place.file("again").path)
        try pad?.seekToEnd()
        try pad?.write(contentsOf: Data((String(repeating: " ", count: 4096 - used - 1) + "\n").utf8))
        disk.fill()
        #expect(
            rename(place.spool.appending(path: "dead/again").path, place.spool.appending(path: "new/again").path) == 0)
        try place.wait("the trouble to be told") { place.log.contains("No space left on device") }
        let before = place.log.utf8.count
        // Nothing must be tried again and again: that takes time to be seen.
        pass(.seconds(2))
        #expect(place.log.utf8.count - before < 10_000)
        disk.free()
        try place.wait(for: "again", in: "done")
        #expect(try place.events("again") == ["refused", "requeued", "sending", "sent"])
    }
}
