import Glibc
import Linux
import Scratch
import Spool
import Testing
import Time

@Suite("suppressed/")
struct SuppressionFilesTests {
    private let fixture: Fixture
    private let files: SuppressionFiles
    private let now = Timestamp.now
    private let zoe = "zoe@example.com"
    private let policy = SuppressionPolicy()

    init() throws {
        fixture = try Fixture()
        files = try SuppressionFiles(path: fixture.path)
        try files.look(now: now)
    }

    private func lesson(_ kind: SuppressionPolicy.Lesson.Kind, _ job: String) -> SuppressionPolicy.Lesson {
        .init(kind, job: job, stream: "news", at: now)
    }

    private var names: [String] { get throws { try fixture.scratch.list("spool/suppressed") } }
    private func text(_ name: String) throws -> String { try fixture.scratch.read("spool/suppressed/\(name)") }

    @Test("A lesson is a file of one line, of mode 0600, and nothing stays in tmp/")
    func learned() throws {
        #expect(try files.record(of: zoe) == nil)
        try files.learn(lesson(.badAddress, "a"), of: zoe, by: policy, now: now)
        try files.learn(lesson(.complaint, "b"), of: zoe, by: policy, now: now)
        try files.learn(lesson(.complaint, "b"), of: zoe, by: policy, now: now)
        #expect(try names == [zoe])
        #expect(try text(zoe).split(separator: "\n").count == 2)
        #expect(try fixture.scratch.mode("spool/suppressed/\(zoe)") == 0o600)
        #expect(try fixture.scratch.list("spool/tmp").isEmpty)
        #expect(try files.record(of: zoe)?.entries.map(\.why) == [.badAddress, .complaint])
        #expect(try files.record(of: "zoe@example.net") == nil)
    }

    @Test("What others put there and remove is seen at the next look; rm frees")
    func looks() throws {
        try fixture.put("", "suppressed/\(zoe)")
        try files.look(now: now)
        #expect(try files.record(of: zoe)?.isBare == true)
        try fixture.scratch.remove("spool/suppressed/\(zoe)")
        #expect(try files.record(of: zoe) == nil)
        try files.look(now: now + .seconds(5))
        #expect(!files.hasFiles)
        // The directory itself may go, and come again.
        try fixture.scratch.remove("spool/suppressed")
        try files.look(now: now + .seconds(6))
        #expect(try files.record(of: zoe) == nil)
        try files.learn(lesson(.badAddress, "a"), of: zoe, by: policy, now: now)
        try files.look(now: now + .seconds(7))
        #expect(try files.record(of: zoe) != nil)
    }

    @Test("What is no file suppresses by its name, and is never opened for writing")
    func strangers() throws {
        try Directory.make(path: fixture.scratch.path("spool/suppressed/dir@x.example"), mode: 0o700)
        try fixture.put("", "elsewhere")
        let linked = fixture.scratch.path("spool/suppressed/link@x.example")
        try #require(symlink("../elsewhere", linked) == 0)
        try files.look(now: now)
        for address in ["dir@x.example", "link@x.example"] {
            #expect(try files.record(of: address)?.isBare == true)
            try files.learn(lesson(.badAddress, "a"), of: address, by: policy, now: now)
        }
        #expect(try fixture.scratch.read("spool/elsewhere") == "")
    }

    @Test("A delivered mail removes what only counted, and leaves the rest")
    func delivered() throws {
        try files.learn(lesson(.soft, "a"), of: zoe, by: policy, now: now)
        try files.learn(lesson(.delivered, "b"), of: zoe, by: policy, now: now)
        #expect(try names.isEmpty)
        try files.learn(lesson(.badAddress, "a"), of: zoe, by: policy, now: now)
        try fixture.put(
            String(
                decoding: SuppressionRecord([SuppressionEntry(zoe, at: now, why: .soft, job: "x")]).bytes, as: UTF8.self
            )
                + (try text(zoe)), "suppressed/\(zoe)")
        try files.learn(lesson(.delivered, "b"), of: zoe, by: policy, now: now)
        #expect(try files.record(of: zoe)?.entries.map(\.why) == [.badAddress])
        #expect(try fixture.scratch.list("spool/tmp").isEmpty)
    }

    @Test("What came to a file while it was replaced is taken over")
    func replaced() throws {
        try files.learn(lesson(.soft, "a"), of: zoe, by: policy, now: now)
        let seen = try #require(try files.record(of: zoe))
        // Another process learns between the look and the change.
        let other = try SuppressionFiles(path: fixture.path)
        try other.learn(lesson(.complaint, "b"), of: zoe, by: policy, now: now)
        try files.keep([], of: seen, in: zoe, zoe)
        #expect(try files.record(of: zoe)?.entries.map(\.why) == [.complaint])
        let again = try #require(try files.record(of: zoe))
        try other.learn(lesson(.badAddress, "c"), of: zoe, by: policy, now: now)
        try files.keep(again.entries, of: again, in: zoe, zoe)
        #expect(try files.record(of: zoe)?.entries.map(\.why) == [.complaint, .badAddress])
    }

    @Test("A torn last line is left, and the next one begins a line of its own")
    func torn() throws {
        try fixture.put(#"{"address":"zo"#, "suppressed/\(zoe)")
        try files.learn(lesson(.badAddress, "a"), of: zoe, by: policy, now: now)
        #expect(try files.record(of: zoe)?.entries.map(\.why) == [.badAddress])
        #expect(try text(zoe).hasPrefix("{\"address\":\"zo\n{"))
    }

    @Test("Ten thousand addresses of an import are each found, and those that were known add nothing")
    func many() throws {
        let addresses = (0..<10_000).map { "user\($0)@example.com" }
        let entries = addresses.map { SuppressionEntry($0, at: now, why: .manual) }
        let added = try files.addNew(entries)
        #expect(added == 10_000)
        #expect(try files.addNew(Array(entries[..<1000] + entries[..<10])) == 0)
        #expect(try files.addNew([entries[0], .init(addresses[0], at: now, why: .badAddress)]) == 1)
        for address in addresses { #expect(try files.record(of: address) != nil) }
        #expect(try files.record(of: "user10000@example.com") == nil)
        #expect(try names.count == 10_000)
        #expect(try fixture.scratch.list("spool/tmp").isEmpty)
    }

    @Test("Hostile names stay in the directory")
    func hostile() throws {
        let hostile = [
            "../../x@example.com", "/etc/passwd@example.com", ".hidden@example.com", "a\u{0}b@example.com",
            String(repeating: "x", count: 400) + "@example.com", "-rf@example.com", "\"a\\\"b\"@example.com",
        ]
        let before = try fixture.scratch.list("spool")
        for address in hostile {
            try files.learn(lesson(.badAddress, "a"), of: address, by: policy, now: now)
            let record = try files.record(of: address)
            #expect(record?.entries.map(\.address) == [address])
        }
        #expect(try names.count == hostile.count)
        var found: [String] = []
        try files.forEachName(failing: { $0 }) { (name) throws(SpoolError) in
            for entry in try files.record(named: name.text ?? "")?.entries ?? [] { found.append(entry.address) }
        }
        #expect(Set(found) == Set(hostile))
        #expect(try fixture.scratch.list("spool") == before)
    }
}
