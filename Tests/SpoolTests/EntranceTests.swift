import Foundation
import Linux
import Scratch
import Spool
import Synchronization
import Testing
import Time

@Suite("Entrance")
struct EntranceTests {
    private let object = Array(#"{"template":"x"}"#.utf8)

    @Test("What was submitted is in new/ under its id, byte for byte, private, and tmp/ is empty")
    func submits() throws {
        let spool = try Fixture()
        try spool.submit(#"{"template":"x"}"#, id: "a")
        #expect(try spool.read("new/a") == #"{"template":"x"}"#)
        #expect(try spool.scratch.mode("spool/new/a") == 0o600)
        #expect(try spool.list("tmp") == [])
    }

    @Test("An id that waits in new/ is EEXIST, and stays as it is")
    func existing() throws {
        let spool = try Fixture()
        try spool.submit(#"{"template":"first"}"#, id: "a")
        let error = #expect(throws: SpoolError.self) { try spool.submit(#"{"template":"second"}"#, id: "a") }
        #expect(error?.step == .publish)
        #expect(error?.errno == .exists)
        #expect(try spool.read("new/a") == #"{"template":"first"}"#)
        #expect(try spool.list("tmp") == [])
    }

    @Test("A draft is seen by nobody, and removed when it is dropped")
    func drafts() throws {
        let spool = try Fixture()
        let entrance = try Entrance(path: spool.path)
        do {
            let draft = try entrance.prepare(object, id: try #require(JobID("a")))
            #expect(draft.id.text == "a")
            #expect(try spool.list("new") == [])
            #expect(try spool.list("tmp").count == 1)
        }
        #expect(try spool.list("tmp") == [])
        try entrance.publish(try entrance.prepare(object, id: try #require(JobID("a"))))
        #expect(try spool.list("new") == ["a"])
        #expect(try spool.list("tmp") == [])
    }

    @Test("A batch has one result for each job, in order, across groups")
    func batch() throws {
        let spool = try Fixture()
        try spool.submit(id: "j7")
        let count = Entrance.groupSize * (Entrance.threadCount + 3) + 3
        var batch = (0..<count).map { (object: object, id: JobID("j\($0)")!) }
        // Of the same group: of two groups, either could be first.
        batch[300] = (object: object, id: JobID("j299")!)
        let results = try Entrance(path: spool.path).submit(batch: batch)
        #expect(results.count == count)
        for (index, result) in results.enumerated() {
            switch result {
            case .success(let id): #expect(id == batch[index].id && index != 7 && index != 300)
            case .failure(let error):
                #expect(index == 7 || index == 300)
                #expect(error.errno == .exists)
            }
        }
        #expect(try spool.list("new").count == count - 1)
        #expect(try spool.list("tmp") == [])
    }

    @Test("Threads that submit at the same time share waits, and each finds its jobs there on return")
    func threads() throws {
        let spool = try Fixture()
        let entrance = try Entrance(path: spool.path)
        let number = Atomic(0)
        let missing = Atomic(0)
        Threads.run(16) { [object, new = "\(spool.path)/new"] in
            for _ in 0..<50 {
                let id = JobID("j\(number.add(1, ordering: .relaxed).oldValue)")!
                // What fails is missing.
                try? entrance.submit(object, id: id)
                if access("\(new)/\(id)", F_OK) != 0 { missing.add(1, ordering: .relaxed) }
            }
        }
        #expect(missing.load(ordering: .relaxed) == 0)
        #expect(try spool.list("new").count == 800)
        #expect(try spool.list("tmp") == [])
    }

    @Test("A sync that fails is told to all that it was for, and the next is tried anew")
    func failedSync() throws {
        let spool = try Fixture()
        // A directory that was opened for its names cannot be synced.
        let unreadable = SharedSync(try Directory(anchorAt: spool.path))
        for _ in 0..<2 {
            #expect(throws: Errno(EBADF)) { try unreadable.sync() }
        }
        let readable = SharedSync(try Directory(path: spool.path))
        for _ in 0..<2 { try readable.sync() }
    }

    @Test("A directory that is no spool is named in the error")
    func noSpool() throws {
        let scratch = try Scratch()
        for path in [scratch.path, scratch.path("missing")] {
            let error = #expect(throws: SpoolError.self) { try Entrance(path: path) }
            #expect(error?.step == .open)
            #expect(error?.errno == .noEntry)
            #expect(error?.path.hasPrefix(path) == true)
            #expect(error?.isTemporary == false)
        }
    }

    @Test("A spool's new/ that is a symbolic link is refused")
    func linkedDirectory() throws {
        let spool = try Fixture()
        try Program.shell("cd '\(spool.path)' && mv new elsewhere && ln -s elsewhere new")
        #expect(throws: SpoolError.self) { try Entrance(path: spool.path) }
    }

    @Test("Root's files can be read by the daemon that owns the spool", .enabled(if: Machine.isRoot, "needs root"))
    func rootSubmits() throws {
        let spool = try Fixture()
        try Program.shell("chown -R 65534 '\(spool.path)'")
        try spool.submit(id: "a")
        #expect(try spool.scratch.mode("spool/new/a") == 0o604)
    }

    @Test("The mode does not depend on the umask of the moment", .enabled(if: Machine.isRoot, "needs root"))
    func umasks() throws {
        let spool = try Fixture()
        try Program.shell("chown -R 65534 '\(spool.path)'")
        try spool.submit(id: "a")
        let old = umask(0o077)
        defer { umask(old) }
        try spool.submit(id: "b")
        #expect(try spool.scratch.mode("spool/new/b") == 0o604)
    }
}
