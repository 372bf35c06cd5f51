import Foundation
import Scratch
import Testing

/// Whether this machine can mount a filesystem of FUSE that lacks RENAME_NOREPLACE.
private let mayBind: Bool = {
    guard geteuid() == 0, Machine.program("bindfs") != nil, Machine.program("umount") != nil else { return false }
    return FileManager.default.fileExists(atPath: "/dev/fuse")
}()

@Suite("Filesystems that a spool cannot lie on", .serialized, .ownThreads)
struct UnsuitableTests {
    @Test(
        "One without RENAME_NOREPLACE is refused in one line, which says where to read",
        .enabled(if: mayBind, "needs root, bindfs and /dev/fuse"))
    func noReplace() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let real = place.root.appending(path: "real")
        try FileManager.default.moveItem(at: place.spool, to: real)
        try FileManager.default.createDirectory(at: place.spool, withIntermediateDirectories: false)
        let mounted = try place.run(
            try #require(Machine.program("bindfs")), [real.path, place.spool.path])
        try #require(mounted.status == 0, "\(mounted)")
        defer {
            let ended = try? place.run(Machine.program("umount") ?? "", [place.spool.path])
            #expect(ended?.status == 0)
        }
        let ran = try place.run(Program.built("outspoold").path, ["--config", place.configuration.path])
        #expect(ran.status == 75)
        let line = "spool: the filesystem (FUSE) lacks RENAME_NOREPLACE: see FILESYSTEMS in spool(5)\n"
        #expect(ran.err.hasSuffix(line) && ran.err.split(separator: "\n").count == 1, "\(ran)")
    }
}
