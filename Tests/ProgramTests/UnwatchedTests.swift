import Foundation
import Testing

/// A user of its own, whose inotify instances can be used up without harm to anybody.
private let stranger: UInt32 = 64_321
private let asStranger = ["setpriv", "--reuid=\(stranger)", "--regid=\(stranger)", "--clear-groups"]

private let isPossible: Bool = {
    guard geteuid() == 0, faketimeLibrary != nil, FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")
    else { return false }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = asStranger + [programs.appending(path: "outspoold").path, "--version"]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }  // Then it cannot be had for the test either.
    process.waitUntilExit()
    return process.terminationStatus == 0
}()

@Suite(
    "Without inotify", .serialized,
    .enabled(if: isPossible, "needs root, setpriv, faketime, python3, and programs that every user can run"))
struct UnwatchedTests {
    @Test("The user's inotify instances are used up: it says so, and everything is found by reading")
    func instances() throws {
        let place = try Workplace()
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

        /// Puts a job into a state as the spool's owner would.
        func put(_ id: String, _ state: String, due: TimeInterval = 0) throws {
            try place.write("spool/tmp/\(id)", #"{"template":"hello","to":"zoe@example.com"}"# + "\n")
            let path = place.spool.appending(path: "tmp/\(id)").path
            try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: due)], ofItemAtPath: path)
            #expect(chown(path, stranger, stranger) == 0)
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
        try place.wait("the daemon to say so") { place.log.contains("hold: the directory was moved or removed; stopping") }
    }
}
