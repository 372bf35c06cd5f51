import EventLoop
import JSON
import Linux
import Relay
import Scratch
import Testing
import Text

@testable import Daemon

/// TLS, names and timeouts on the way to a relay, against outspool-sink on the test's own loop.
@Suite("Way to a relay")
struct RelayWayTests {
    private let place: SpoolPlace

    init() throws {
        Linux.Process.ignoreBrokenPipe()
        place = try SpoolPlace()
    }

    private func probe(_ url: String, _ lines: String...) throws -> (isUp: Bool, result: JSON.Object) {
        var results: [(Bool, JSON)] = []
        let settings = try place.settings("", relay: url, lines.joined(separator: "\n"))
        let probe = try #require(
            try RelayProbe("main", mailTo: nil, settings, loop: place.loop) { results.append(($0, $1)) })
        probe.start()
        try place.run(until: { !results.isEmpty })
        return (results[0].0, try #require(results[0].1.object))
    }

    private func relay(_ options: String...) throws -> TestRelay {
        try TestRelay(["--tls-self-signed", place.scratch.path("tls")] + options, on: place.loop)
    }

    private var authority: String { "ca_file = " + place.scratch.path("tls/cert.pem") }

    @Test(
        "Opportunistic TLS that fails is given up, unless tls_fallback says no",
        arguments: ["tls=close", "tls=reset", "tls=garbage"])
    func fallback(fault: String) throws {
        let relay = try relay("--fail", fault)
        let (isUp, result) = try probe(relay.url, "tls = opportunistic")
        #expect(isUp && result["tls"] == false)
        let strict = try probe(relay.url, "tls = opportunistic", "tls_fallback = no")
        #expect(!strict.isUp && strict.result["phase"] == "tls")
        let required = try probe(relay.url, "tls = require", authority)
        #expect(!required.isUp && required.result["phase"] == "tls")
    }

    @Test("Opportunistic TLS that works is used, whoever has signed the certificate")
    func opportunistic() throws {
        let relay = try relay()
        let (isUp, result) = try probe(relay.url, "tls = opportunistic")
        #expect(isUp && result["tls"] == true && result["certificateDaysLeft"]?.int ?? 0 > 0)
    }

    @Test("tls_name is the name that the certificate is held against")
    func name() throws {
        let relay = try relay()
        #expect(try probe(relay.url, authority, "tls_name = localhost").isUp)
        let (isUp, result) = try probe(relay.url, authority, "tls_name = mx.example.com")
        #expect(!isUp && result["phase"] == "tls" && result["configurationFault"] == true)
        #expect(result["reason"]?.string?.contains("mx.example.com") == true)
    }

    @Test("tls_fingerprint is in place of a chain: the certificate's own digest, and no other")
    func fingerprint() throws {
        let relay = try relay()
        let pem = try place.scratch.read("tls/cert.pem")
        let body = pem.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        let digest = SHA256.digest(Array(try #require(decoded(body))))
        let hex = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
        #expect(try probe(relay.url, "tls_fingerprint = \(hex)").isUp)
        let other = String(repeating: "ab", count: 32)
        let (isUp, result) = try probe(relay.url, "tls_fingerprint = \(other)")
        #expect(!isUp && result["phase"] == "tls" && result["configurationFault"] == true)
        #expect(result["reason"]?.string?.contains("tls_fingerprint") == true)
        let pin = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        let pinned = try probe(relay.url, "tls_fingerprint = \(pin)")
        #expect(!pinned.isUp && pinned.result["phase"] == "tls" && pinned.result["configurationFault"] == true)
    }

    private func decoded(_ text: String) -> [UInt8]? {
        var (bits, count, bytes) = (UInt32(0), 0, [UInt8]())
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for byte in text.utf8 where byte != UInt8(ascii: "=") {
            guard let value = digits.firstIndex(of: byte) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    @Test("smtps:// to a port that begins in clear, and smtp:// to one that does not, are told as what they are")
    func mixedUp() throws {
        let clear = try relay()
        let port = clear.url.split(separator: ":").last!
        let (isUp, result) = try probe("smtps://127.0.0.1:\(port)", authority)
        #expect(!isUp && result["phase"] == "tls" && result["configurationFault"] == true)
        #expect(result["reason"]?.string?.contains("use smtp://") == true)
        let implicit = try relay("--tls-implicit")
        let silent = try probe(implicit.url, "greeting_timeout = 300ms")
        #expect(!silent.isUp && silent.result["phase"] == "greeting" && silent.result["configurationFault"] == true)
        #expect(silent.result["reason"]?.string?.contains("smtps://") == true)
    }

    @Test("A greeting may be later than connect_timeout, and not than greeting_timeout")
    func lateGreeting() throws {
        let relay = try relay("--delay", "greeting=700ms")
        #expect(try probe(relay.url, "tls = none", "connect_timeout = 200ms").isUp)
        let (isUp, result) = try probe(relay.url, "tls = none", "greeting_timeout = 200ms")
        #expect(!isUp && result["phase"] == "greeting")
        #expect(result["reason"]?.string?.hasPrefix("no greeting within ") == true, "\(result)")
    }

    @Test("family chooses among the addresses")
    func family() throws {
        let relay = try relay()
        let port = relay.url.split(separator: ":").last!
        #expect(try probe("smtp://localhost:\(port)", "tls = none", "family = ipv4").isUp)
        let (isUp, result) = try probe("smtp://127.0.0.1:\(port)", "tls = none", "family = ipv6")
        #expect(!isUp && result["phase"] == "connect")
    }

    @Test("A reply that nobody asked for ends the opening: no later one is taken for another's")
    func early() throws {
        let relay = try relay("--fail", "mail=early")
        // Whether it comes together with the reply to EHLO is the kernel's to say; it is never a success with a fault.
        let (isUp, result) = try probe(relay.url, "tls = none")
        #expect(isUp || result["phase"] == "ehlo")
    }
}
