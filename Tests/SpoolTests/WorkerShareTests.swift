import Glibc
import Linux
import Scratch
import Testing

@testable import Spool

@Suite("Which worker a name belongs to")
struct WorkerShareTests {
    @Test(
        "The hash is FNV-1a of 64 bits",
        arguments: [
            // The reference vectors of the algorithm's authors.
            ("", 0xCBF2_9CE4_8422_2325), ("a", 0xAF63_DC4C_8601_EC8C), ("foobar", 0x8594_4171_F739_67E8),
        ] as [(String, UInt64)])
    func hash(of name: String, is expected: UInt64) {
        for count in [1, 2, 3, 7, 64] {
            #expect(WorkerShare.owner(of: name.utf8, among: count) == Int(expected % UInt64(count)) + 1)
        }
    }

    @Test("Every name belongs to exactly one worker, whatever it is", arguments: 1...5)
    func partition(among count: Int) throws {
        let names = (0..<500).map { "20261123T174411Z-\($0)" } + ["", ".hidden", "bad name", "Zoë", "a@shop"]
        var owned = [Int](repeating: 0, count: count + 1)
        for name in names {
            let owners = (1...count).filter { WorkerShare($0, of: count)?.owns(DirectoryName(name)) == true }
            #expect(owners.count == 1, "\(name)")
            owned[try #require(owners.first)] += 1
        }
        // Nobody has much more than the others.
        for number in 1...count { #expect(owned[number] * count > names.count / 2) }
    }

    @Test("A name that is not UTF-8 belongs to the worker of its bytes")
    func bytes() throws {
        let spool = try Fixture()
        let raw: [UInt8] = [0x66, 0xFF, 0x6F]
        let path = Array("\(spool.path)/new/".utf8) + raw + [0]
        let file = path.withUnsafeBufferPointer {
            $0.withMemoryRebound(to: CChar.self) { creat($0.baseAddress!, 0o600) }
        }
        #expect(file >= 0)
        close(file)
        var names = try spool.tree.new.entries()
        let name = try #require(try names.next())
        #expect(name.text == nil)
        for number in 1...7 {
            let owns = try #require(WorkerShare(number, of: 7)).owns(name)
            #expect(owns == (WorkerShare.owner(of: raw, among: 7) == number))
        }
    }

    @Test("No share but 1 to N of N", arguments: [(0, 3), (4, 3), (1, 0), (-1, 1)])
    func impossible(_ number: Int, _ count: Int) { #expect(WorkerShare(number, of: count) == nil) }

    @Test("Each worker has a directory of its own; a daemon without workers has the instance's")
    func directory() {
        #expect(WorkerShare.everything.claims(of: "main") == "main")
        #expect(WorkerShare(2, of: 3)?.claims(of: "main") == "main.2")
    }
}

@Suite("A spool with workers")
struct WorkerTreeTests {
    private let scratch: Scratch
    private let path: String

    init() throws {
        scratch = try Scratch()
        path = scratch.path("spool")
        try Creation.spool(at: path)
    }

    private func worker(_ number: Int, of count: Int) throws -> SpoolTree {
        let share = try #require(WorkerShare(number, of: count))
        return try SpoolTree(path: path, instance: "main", as: .worker(share))
    }

    @Test("Workers have a lock each, and the parent that of cur/")
    func locks() throws {
        let parent = try SpoolTree(path: path, instance: "main", as: .parent)
        let workers = [try worker(1, of: 2), try worker(2, of: 2)]
        #expect(workers.map(\.instance) == ["main.1", "main.2"])
        for (path, role) in [("cur", .daemon), ("cur", .parent)] as [(String, SpoolTree.Role)] {
            let error = #expect(throws: SpoolTree.OpenError.self) {
                _ = try SpoolTree(path: self.path, instance: "main", as: role)
            }
            guard case .locked(let locked) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(locked == "\(self.path)/\(path)")
        }
        let error = #expect(throws: SpoolTree.OpenError.self) { _ = try worker(2, of: 2) }
        guard case .locked(let locked) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(locked == "\(path)/cur/main.2")
        withExtendedLifetime((parent, workers)) {}
    }

    @Test("A worker of a parent that died keeps its directory, and the next parent starts all the same")
    func outlives() throws {
        let worker: SpoolTree
        do {
            let parent = try SpoolTree(path: path, instance: "main", as: .parent)
            worker = try self.worker(1, of: 2)
            withExtendedLifetime(parent) {}
        }
        let next = try SpoolTree(path: path, instance: "main", as: .parent)
        #expect(throws: SpoolTree.OpenError.self) { _ = try self.worker(1, of: 2) }
        _ = try self.worker(2, of: 2)
        withExtendedLifetime((worker, next)) {}
    }

    @Test("What another process has claimed is found where it is said to be looked for")
    func otherClaims() throws {
        let spool = try worker(1, of: 2)
        let id = try #require(JobID("a"))
        try Program.shell("mkdir '\(path)/cur/main.3' && touch '\(path)/cur/main.3/a' '\(path)/dead/a'")
        #expect(try spool.places(of: id, except: .new) == [.dead])
        spool.otherClaims = ["main.2", "main.3"]
        #expect(try spool.places(of: id, except: .new) == [.dead, .claimed(instance: "main.3")])
        #expect(try spool.places(of: id, except: .claimed(instance: "main.3")) == [.dead])
        #expect(try spool.claimDirectories() == ["main.1", "main.3"])
    }
}
