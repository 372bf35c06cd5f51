import EventLoop
import JSON
import Testing

@testable import Daemon

@Suite("Probe of a relay")
struct RelayProbeTests {
    private let place: SpoolPlace

    init() throws { place = try SpoolPlace() }

    private func probe(_ url: String, mailTo: String? = nil, _ more: String = "tls = none") throws -> (
        Bool, JSON.Object
    ) {
        var results: [(Bool, JSON)] = []
        let probe = try #require(
            try RelayProbe("main", mailTo: mailTo, try place.settings("", relay: url, more), loop: place.loop) {
                results.append(($0, $1))
            })
        probe.start()
        try place.run(until: { !results.isEmpty })
        #expect(results.count == 1)
        return (results[0].0, try #require(results[0].1.object))
    }

    @Test("A relay that is up says what it can do, and gets nothing")
    func up() throws {
        let relay = try TestRelay([], on: place.loop)
        let (isUp, result) = try probe(relay.url)
        #expect(isUp && result["ok"] == true && result["relay"] == "main" && result["tls"] == false)
        #expect(result["url"]?.string == relay.url && result["loggedIn"] == false)
        #expect(result["address"] == "127.0.0.1")
        #expect(result["capabilities"]?.array?.contains("PIPELINING") == true)
        #expect(result["sizeLimit"] == 33_554_432)
        #expect(relay.summary.contains(" 0 messages"))
    }

    @Test("With a recipient it sends one mail")
    func sends() throws {
        let relay = try TestRelay([], on: place.loop)
        let (isUp, result) = try probe(relay.url, mailTo: "admin@example.org")
        #expect(isUp && result["sent"]?.string?.hasPrefix("250") == true)
        #expect(relay.summary.contains(" 1 messages (0 refused)"))
    }

    @Test(
        "What fails has its phase, its code and its reason",
        arguments: [
            (["--fail", "greeting=554 5.3.2 No service"], nil, "greeting", "No service"),
            (["--fail", "ehlo=close"], nil, "ehlo", ""),
            (["--fail", "rcpt=550 5.1.1 No such user"], "admin@example.org", "mail", "550 5.1.1 No such user"),
            (["--fail", "dot=close"], "admin@example.org", "mail", ""),
            ([], "no address", "mail", "address"),
        ] as [([String], String?, String, String)])
    func fails(options: [String], mailTo: String?, phase: String, reason: String) throws {
        let relay = try TestRelay(options, on: place.loop)
        let (isUp, result) = try probe(relay.url, mailTo: mailTo)
        #expect(!isUp && result["ok"] == false)
        #expect(result["phase"]?.string == phase)
        let told = try #require(result["reason"]?.string)
        #expect(!told.isEmpty && (reason.isEmpty || told.contains(reason)), "\(told)")
    }

    @Test("A port where nobody listens is a failure to connect; a name that is not in the configuration is none")
    func absent() throws {
        let relay = try TestRelay([], on: place.loop)
        let url = relay.url
        relay.stop()
        let (isUp, result) = try probe(url)
        #expect(!isUp && result["phase"] == "connect" && result["configurationFault"] == false)
        #expect(
            try RelayProbe("other", mailTo: nil, try place.settings(), loop: place.loop, finish: { _, _ in }) == nil)
    }
}
