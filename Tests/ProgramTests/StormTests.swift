import Foundation
import Scratch
import Testing

/// Random file operations while mail flows, and then the accounts.
///
/// `OUTSPOOL_STORM` says how many operations (10,000 with `make storm`), `OUTSPOOL_STORM_SEED` which ones.
@Suite("A storm of file operations", .serialized, .ownThreads)
struct StormTests {
    /// SplitMix64: a seed makes the same operations, as far as the daemon's own timing lets them.
    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private static let buckets = Workplace.states.filter { $0.hasPrefix("retry/") }
    private static let environment = ProcessInfo.processInfo.environment

    /// Each operation: from where, to where; nil removes, the same place touches. How often, relative to the others.
    private static let operations: [(from: String, to: String?, weight: Int)] = [
        ("retry", "retry", 30), ("retry", "hold", 12), ("retry", "new", 8), ("retry", nil, 3), ("new", "hold", 8),
        ("new", nil, 2), ("new", "retry", 4), ("hold", "new", 16), ("hold", "retry", 4), ("hold", "dead", 2),
        ("hold", nil, 2),
        ("dead", "new", 10), ("dead", nil, 2), ("cur/main", "hold", 3), ("cur/main", "new", 2),
        ("cur/main", "cur/main", 3),
        ("done", "new", 2), ("pause", "pause", 1),
    ]

    private struct Message {
        let at: Double
        let isStored: Bool
    }

    /// What the sink says that it was given, by recipient; each job has one of its own.
    private func messages(_ place: Workplace) throws -> [String: [Message]] {
        var messages: [String: [Message]] = [:]
        let format = ISO8601DateFormatter()
        format.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        for line in place.text(place.root.appending(path: "sink.jsonl")).split(separator: "\n") {
            guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                object["event"] as? String == "message"
            else { continue }
            let to = try #require(object["to"] as? [String])
            let time = try #require(object["time"] as? String)
            let at = try #require(format.date(from: time))
            let message = Message(at: at.timeIntervalSince1970, isStored: object["stored"] as? Bool == true)
            for address in to { messages[String(address.prefix { $0 != "@" }), default: []].append(message) }
        }
        return messages
    }

    @Test("No job is lost that was not removed, none is sent twice, none is started after its removal")
    func storm() throws {
        let count = Int(Self.environment["OUTSPOOL_STORM"] ?? "") ?? 1500
        let seed = UInt64(Self.environment["OUTSPOOL_STORM_SEED"] ?? "") ?? .random(in: 0...9999)
        var random = Generator(state: seed)
        let place = try Workplace()
        let jobs = max(count / 5, 100)
        // Most jobs are deferred, and some refused, so that every state is full.
        var faults: [String] = []
        for index in 0..<jobs where index % 4 != 0 {
            faults += [
                "--fail",
                "dot(j\(index)@example.com)=\(index % 12 == 1 ? "550 5.1.1 No" : "451 4.7.1 Later"):\(index % 3 + 1)",
            ]
        }
        let port = try place.sink(
            options: faults + ["--delay", "dot=4ms", "--log", place.root.appending(path: "sink.jsonl").path])
        try place.configure(port: port, relay: "tls = none\nconnections = 4")
        let daemon = try place.daemon()

        /// When a job was removed from a state in which it waited.
        var removed: [String: Double] = [:]
        /// Jobs that were moved out of `cur/` while they were being sent.
        var disturbed: Set<String> = []
        /// Jobs that were sent, and then moved from `done/` to `new/`: they are not sent again.
        var reopened: Set<String> = []
        /// What was done to each job, for the report of a failure.
        var trace: [String: [String]] = [:]
        var submitted = 0
        var done: [String: Int] = [:]
        let total = Self.operations.reduce(0) { $0 + $1.weight }
        func entries(_ directory: String) -> [String] {
            // A directory of claims comes with its worker.
            let folder = place.spool.appending(path: directory).path
            return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }
                .sorted()
        }
        func names(in state: String) -> [(path: String, id: String)] {
            switch state {
            case "cur/main":
                entries("cur").flatMap { claims in entries("cur/\(claims)").map { ("cur/\(claims)/\($0)", $0) } }
            case "retry":
                Self.buckets.prefix(3).flatMap { bucket in place.names(bucket).map { ("\(bucket)/\($0)", $0) } }
            case "done":
                place.names("done").prefix(50).compactMap { id in
                    (try? place.file(id)).map { (String($0.path.dropFirst(place.spool.path.count + 1)), id) }
                }
            default: place.names(state).map { ("\(state)/\($0)", $0) }
            }
        }
        func path(_ name: String) -> String { place.spool.appending(path: name).path }

        // Where a state is empty there is nothing to do, and another throw.
        var throwsLeft = count * 3
        while done.values.reduce(0, +) < count, throwsLeft > 0 {
            throwsLeft -= 1
            if submitted < jobs, Int.random(in: 0..<6, using: &random) == 0 {
                try place.hello("j\(submitted)", to: "j\(submitted)@example.com")
                submitted += 1
            }
            var pick = Int.random(in: 0..<total, using: &random)
            let operation = Self.operations.first {
                pick -= $0.weight
                return pick < 0
            }!
            let word = "\(operation.from)>\(operation.to ?? "-")"
            if operation.from == "pause" {
                // The next one of these ends it.
                if unlink(path("pause")) != 0 { try place.write("spool/pause", "") }
                done[word, default: 0] += 1
                continue
            }
            guard let job = names(in: operation.from).randomElement(using: &random) else { continue }
            let ending: Int32
            switch operation.to {
            case nil:
                ending = unlink(path(job.path))
                if ending == 0 { removed[job.id] = Date().timeIntervalSince1970 }
            case operation.from: ending = utimes(path(job.path), nil)
            case let target?:
                let folder = target == "retry" ? Self.buckets.prefix(3).randomElement(using: &random)! : target
                ending = rename(path(job.path), path("\(folder)/\(job.id)"))
                if ending == 0, operation.from == "cur/main" { disturbed.insert(job.id) }
                if ending == 0, operation.from == "done" { reopened.insert(job.id) }
            }
            // The daemon was quicker, now and then.
            guard ending == 0 else {
                #expect(errno == ENOENT)
                continue
            }
            done[word, default: 0] += 1
            trace[job.id, default: []].append("\(Date().timeIntervalSince1970) \(word)")
        }
        unlink(path("pause"))
        while submitted < jobs {
            try place.hello("j\(submitted)", to: "j\(submitted)@example.com")
            submitted += 1
        }
        let all = Set((0..<jobs).map { "j\($0)" })
        let expected = all.subtracting(removed.keys)
        let patience = Date(timeIntervalSinceNow: 60)
        /// The jobs that are nowhere, and all that is known of the first.
        func missing() -> String {
            let ids = expected.subtracting(place.names("done")).sorted()
            let lines = place.log.split(separator: "\n").filter { line in
                ids.first.map { line.contains(" \($0): ") } ?? false
            }
            return "\(ids); of the first: \(lines.joined(separator: "\n")); \(trace[ids.first ?? ""] ?? [])"
        }
        try place.wait("every job that was not removed to be sent; seed \(seed)", limit: .seconds(90)) {
            for (path, id) in names(in: "hold") + names(in: "dead") {
                _ = rename(place.spool.appending(path: path).path, place.spool.appending(path: "new/\(id)").path)
            }
            for bucket in Self.buckets { for id in place.names(bucket) { utimes(path("\(bucket)/\(id)"), nil) } }
            let isDone = Set(place.names("done")).isSuperset(of: expected)
            if !isDone, Date() > patience { Issue.record("missing: \(missing())") }
            return isDone || Date() > patience
        }
        try place.wait("nothing to be under way", limit: .seconds(30)) {
            place.names("cur/main").isEmpty && place.names("new").isEmpty
        }
        #expect(daemon.stop() == 0)

        let messages = try messages(place)
        for id in all.sorted() {
            let places = place.places(id)
            let own = messages[id] ?? []
            let stored = own.count { $0.isStored }
            if let moment = removed[id] {
                if disturbed.contains(id) {
                    // It may have been on its way when it was removed.
                    #expect(stored <= 1, "\(id) was sent \(stored) times; seed \(seed)")
                    continue
                }
                #expect(places.isEmpty, "\(id) was removed and is in \(places); seed \(seed)")
                // The sink's clock is this one's, cut to milliseconds.
                #expect(!own.contains { $0.at > moment + 0.001 }, "\(id) was started after its removal; seed \(seed)")
                #expect(
                    stored == (reopened.contains(id) ? 1 : 0),
                    "\(id) was sent \(stored) times and removed from a state in which it waited; seed \(seed)")
            } else {
                #expect(places == ["done"], "\(id) is in \(places); seed \(seed)")
                #expect(stored == 1, "\(id) was sent \(stored) times; seed \(seed)")
            }
        }
        let words = done.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let performed = done.values.reduce(0, +)
        print("storm \(seed): \(performed) operations on \(jobs) jobs, \(removed.count) removed: \(words)")
        #expect(performed > count / 2, "the storm was none: \(words)")
    }
}
