import Foundation
import Scratch
import Testing

/// A user of its own, whose inotify instances can be used up without harm to anybody.
private let stranger: UInt32 = 64_321
private let asStranger = ["setpriv", "--reuid=\(stranger)", "--regid=\(stranger)", "--clear-groups"]

/// A user namespace of its own, in which only so many watches can be had: those of others are not used up.
private func withWatches(_ count: Int) -> [String] {
    [
        "unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c",
        "echo \(count) > /proc/sys/user/max_inotify_watches && exec \"$@\"", "sh",
    ]
}

private func canRun(_ prefix: [String]) -> Bool {
    Machine.can(["/usr/bin/env"] + prefix + [Program.built("outspoold").path, "--version"])
}

private let canBeStranger =
    Machine.isRoot && Machine.faketime != nil && Machine.program("python3") != nil
    && canRun(asStranger)

@Suite("Without inotify", .serialized, .ownThreads)
struct UnwatchedTests {
    @Test(
        "The user's watches are used up: it says which directories, and finds by reading what changes there",
        .enabled(if: Machine.faketime != nil && canRun(withWatches(9)), "needs unshare, user namespaces and faketime"),
        arguments: [0, 3])
    func watches(count: Int) throws {
        let place = try Workplace(workers: 1)
        try place.configure(port: try place.sink())
        let clock = try FakedClock(in: place, at: "+0", onlyWall: false)
        _ = try clock.daemon(of: place, by: withWatches(count))
        let told = "not watched, read at intervals instead: No space left on device (see fs.inotify.max_user_watches)"
        #expect(place.log.contains("retry/05-8m: \(told)"))
        // Two are the spool itself and drop/.
        #expect(place.log.contains(" new: \(told)") == (count == 0))
        try findsByReading(place, clock, owner: geteuid())
    }

    @Test(
        "The user's inotify instances are used up: it says so, and everything is found by reading",
        .enabled(if: canBeStranger, "needs root, setpriv, faketime, python3, and programs that every user can run"))
    func instances() throws {
        let place = try Workplace(workers: 1)
        try place.configure(port: try place.sink())
        // Uses up what the user may have (fs.inotify.max_user_instances), and waits.
        let hog = try place.start(
            "/usr/bin/env",
            asStranger + [
                "/usr/bin/python3", "-c",
                """
                import ctypes, time
                while ctypes.CDLL(None).inotify_init() >= 0: pass
                print("used up", flush=True)
                time.sleep(600)
                """,
            ], name: "hog")
        try place.wait("the instances to be used up") { place.text(place.root.appending(path: "hog.out")) != "" }
        #expect(hog.isRunning)
        #expect(try place.run("/usr/bin/env", ["chown", "-R", "\(stranger):\(stranger)", place.root.path]).status == 0)
        let clock = try FakedClock(in: place, at: "+0", onlyWall: false)
        _ = try clock.daemon(of: place, by: asStranger)
        #expect(place.log.contains("inotify: Too many open files; directories are read every minute instead"))
        try findsByReading(place, clock, owner: stranger)
    }

    /// A new job, one that is touched, a pause and its end, and a directory that is moved away: each within a minute.
    private func findsByReading(_ place: Workplace, _ clock: FakedClock, owner: UInt32) throws {
        /// Puts a job into a state as the spool's owner would.
        func put(_ id: String, _ state: String, due: TimeInterval = 0) throws {
            try place.write("spool/tmp/\(id)", #"{"template":"hello","to":"zoe@example.com"}"# + "\n")
            let path = place.spool.appending(path: "tmp/\(id)").path
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: due)], ofItemAtPath: path)
            #expect(chown(path, owner, owner) == 0)
            #expect(rename(path, place.spool.appending(path: "\(state)/\(id)").path) == 0)
        }
        try put("new", "new")
        try put("waits", "retry/05-8m", due: 500)
        // A minute passes for the daemon.
        try clock.set("+61s")
        try place.wait(for: "new", in: "done")
        #expect(place.places("waits") == ["retry/05-8m"])
        // Of a touch not even the directory tells.
        try FileManager.default.setAttributes(
            [.modificationDate: Date()], ofItemAtPath: place.spool.appending(path: "retry/05-8m/waits").path)
        try place.write("spool/pause", "")
        try clock.set("+122s")
        try place.wait("the pause to be seen") { place.log.contains("paused: everything") }
        try FileManager.default.removeItem(at: place.spool.appending(path: "pause"))
        try clock.set("+183s")
        try place.wait(for: "waits", in: "done")
        #expect(place.mails().count == 2)
        // A directory that is moved away is noticed, too.
        try FileManager.default.moveItem(
            at: place.spool.appending(path: "hold"), to: place.root.appending(path: "aside"))
        try clock.set("+250s")
        try place.wait("the daemon to say so") {
            place.log.contains("hold: the directory was moved or removed; stopping")
        }
    }
}
