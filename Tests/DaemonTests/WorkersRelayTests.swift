import JSON
import Relay
import Scratch
import Testing
import Time

@testable import Daemon

/// What holds for a relay, with three workers that send by it.
@Suite("Workers and a relay", .serialized)
struct WorkersRelayTests {
    @Test("One connection and three workers: each gets it, and never are there two")
    func oneConnection() throws {
        let place = try WorkersPlace(relay: ["--max-sessions", "1"], relayKeys: "connections = 1")
        var most = 0
        place.heard = { _ in most = max(most, place.connections) }
        for index in 0..<10 { try place.submit(id: "job\(index)") }
        place.open()
        try place.run(until: { place.count(in: place.done) == 30 })
        #expect(most == 1)
        #expect(place.begun >= 3)
        #expect(place.lines("connections for now") == 0 && place.lines("failed at") == 0)
    }

    @Test("What one worker has to itself it shares when others come")
    func fair() throws {
        let place = try WorkersPlace(relay: ["--delay", "dot=20ms"], relayKeys: "connections = 6")
        for index in 0..<40 { try place.submit(id: "a\(index)", to: [1]) }
        place.open()
        try place.run(until: { place.queues[0].relays[0].measured.connections == 6 })
        for index in 0..<40 { try place.submit(id: "b\(index)", to: [2, 3]) }
        var isShared = false
        place.heard = { _ in
            if place.queues.allSatisfy({ $0.relays[0].measured.connections >= 2 }) { isShared = true }
            #expect(place.parent.relays(at: .now)[0].connections <= 6)
        }
        try place.run(until: { place.count(in: place.done) == 120 })
        #expect(isShared)
    }

    @Test("A relay that refuses everything with one reply buries three letters, not three of each worker")
    func oneRefusal() throws {
        let place = try WorkersPlace(
            relay: ["--fail", "data=550 5.7.1 Blocked"], relayKeys: "connections = 3")
        for index in 0..<10 { try place.submit(id: "job\(index)") }
        place.open()
        try place.run(until: { place.lines("breaker opened") == 1 })
        try place.loop.pass(.milliseconds(2500))
        // Those that were under way beside the first are judged by the same row.
        #expect(place.letters.count == 3)
        #expect(place.count(in: "new") == 27)
        #expect(place.queues.allSatisfy { $0.relays[0].breaker.isOpen })
    }

    @Test("421 at MAIL for one sender lets it rest with all workers, and others pass")
    func sender() throws {
        let place = try WorkersPlace(relay: ["--fail", "mail(bad@example.com)=421 4.3.2 Too many"])
        // One that is accepted, so that it is the sender's affair.
        try place.submit(id: "first")
        place.open()
        try place.run(until: { place.count(in: place.done) == 3 })
        let bad = #"{"to":"zoe@example.net","from":"bad@example.com","subject":"Hi","text":"Hello"}"#
        try place.submit(bad, id: "bad", to: [1])
        try place.run(until: { place.queues.allSatisfy { $0.relays[0].terms.resting.count == 1 } })
        let attempts = { place.queues.reduce(0) { $0 + $1.ledger.counters.attempts.sum } }
        let before = attempts()
        for index in 0..<5 { try place.submit(bad, id: "bad\(index)", to: [2, 3]) }
        for index in 0..<5 { try place.submit(id: "good\(index)") }
        try place.run(until: { place.count(in: place.done) == 18 })
        // Of the ten that rest, one at a time is tried.
        #expect(attempts() - before <= 15 + 5)
        #expect(place.lines("refuses sender <bad@example.com>") == 1)
        #expect(place.count(in: "dead") == 0)
    }

    @Test("A sender that rests is tried again by one worker, and when it is taken, all go on")
    func senderIsBack() throws {
        let place = try WorkersPlace(relay: ["--fail", "mail(bad@example.com)=451 4.7.1 Later:2"])
        try place.submit(id: "first")
        place.open()
        try place.run(until: { place.count(in: place.done) == 3 })
        let bad = #"{"to":"zoe@example.net","from":"bad@example.com","subject":"Hi","text":"Hello"}"#
        try place.submit(bad, id: "bad", to: [1])
        try place.run(until: { place.queues.allSatisfy { $0.relays[0].terms.resting.count == 1 } })
        try place.submit(bad, id: "more", to: [2, 3])
        try place.run(until: {
            place.count(in: place.done) >= 5 && place.queues.allSatisfy { $0.relays[0].terms.resting.isEmpty }
        })
        #expect(place.asked >= 1)
    }

    @Test("A wrong password is one login, whatever waits with whom; the right one ends the pause for all")
    func wrongPassword() throws {
        let place = try WorkersPlace(
            relay: ["--auth", "shop:right", "--require-auth", "--auth-without-tls"],
            relayKeys: "user = shop\npassword_file = password")
        try place.scratch.write("wrong\n", to: "password", mode: 0o600)
        for index in 0..<5 { try place.submit(id: "job\(index)") }
        place.open()
        try place.run(until: { place.lines("no login is tried") == 1 })
        try place.loop.pass(.milliseconds(1500))
        #expect(place.begun == 1)
        try place.scratch.write("right\n", to: "password", mode: 0o600)
        try place.run(until: { place.count(in: place.done) == 15 })
    }

    @Test("A rate is one for all workers: of two mails a minute, one goes out at once")
    func rate() throws {
        let place = try WorkersPlace(relayKeys: "rate = 2/m")
        for index in 0..<3 { try place.submit(id: "job\(index)") }
        place.open()
        try place.run(until: { place.count(in: place.done) == 1 })
        try place.loop.pass(.milliseconds(500))
        #expect(place.count(in: place.done) == 1 && place.count(in: "new") == 8)
    }

    @Test("A quota is one for all workers, to the last recipient")
    func quota() throws {
        let place = try WorkersPlace(relayKeys: "quota = 7/d")
        for index in 0..<10 { try place.submit(id: "job\(index)") }
        place.open()
        try place.run(until: { place.count(in: place.done) == 7 })
        try place.loop.pass(.milliseconds(300))
        #expect(place.count(in: place.done) == 7 && place.count(in: "new") == 23)
        #expect(place.parent.relays(at: .now)[0].quotas[0].used == 7)
    }

    @Test("The breaker opens for all and is tried by one at a time; when the relay is back, all go on")
    func breaker() throws {
        // Each worker's first connection, and the first that tries again.
        let place = try WorkersPlace(
            relay: ["--fail", "greeting=421 4.3.2 Not now:4"], relayKeys: "connections = 3")
        for index in 0..<5 { try place.submit(id: "job\(index)") }
        var tries: [Int] = []
        place.heard = { message in
            guard message["tell"]?.string == "opening", place.parent.relays(at: .now)[0].isOpen else { return }
            tries.append(place.connections)
        }
        place.open()
        try place.run(until: { place.queues.allSatisfy { $0.relays[0].breaker.isOpen } })
        #expect(place.begun == 3)
        try place.run(until: { place.count(in: place.done) == 15 })
        #expect(tries == [1, 1])
        #expect(place.lines("works again") == 1)
        #expect(place.ledger.counters.breakerOpenings["main"] == 1)
    }

    @Test("What a worker that died had is free, and what it was sending counts")
    func death() throws {
        let place = try WorkersPlace(
            relay: ["--delay", "dot=5s"], relayKeys: "connections = 1\nquota = 10/d")
        try place.submit(id: "slow", to: [1])
        place.open()
        try place.run(until: { place.connections == 1 && place.queues[0].scheduler.mailsUnderWay == 1 })
        try place.run(until: { place.parent.relays(at: .now)[0].connections == 1 })
        try place.loop.pass(.milliseconds(200))
        place.parent.workerEnded(1)
        let relay = place.parent.relays(at: .now)[0]
        #expect(relay.connections == 0 && relay.quotas[0].used == 1)
        try place.submit(id: "next", to: [2])
        try place.run(until: { place.parent.relays(at: .now)[0].connections == 1 })
    }

    @Test("A parent that does not answer: what has to be asked waits, and nothing is refused for it")
    func deaf() throws {
        let place = try WorkersPlace(relay: ["--fail", "data=550 5.7.1 Blocked"], relayKeys: "connections = 3")
        place.isDeaf = true
        for index in 0..<3 { try place.submit(id: "job\(index)") }
        place.open()
        try place.run(until: { place.asked >= 3 })
        try place.loop.pass(.milliseconds(300))
        #expect(place.letters.isEmpty && place.count(in: "dead") == 0)
        place.isDeaf = false
        try place.run(until: { place.letters.count == 3 })
    }

    @Test("While a relay takes everything, no question is asked, and few messages are told")
    func quiet() throws {
        let place = try WorkersPlace(relayKeys: "connections = 3")
        for index in 0..<40 { try place.submit(id: "job\(index)") }
        place.open()
        try place.run(until: { place.count(in: place.done) == 120 })
        #expect(place.asked == 0)
        #expect(place.told < 60)
    }

    @Test("Another number of connections holds for all after a reload")
    func reload() throws {
        let place = try WorkersPlace(relay: ["--delay", "dot=20ms"], relayKeys: "connections = 6")
        for index in 0..<40 { try place.submit(id: "job\(index)") }
        place.open()
        try place.run(until: { place.parent.relays(at: .now)[0].connections == 6 })
        var fewer = place.settings
        fewer.relays[0].connections = 2
        place.parent.use(fewer)
        for queue in place.queues {
            var own = queue.settings
            own.relays = fewer.relays
            queue.use(own)
            queue.schedule()
        }
        try place.run(until: { place.parent.relays(at: .now)[0].connections <= 2 })
        var most = 0
        place.heard = { _ in most = max(most, place.parent.relays(at: .now)[0].connections) }
        try place.run(until: { place.count(in: place.done) == 120 })
        #expect(most <= 2)
    }
}
