import JSON
import Relay
import SMTP
import Testing

@testable import Daemon

/// What a worker tells of a transaction, and what it may decide without asking.
@Suite("Evidence")
struct EvidenceTests {
    private static let all: [Evidence] =
        [
            .accepted, .silent, .unordered("no"), .stale("gone", wasAnswered: true), .stale("gone", wasAnswered: false),
            .cutOff(.init(reason: "cut", isAtMail: true, isOfSession: false, isInDoubt: false)),
            .cutOff(.init(reason: "cut", isAtMail: false, isOfSession: true, isInDoubt: true)),
        ]
        + Evidence.Refusal.Place.allCases.flatMap { place in
            ([nil] + Scope.allCases.map { $0 }).flatMap { scope in
                [true, false].flatMap { isPermanent in
                    [true, false].flatMap { isFirst in
                        [true, false].map { isOneGist in
                            Evidence.refused(
                                .init(
                                    reason: "550 no \u{E9} \"x\"", gist: "550 no", isPermanent: isPermanent,
                                    isOneGist: isOneGist, scope: scope, place: place, isFirst: isFirst))
                        }
                    }
                }
            }
        }

    @Test("A message has all of it")
    func coding() throws {
        for evidence in Self.all {
            let read = try JSON(parsing: evidence.json.encoded)
            #expect(Evidence(read) == evidence)
        }
        for fate in [Standing.Fate.asSaid, .putBack("no"), .reconnect("no")] {
            #expect(Standing.Fate(fate.json) == fate)
        }
        #expect(Evidence(["kind": "other"]) == nil && Standing.Fate(nil) == nil)
    }

    @Test(
        "What is the job's own affair keeps its outcome, however the relay stands",
        arguments: [MailProtocol.smtp, .lmtp])
    func own(language: MailProtocol) {
        let own = Self.all.filter { $0.isOfJob(language) }
        #expect(own.contains(.accepted) && own.count > 20 && own.count < Self.all.count)
        for evidence in own {
            var fresh = Standing(limit: 3, language: language)
            #expect(fresh.judge(evidence, job: "a", sender: "s", at: 0) == .asSaid)
            // A relay that has refused two senders and three jobs.
            var used = Standing(limit: 3, language: language)
            for index in 0..<6 {
                let refusal = Evidence.Refusal(
                    reason: "550 no", gist: "550 no", isPermanent: true, place: index < 2 ? .mail : .data)
                _ = used.judge(.refused(refusal), job: "j\(index)", sender: "s\(index % 2)", at: Int64(index))
            }
            #expect(used.breaker.isOpen)
            #expect(used.judge(evidence, job: "a", sender: "s0", at: 7) == .asSaid)
        }
    }

    @Test("A state and a sender's trouble are read as they were written")
    func state() throws {
        var state = RelayState()
        (state.nextProbe, state.isUnreachable, state.reason, state.allowed) = (5, true, "down", 3)
        (state.isUnlimited, state.tellsAll, state.isTrying, state.loginRest) = (false, true, true, 9)
        (state.hasRoom, state.care, state.recipientLimit) = (false, .alone, 20)
        for state in [state, RelayState()] {
            let read = try JSON(parsing: state.json.encoded)
            #expect(RelayState(try #require(read.object)) == state)
        }
        for trouble in [SenderTrouble(reason: "no", until: 7), SenderTrouble()] {
            let read = SenderTrouble.read(trouble.json(of: "a@b"))
            #expect(read?.sender == "a@b" && read?.trouble == trouble)
        }
    }

    @Test(
        "Who may be tried: none that rests before its time, none while another is tried, none but others while the breaker is open",
        arguments: [
            (nil, nil, false, false, true), (10, nil, false, false, false), (4, nil, false, false, true),
            (4, nil, false, true, false), (nil, 10, false, false, true), (nil, 10, true, false, false),
            (4, 10, false, false, false), (4, 5, false, false, true), (nil, 5, true, false, true),
        ] as [(Int64?, Int64?, Bool, Bool, Bool)])
    func takes(restsUntil: Int64?, probe: Int64?, isUnreachable: Bool, isTrying: Bool, expected: Bool) {
        var state = RelayState()
        (state.nextProbe, state.isUnreachable, state.isTrying) = (probe, isUnreachable, isTrying)
        let trouble = restsUntil.map { SenderTrouble(reason: "no", until: $0) }
        #expect(state.takes(trouble, at: 5) == expected)
    }
}
