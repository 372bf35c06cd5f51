import EventLoop
import JSON
import Linux
import Relay
import Spool
import Testing
import Time

@testable import Daemon

@Suite("Notifier")
struct NotifierTests {
    private let place: SpoolPlace
    private let settings: Settings
    private let start = Timestamp.now

    init() throws {
        place = try SpoolPlace()
        settings = try place.settings("notify = admin@example.org\nnotify_interval = 1h")
    }

    private func notifier(isOn: Bool = true) throws -> Notifier {
        let notifier = Notifier(spool: place.spool, loop: place.loop, ledger: place.ledger) { [settings] in settings }
        notifier.use(isOn ? settings : try place.settings())
        // What died before is read from the loop.
        try place.loop.pass(.milliseconds(20))
        return notifier
    }

    private func letter(_ id: String, at time: Timestamp) -> DeadLetter {
        var event = Event(.dead, at: time)
        event.reason = "no such template"
        return DeadLetter(id, template: "hello", events: [event], recipients: [], submitted: nil, at: time)
    }

    /// The digests that wait to be sent.
    private func digests() throws -> [String] { try place.names("new").filter { Notifier.isDigest($0) } }

    private func field(_ name: String, of id: String) throws -> String {
        let job = try JSON(parsing: try place.scratch.read("spool/new/\(id)"))
        return try #require(job.object?[name]?.string)
    }

    private func send(_ id: String) throws {
        try place.spool.new.rename(id, into: place.spool.hold, as: "sent-\(id)")
    }

    @Test("A dead letter is told of once its minute is over; the next one when the interval is")
    func tells() throws {
        let notifier = try notifier()
        notifier.note(letter("order-1", at: start))
        notifier.note(letter("order-2", at: start + .seconds(30)))
        notifier.tick([], now: start + .seconds(59))
        #expect(try digests() == [])
        notifier.tick([], now: start + .seconds(61))
        let first = try #require(try digests().first)
        #expect(try field("to", of: first) == "admin@example.org")
        #expect(try field("subject", of: first).hasSuffix("] 2 dead letters"))
        #expect(
            try field("text", of: first).contains("  order-1\n") && field("text", of: first).contains("  order-2\n"))
        #expect(try place.scratch.read("spool/.digest") == first + "\n")
        #expect(place.ledger.counters.digests == 1)
        // There is nothing new.
        notifier.tick([], now: start + .hours(3))
        #expect(try digests() == [first])
        try send(first)
        notifier.note(letter("order-3", at: start + .hours(3)))
        notifier.tick([], now: start + .hours(3) + .seconds(62))
        let second = try #require(try digests().first)
        #expect(second != first)
        #expect(try !field("text", of: second).contains("order-1"))
        try send(second)
        notifier.note(letter("order-4", at: start + .hours(3) + .minutes(5)))
        notifier.tick([], now: start + .hours(3) + .minutes(30))
        #expect(try digests() == [])
        notifier.tick([], now: start + .hours(4) + .minutes(2))
        #expect(try digests().count == 1)
    }

    @Test("While a digest waits for its relay another would only stand behind it; of its own end it does not tell")
    func waiting() throws {
        let notifier = try notifier()
        notifier.note(letter("order-1", at: start))
        notifier.tick([], now: start + .minutes(2))
        let first = try #require(try digests().first)
        notifier.note(letter("order-2", at: start + .hours(2)))
        notifier.tick([], now: start + .hours(2) + .minutes(2))
        #expect(try digests() == [first])
        try place.spool.new.rename(first, into: place.spool.dead, as: first)
        notifier.note(letter(first, at: start + .hours(2)))
        #expect(try place.logged.contains("a digest for notify is a dead letter: no such template"))
        // It looks again when a minute is over.
        notifier.tick([], now: start + .hours(2) + .minutes(4))
        let second = try #require(try digests().first)
        #expect(try field("text", of: second).contains("order-2"))
        #expect(try !field("text", of: second).contains(first))
    }

    @Test("A start tells of what died since the last digest, and of nothing before")
    func restarted() throws {
        try place.put(".digest", "outspool-digest-20261123T174411Z\n", modified: start - .hours(2))
        try place.put("dead/before", #"{"template":"hello","to":"a@example.org"}"# + "\n", modified: start - .hours(3))
        try place.put("dead/since", #"{"template":"hello","to":"b@example.org"}"# + "\n", modified: start - .hours(1))
        try place.put("dead/nonsense", "no job\n", modified: start - .minutes(1))
        try place.put("dead/outspool-digest-x", modified: start - .minutes(1))
        let notifier = try notifier()
        notifier.tick([], now: start + .minutes(2))
        let text = try field("text", of: try #require(try digests().first))
        #expect(text.contains("  since\n") && text.contains("b@example.org") && text.contains("  nonsense\n"))
        #expect(!text.contains("  before\n") && !text.contains("digest-x"))
    }

    @Test("A digest whose note a crash kept from the disk is not submitted again")
    func noted() throws {
        try place.put(".digest", "", modified: start - .hours(2))
        let since = try place.modified(".digest")
        try place.submit(
            #"{"to":"admin@example.org","subject":"s","text":"t","metadata":{"until":"\#((start - .hours(1)).rfc3339)"}}"#,
            id: "outspool-digest-\(since.compact)")
        try place.spool.new.rename(
            "outspool-digest-\(since.compact)", into: place.spool.hold, as: "outspool-digest-\(since.compact)")
        try place.put("dead/told", modified: start - .minutes(90))
        try place.put("dead/untold", modified: start - .minutes(30))
        let notifier = try notifier()
        notifier.tick([], now: start + .minutes(2))
        #expect(try digests() == [])
        #expect(place.ledger.counters.digests == 0)
        try place.loop.pass(.milliseconds(20))
        notifier.tick([], now: start + .hours(2))
        let text = try field("text", of: try #require(try digests().first))
        #expect(text.contains("  untold\n") && !text.contains("  told\n"))
    }

    @Test("Who wants no digests gets none, and later none of what was before")
    func off() throws {
        let notifier = try notifier(isOn: false)
        notifier.note(letter("order-1", at: start))
        notifier.tick([], now: start + .hours(9))
        #expect(try place.names("new") == [])
        notifier.use(settings)
        try place.loop.pass(.milliseconds(20))
        notifier.tick([], now: .now + .hours(9))
        #expect(try place.names("new") == [])
    }

    @Test("A relay that stays out of reach is told of once, until it has been back")
    func outage() throws {
        let relay = try TestRelay([], on: place.loop)
        let url = relay.url
        relay.stop()
        let settings = Settings.Relay(name: "main", connection: try RelaySettings(url: url))
        let terms = LocalTerms(
            settings, loop: place.loop, ledger: place.ledger, allowances: Allowances(place.spool, place.log))
        let pool = RelayPool(
            settings, terms, curl: try CurlLoop(place.loop), loop: place.loop, ledger: place.ledger, tell: { _ in })
        pool.connect(for: 1)
        try place.run(until: { pool.breaker.isOpen })
        func relays() -> [DaemonStatus.Relay] {
            [.init(name: "main", isOpen: pool.breaker.isOpen, reason: pool.breaker.reason, connections: 0, limit: 10)]
        }
        let notifier = try notifier()
        notifier.tick(relays(), now: start)
        notifier.tick(relays(), now: start + .seconds(30))
        #expect(try digests() == [])
        notifier.tick(relays(), now: start + .seconds(130))
        let id = try #require(try digests().first)
        #expect(try field("subject", of: id).hasSuffix("relay main is unreachable"))
        #expect(try field("text", of: id).contains("Connection refused") || field("text", of: id).contains("connect"))
        try send(id)
        notifier.tick(relays(), now: start + .hours(5))
        #expect(try digests() == [])
        pool.retire()
    }

    @Test("A clock that was set back holds up nothing: what was to come is now")
    func setBack() throws {
        let notifier = try notifier()
        notifier.note(letter("order-1", at: start + .days(1)))
        notifier.clockWasSetBack(now: start)
        notifier.tick([], now: start + .minutes(2))
        #expect(try digests().count == 1)
    }
}
