import Linux
import Relay
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

@Suite("Delivery within a quota", .serialized)
struct QuotaDeliveryTests {
    private func used(_ place: QueuePlace) -> Int { place.queue.allowances["main"].quotas[0].used(at: .now) }

    private func count(_ place: QueuePlace, in directory: String) -> Int {
        (try? place.scratch.list("spool/\(directory)").count) ?? 0
    }

    @Test("Connections side by side do not exceed it together; what is left waits, and no attempt is counted")
    func exact() throws {
        let place = try QueuePlace(relayKeys: "quota = 5/d\nconnections = 10")
        for index in 0..<40 { try place.submit(id: "job\(index)") }
        place.queue.open()
        try place.run(until: { count(place, in: place.done) == 5 })
        try place.loop.pass(.milliseconds(300))
        #expect(count(place, in: place.done) == 5 && count(place, in: "new") == 35 && used(place) == 5)
        #expect(place.queue.relays[0].slot.isUp == false)
        let left = try #require(try place.scratch.list("spool/new").first)
        #expect(try place.events(left, in: "new") == [])
    }

    @Test("No more connections are opened than there is room for")
    func connections() throws {
        let place = try QueuePlace(relayKeys: "quota = 2/d\nconnections = 10")
        for index in 0..<40 { try place.submit(id: "job\(index)") }
        place.queue.open()
        try place.run(until: { count(place, in: place.done) == 2 })
        #expect(place.ledger.counters.connections["main"] <= 2)
    }

    @Test("A mail to more recipients than there is room for goes to as many; the others wait without an attempt")
    func split() throws {
        let place = try QueuePlace(relayKeys: "quota = 3/d")
        let to = (0..<5).map { "\"r\($0)@example.net\"" }.joined(separator: ",")
        try place.submit(#"{"to":[\#(to)],"subject":"Hi","text":"Hello"}"#, id: "many")
        place.queue.open()
        try place.run(until: { used(place) == 3 && place.queue.scheduler.mailsUnderWay == 0 })
        #expect(try place.events("many", in: "new") == ["sending", "sent", "returned"])
        let history = try JobFile(Array(try place.scratch.read("spool/new/many").utf8)).history
        #expect(history.events.last?.reason == "the relay's quota is used up")
        // Room again: the two others, and nobody twice.
        let wider = try QueuePlace.widened(place.settings, to: "10/d")
        place.queue.use(wider)
        place.queue.schedule()
        try place.run(until: "many", isIn: place.done)
        #expect(used(place) == 5)
    }

    @Test("Who was refused does not count")
    func refused() throws {
        let place = try QueuePlace(
            relay: ["--fail", "rcpt(nobody@example.net)=550 5.1.1 No such user"], settings: "suppression = off",
            relayKeys: "quota = 2/d")
        for index in 0..<6 {
            try place.submit(#"{"to":"nobody@example.net","subject":"Hi","text":"Hello"}"#, id: "bad\(index)")
        }
        place.queue.open()
        try place.run(until: { count(place, in: "dead") == 6 })
        #expect(used(place) == 0)
        for index in 0..<3 { try place.submit(id: "good\(index)") }
        for index in 0..<3 { place.queue.arrived(.init("good\(index)"), in: .new) }
        try place.run(until: { count(place, in: place.done) == 2 })
        #expect(used(place) == 2)
    }

    @Test("Whose delivery is in doubt counts: the relay may have taken it")
    func doubted() throws {
        let place = try QueuePlace(
            relay: ["--fail", "dot=close:1"], settings: "on_doubt = hold", relayKeys: "quota = 5/d")
        try place.submit(id: "doubt")
        place.queue.open()
        try place.run(until: "doubt", isIn: "hold")
        #expect(used(place) == 1)
    }

    @Test("A reload with another quota does not begin anew")
    func reload() throws {
        let place = try QueuePlace(relayKeys: "quota = 2/d")
        for index in 0..<4 { try place.submit(id: "job\(index)") }
        place.queue.open()
        try place.run(until: { count(place, in: place.done) == 2 })
        place.queue.use(try QueuePlace.widened(place.settings, to: "3/d"))
        place.queue.schedule()
        try place.run(until: { count(place, in: place.done) == 3 })
        try place.loop.pass(.milliseconds(200))
        #expect(count(place, in: place.done) == 3 && used(place) == 3)
    }
}

extension QueuePlace {
    /// The same settings with another quota of the relay.
    fileprivate static func widened(_ settings: Settings, to quota: String) throws -> Settings {
        var settings = settings
        settings.relays[0].quotas = [try #require(Quota(quota))]
        return settings
    }
}
