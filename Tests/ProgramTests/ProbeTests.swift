import Foundation
import Scratch
import Testing

@Suite("outspoold --probe", .serialized, .ownThreads)
struct ProbeTests {
    private func probe(_ place: Workplace, _ words: String...) throws -> (status: Int32, result: [String: Any]) {
        let ran = try place.run(
            Program.built("outspoold").path, ["--config", place.configuration.path, "--probe"] + words)
        #expect(ran.lines.count == 1, "\(ran.err)")
        return (ran.status, try JSONSerialization.jsonObject(with: Data(ran.out.utf8)) as? [String: Any] ?? [:])
    }

    @Test("TLS, what is offered, and the days that the certificate has", arguments: ["smtp", "smtps"])
    func secured(scheme: String) throws {
        let place = try Workplace()
        let tls = place.root.appending(path: "tls").path
        try FileManager.default.createDirectory(atPath: tls, withIntermediateDirectories: true)
        let port = try place.sink(options: ["--tls-self-signed", tls] + (scheme == "smtps" ? ["--tls-implicit"] : []))
        try place.configure(relays: "[relay main]\nurl = \(scheme)://localhost:\(port)\nca_file = tls/cert.pem\n")
        let (status, result) = try probe(place, "main")
        #expect(status == 0)
        #expect(result["ok"] as? Bool == true && result["tls"] as? Bool == true)
        #expect([29, 30].contains(result["certificateDaysLeft"] as? Int))
        #expect((result["capabilities"] as? [String])?.contains("PIPELINING") == true)
        #expect(place.mails().isEmpty)
        let sent = try probe(place, "main", "--mail-to", "zoe@example.com")
        #expect((sent.result["sent"] as? String)?.hasPrefix("250 2.0.0 Ok: queued as ") == true)
        #expect(place.mails().count == 1)
    }

    @Test("Without TLS there is no certificate")
    func plain() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt=550 5.1.1 No such user"))
        let (status, result) = try probe(place, "main")
        #expect(status == 0 && result["tls"] as? Bool == false && result["certificateEnds"] == nil)
        let refused = try probe(place, "main", "--mail-to", "zoe@example.com")
        #expect(refused.status == 69)
        #expect(refused.result["reason"] as? String == "550 5.1.1 No such user")
    }

    @Test("What fails is said")
    func fails() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "ehlo=554 5.7.1 Go away"))
        let (status, result) = try probe(place, "main")
        #expect(status == 69)
        #expect(result["phase"] as? String == "ehlo")
        #expect((result["reason"] as? String)?.contains("Go away") == true)
        let unknown = try place.run(
            Program.built("outspoold").path, ["--config", place.configuration.path, "--probe", "other"])
        #expect(unknown.status == 78)
        #expect(unknown.err == "outspoold: no [relay other]; there is main\n")
    }

    @Test("doctor looks at every relay, test-send sends one mail through the daemon or the relay")
    func commands() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let environment = ["OUTSPOOL_SPOOL": place.spool.path, "OUTSPOOL_CONFIG": place.configuration.path]
        func outspool(_ words: String...) throws -> Ran {
            try place.run(Program.built("outspool").path, words, environment: environment)
        }
        let down = try outspool("doctor")
        #expect(down.status == 78)
        #expect(down.out.contains("no daemon has ever run here"))
        _ = try place.daemon()
        try place.wait("status.json") {
            FileManager.default.fileExists(atPath: place.spool.appending(path: "status.json").path)
        }
        let well = try outspool("doctor")
        #expect(well.status == 0, "\(well.out)")
        #expect(well.out.contains("relay main"))
        let watches = place.text(URL(fileURLWithPath: "/proc/sys/fs/inotify/max_user_watches")).prefix { $0 != "\n" }
        #expect(well.out.contains(" \(watches) watches"))
        #expect(try outspool("doctor", "--json").lines.allSatisfy { $0.hasPrefix("{\"check\":") })
        let sent = try outspool("test-send", "zoe@example.com")
        #expect(sent.status == 0, "\(sent.err)")
        #expect(sent.out.contains("sent"))
        #expect(try outspool("test-send", "--relay", "main", "zoe@example.com").status == 0)
        #expect(place.mails().count == 2)
        #expect(try outspool("test-send", "--relay", "other", "zoe@example.com").status == 78)
        // What a dead daemon leaves in cur/, and what others may write to.
        let foreign = place.spool.appending(path: "cur/other")
        try FileManager.default.createDirectory(
            at: foreign, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try place.write("spool/cur/other/k", "{}")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o777], ofItemAtPath: place.spool.appending(path: "hold").path)
        let ill = try outspool("doctor")
        #expect(ill.status == 78)
        #expect(ill.out.contains("cur/other"))
        #expect(ill.out.contains("hold: mode 0777"))
    }
}
