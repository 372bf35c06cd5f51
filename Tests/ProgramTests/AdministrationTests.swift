import Foundation
import Scratch
import Testing

/// What the operator does to files by hand, and the verbs that are sugar over it, while the daemon lives.
@Suite("File operations and verbs on a live daemon", .serialized, .ownThreads)
struct AdministrationTests {
    /// The operation by hand, in the spool, and the verb for it.
    enum Way: String, CaseIterable { case hand, verb }

    private func act(_ place: Workplace, _ way: Way, _ script: String, _ verb: String...) throws {
        let ran =
            way == .hand
            ? try place.run("/bin/sh", ["-ec", "cd \"$1\"; \(script)", "sh", place.spool.path])
            : try place.run(
                Program.built("outspool").path, verb,
                environment: [
                    "OUTSPOOL_SPOOL": place.spool.path, "OUTSPOOL_CONFIG": place.configuration.path,
                    "VISUAL": "sed -i s/Zoë/Edited/",
                ])
        #expect(ran.status == 0, "\(script) \(verb): \(ran.err)")
    }

    /// How many jobs the daemon has lined up.
    private func waiting(_ place: Workplace) -> Int? {
        let status = try? JSONSerialization.jsonObject(
            with: Data(place.text(place.spool.appending(path: "status.json")).utf8))
        return (status as? [String: Any])?["waiting"] as? Int
    }

    @Test("mv dead/ID new/ redrives", arguments: Way.allCases)
    func redrive(way: Way) throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt=550 5.1.1 No such user:1"))
        _ = try place.daemon()
        try place.hello("k")
        try place.wait(for: "k", in: "dead")
        try act(place, way, "mv dead/k new/", "retry", "k")
        try place.wait(for: "k", in: "done")
        #expect(try place.events("k") == ["refused", "requeued", "sending", "sent"])
        #expect(place.mails().count == 1)
    }

    @Test("mv retry/NN/ID hold/ holds, and mv hold/ID new/ releases", arguments: Way.allCases)
    func hold(way: Way) throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt(k@example.com)=451 4.7.1 Later:1"))
        _ = try place.daemon()
        try place.hello("k", to: "k@example.com")
        try place.wait(for: "k", in: "retry/01-30s")
        // It would be due at once, if it were not held.
        try act(place, way, "mv retry/*/k hold/ && touch hold/k", "hold", "k")
        try place.hello("after")
        try place.wait(for: "after", in: "done")
        #expect(place.places("k") == ["hold"])
        try act(place, way, "mv hold/k new/", "release", "k")
        try place.wait(for: "k", in: "done")
        #expect(try place.events("k") == ["deferred", "requeued", "sending", "sent"])
    }

    /// `touch -m` sets the mtime alone, which the kernel tells of in another way.
    @Test(
        "touch retry/NN/ID sends now",
        arguments: [(.hand, "touch"), (.hand, "touch -m"), (.verb, "")] as [(Way, String)])
    func touch(way: Way, command: String) throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt=451 4.7.1 Later:1"))
        _ = try place.daemon()
        try place.hello("k")
        try place.wait(for: "k", in: "retry/01-30s")
        let began = Date()
        try act(place, way, "\(command) retry/*/k", "retry", "k")
        try place.wait(for: "k", in: "done")
        #expect(-began.timeIntervalSinceNow < 15, "it was not sent for its time had come")
        #expect(try place.history("k").last?["attempt"] as? Int == 2)
    }

    @Test("rm cancels", arguments: Way.allCases)
    func remove(way: Way) throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt(k@example.com)=451 4.7.1 Later:1"))
        _ = try place.daemon()
        try place.hello("k", to: "k@example.com")
        try place.wait(for: "k", in: "retry/01-30s")
        let bucket = place.spool.appending(path: "retry/01-30s/k").path
        // Both are due at the same moment, and one of them is no longer there then.
        try place.hello("twin", #","sendAt":"2026-01-01T00:00:00Z""#)
        try place.wait(for: "twin", in: "done")
        let twin = try place.file("twin")
        let due = Date(timeIntervalSinceNow: 2)
        for path in [bucket, twin.path] {
            try FileManager.default.setAttributes([.modificationDate: due], ofItemAtPath: path)
        }
        try FileManager.default.moveItem(at: twin, to: place.spool.appending(path: "retry/01-30s/twin"))
        try act(place, way, "rm retry/*/k", "rm", "k")
        try place.wait(for: "twin", in: "done")
        #expect(place.places("k") == [])
        #expect(place.mails().count == 1)
        #expect(!place.log.contains("k: removed by hand"))
    }

    @Test("touch pause starts nothing new, and rm pause goes on", arguments: Way.allCases)
    func pause(way: Way) throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let daemon = try place.daemon()
        try act(place, way, "touch pause", "pause", "all")
        try place.wait("the pause") { place.log.contains("paused: everything") }
        try place.hello("k")
        try place.wait("the job to be lined up") { waiting(place) == 1 }
        #expect(place.places("k") == ["new"])
        // A pause outlives a restart.
        daemon.stop()
        _ = try place.daemon()
        try place.wait("the job to be lined up again") { waiting(place) == 1 }
        #expect(place.places("k") == ["new"])
        try act(place, way, "rm pause", "resume", "all")
        try place.wait(for: "k", in: "done")
    }

    @Test("pause.template.NAME holds up one template", arguments: Way.allCases)
    func pauseTemplate(way: Way) throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try act(place, way, "touch pause.template.hello", "pause", "template", "hello")
        try place.wait("the pause") { place.log.contains("paused: template hello") }
        try place.hello("k")
        try place.drop("other", #"{"subject":"x","text":"y","to":"zoe@example.com"}"#)
        try place.wait(for: "other", in: "done")
        #expect(place.places("k") == ["new"])
        try act(place, way, "rm pause.template.hello", "resume", "template", "hello")
        try place.wait(for: "k", in: "done")
    }

    @Test("pause.relay.NAME sends through the others", arguments: Way.allCases)
    func pauseRelay(way: Way) throws {
        let place = try Workplace()
        let (first, second) = (try place.sink(), try place.sink())
        try place.configure(
            relays:
                "[relay a]\nurl = smtp://127.0.0.1:\(first)\ntls = none\n[relay b]\nurl = smtp://127.0.0.1:\(second)\ntls = none\n"
        )
        _ = try place.daemon()
        try act(place, way, "touch pause.relay.a", "pause", "relay", "a")
        try place.wait("the pause") { place.log.contains("paused: relay a") }
        try place.hello("k")
        try place.wait(for: "k", in: "done")
        #expect(try place.history("k").first?["relay"] as? String == "b")
        try act(place, way, "touch pause.relay.b", "pause", "relay", "b")
        try place.wait("both pauses") { place.log.contains("paused: relay a, relay b") }
        try place.hello("l")
        try place.wait("the job to be lined up") { waiting(place) == 1 }
        try act(place, way, "rm pause.relay.a", "resume", "relay", "a")
        try place.wait(for: "l", in: "done")
        #expect(try place.history("l").first?["relay"] as? String == "a")
    }

    @Test("A job is changed by an editor in hold/", arguments: Way.allCases)
    func edit(way: Way) throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt=451 4.7.1 Later:1"))
        _ = try place.daemon()
        try place.hello("k")
        try place.wait(for: "k", in: "retry/01-30s")
        try act(place, way, "mv retry/*/k hold/ && sed -i s/Zoë/Edited/ hold/k", "edit", "--keep", "k")
        #expect(place.places("k") == ["hold"])
        // The bucket is as before; an mtime of now makes it due.
        try act(place, .hand, "touch hold/k; mv hold/k retry/01-30s/")
        try place.wait(for: "k", in: "done")
        #expect(try place.events("k") == ["deferred", "sending", "sent"])
        #expect(place.mails().first?.contains("Hello Edited,") == true)
    }

    @Test("What is in cur/ is neither stopped nor doubled by moving it, and the verbs leave it alone")
    func current() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--delay", "dot=4s"))
        _ = try place.daemon()
        try place.hello("moved")
        try place.hello("back")
        try place.hello("removed")
        try place.wait("all to be under way") {
            try ["moved", "back", "removed"].allSatisfy {
                try place.places($0) == ["cur/main"] && place.events($0) == ["sending"]
            }
        }
        for verb in ["hold", "rm", "retry", "edit", "release"] {
            let ran = try place.outspool(verb, "moved")
            #expect(
                ran.status == 75 && ran.err.contains("moved is being sent at this moment"), "\(verb): \(ran.err)")
        }
        #expect(place.places("moved") == ["cur/main"])
        try act(place, .hand, "mv cur/main/moved hold/; mv cur/main/back new/; rm cur/main/removed")
        try place.wait("all to be settled") { place.names("done") == ["back", "moved"] }
        try place.wait("the removal to be told") {
            place.log.contains("removed: removed by hand while it was being worked on")
        }
        #expect(place.mails().count == 3)
        #expect(place.places("moved") == ["done"] && place.places("back") == ["done"] && place.places("removed") == [])
        #expect(try place.events("back") == ["sending", "sent"])
    }

    @Test("wait returns when the job is sent")
    func waits() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--delay", "dot=300ms"))
        _ = try place.daemon()
        let id = try place.outspool("submit", "hello", "--to", "zoe@example.com").lines[0]
        let ran = try place.outspool("wait", "--timeout", "20s", id)
        #expect(ran.status == 0)
        #expect(ran.out.hasPrefix("\(id)  sent  250 2.0.0 Ok: queued as "))
        #expect(place.mails().count == 1)
    }
}
