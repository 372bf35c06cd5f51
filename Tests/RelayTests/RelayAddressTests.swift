import Relay
import SMTP
import Testing
import Time

/// Which address of a relay is tried, and which one rests.
@Suite("Addresses of a relay")
struct RelayAddressTests {
    private let minute = Span.minutes(1).nanoseconds

    @Test("An address that fails rests for 1, 2, 4 … 32 minutes, until it works")
    func rests() {
        var rests = AddressRests()
        var now: Int64 = 0
        for length in [1, 2, 4, 8, 16, 32, 32] as [Int64] {
            rests.failed("127.0.0.2", at: now)
            // The others that were under way there.
            rests.failed("127.0.0.2", at: now + 1)
            #expect(rests.resting(at: now + length * minute - 1) == ["127.0.0.2"])
            #expect(rests.resting(at: now + length * minute) == [])
            now += length * minute
        }
        rests.worked("127.0.0.2")
        rests.failed("127.0.0.2", at: now)
        #expect(rests.resting(at: now + minute) == [])
    }

    @Test("Holds no more addresses than it may")
    func bounded() {
        var rests = AddressRests()
        for index in 0..<1000 { rests.failed("10.0.\(index / 256).\(index % 256)", at: 0) }
        #expect(rests.resting(at: 0).count == 64)
    }

    private let sick = ConnectionFailure(.greeting, code: 421, "421 4.3.2 no")

    @Test("All addresses are tried before the relay has failed; those that rest come last")
    func all() {
        var rests = AddressRests()
        rests.failed("::1", at: 0)
        var route = Route(hasAlternatives: true)
        #expect(route.avoided(rests, at: 1) == ["::1"])
        let answer1 = route.goesOn(after: sick, at: ["127.0.0.2"])
        #expect(answer1)
        rests.failed("127.0.0.2", at: 1)
        #expect(route.avoided(rests, at: 2).contains("127.0.0.2"))
        // Nothing else was left.
        let answer2 = route.exhausted(["::1", "127.0.0.2"])
        #expect(answer2)
        #expect(route.avoided(rests, at: 2) == ["127.0.0.2"])
        let answer3 = route.goesOn(after: sick, at: ["::1"])
        #expect(answer3)
        let answer4 = route.exhausted(["::1", "127.0.0.2"])
        #expect(!answer4)
        #expect(route.failure == sick)
    }

    @Test("Is at its end where the next address is of no use")
    func ends() {
        var literal = Route(hasAlternatives: false)
        let answer5 = literal.goesOn(after: sick, at: ["127.0.0.2"])
        #expect(!answer5)
        var refused = ConnectionFailure(.auth, code: 535, "535 no", isConfigurationFault: true)
        refused.refusesLogin = true
        var login = Route(hasAlternatives: true)
        let answer6 = login.goesOn(after: refused, at: ["127.0.0.2"])
        #expect(!answer6)
        var unknown = Route(hasAlternatives: true)
        let answer7 = unknown.goesOn(after: ConnectionFailure(.connect, "no such name"), at: [])
        #expect(!answer7)
        var endless = Route(hasAlternatives: true)
        var count = 0
        while count < 1000, endless.goesOn(after: sick, at: ["10.0.0.\(count)"]) { count += 1 }
        #expect(count < 50)
    }

    @Test("A failure that reached somebody is told, and not the refused connection after it")
    func telling() {
        var route = Route(hasAlternatives: true)
        _ = route.goesOn(after: ConnectionFailure(.connect, "refused"), at: ["::1"])
        _ = route.goesOn(after: sick, at: ["127.0.0.1"])
        _ = route.goesOn(after: ConnectionFailure(.connect, "refused"), at: ["127.0.0.2"])
        #expect(route.failure == sick)
    }

    @Test("A greeting is waited for shortly while another address may be left, and patiently when none is")
    func haste() {
        let silent = ConnectionFailure(.greeting, "no greeting within 30s")
        var route = Route(hasAlternatives: true)
        func patience() -> Span { route.patience(.minutes(5), inHaste: .seconds(30)) }
        #expect(patience() == .seconds(30))
        _ = route.goesOn(after: silent, at: ["127.0.0.2"], byHaste: true)
        _ = route.goesOn(after: sick, at: ["127.0.0.3"])
        let goesOn = route.exhausted(["127.0.0.2", "127.0.0.3"])
        #expect(goesOn && patience() == .minutes(5))
        #expect(route.avoided(AddressRests(), at: 0) == ["127.0.0.3"])
        _ = route.goesOn(after: silent, at: ["127.0.0.2"])
        let isOver = !route.exhausted(["127.0.0.2", "127.0.0.3"])
        #expect(isOver)
        #expect(Route(hasAlternatives: false).patience(.minutes(5), inHaste: .seconds(30)) == .minutes(5))
    }

    @Test("A temporary refusal of the login is one address's")
    func temporary() {
        var route = Route(hasAlternatives: true)
        let answer8 = route.goesOn(after: ConnectionFailure(.auth, code: 454, "454 later"), at: ["127.0.0.2"])
        #expect(answer8)
    }
}
