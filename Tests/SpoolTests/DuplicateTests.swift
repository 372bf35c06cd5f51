import JSON
import Linux
import Testing
import Time

@testable import Spool

@Suite("Duplicates, and what only looks like one")
struct DuplicateTests {
    private static let object = "{\"template\":\"a\"}"

    /// What the daemon saw of the file when it looked at it in `new/`.
    private func seen(_ spool: Fixture, _ id: JobID) throws -> (contents: JobFile, inode: UInt64) {
        guard case .job(let job) = try spool.tree.examine(id, in: .new, limit: 1 << 20) else {
            throw Fixture.Unclaimable()
        }
        return (job.contents, job.status.inode)
    }

    private func settle(
        _ spool: Fixture, _ id: JobID, of place: State, _ seen: (contents: JobFile, inode: UInt64)
    ) throws -> SpoolTree.Duplicate {
        try spool.tree.settleDuplicate(id, inode: seen.inode, of: place, limit: 1 << 20, now: .now) {
            $0.object.elementsEqual(seen.contents.object)
        }
    }

    @Test("The same job is discarded, another one is not")
    func discards() throws {
        let spool = try Fixture()
        let id = try #require(JobID("k"))
        try spool.put(Self.object + "\n", "new/k")
        try spool.put(Self.object + "\n{\"x\":1}\n", "hold/k")
        #expect(try settle(spool, id, of: .hold, try seen(spool, id)) == .discarded)
        #expect(try spool.list("new") == [])
        #expect(try spool.list("tmp") == [])
        try spool.put("{\"template\":\"b\"}\n", "new/k")
        #expect(try settle(spool, id, of: .hold, try seen(spool, id)) == .other)
        #expect(try spool.list("new") == ["k"])
        #expect(try settle(spool, id, of: .dead, try seen(spool, id)) == .none)
        #expect(try spool.list("hold") == ["k"])
    }

    /// The daemon saw it in `new/`; the operator moved it to `hold/`, where the daemon saw it again, and back.
    @Test("One file that was moved is not its own duplicate")
    func moved() throws {
        let spool = try Fixture()
        let id = try #require(JobID("k"))
        try spool.put(Self.object + "\n", "new/k")
        let seen = try seen(spool, id)
        try spool.tree.new.rename("k", into: spool.tree.hold, as: "k")
        #expect(try settle(spool, id, of: .hold, seen) == .none)
        #expect(try spool.list("hold") == ["k"])
    }

    @Test("A name that has been given to another file is left to it")
    func exchanged() throws {
        let spool = try Fixture()
        let id = try #require(JobID("k"))
        try spool.put(Self.object + "\n", "new/k")
        let seen = try seen(spool, id)
        try spool.tree.new.rename("k", into: spool.tree.dead, as: "k")
        try spool.put(Self.object + "\n{\"y\":1}\n", "new/k")
        #expect(try spool.tree.discard(new: id, inode: seen.inode, now: .now) == false)
        #expect(try spool.read("new/k") == Self.object + "\n{\"y\":1}\n")
        #expect(try spool.list("dead") == ["k"])
        #expect(try spool.list("tmp") == [])
    }

    @Test("What was looked at is what is claimed")
    func claimed() throws {
        let spool = try Fixture()
        let id = try #require(JobID("k"))
        try spool.put(Self.object + "\n", "new/k")
        guard case .job(let job) = try spool.tree.examine(id, in: .new, limit: 1 << 20) else {
            Issue.record("no job")
            return
        }
        try spool.tree.new.rename("k", into: spool.tree.hold, as: "k")
        try spool.put("{\"template\":\"other\"}\n", "new/k")
        if try spool.tree.claim(job, from: .new) != nil { Issue.record("another file was claimed") }
        #expect(try spool.read("new/k") == "{\"template\":\"other\"}\n")
        #expect(try spool.read("hold/k") == Self.object + "\n")
        #expect(try spool.list("cur/main") == [])
    }
}
