import Foundation
import Linux
import Scratch
import Spool
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
        let count = Entrance.groupSize * 2 + 3
        var batch = (0..<count).map { (object: object, id: JobID("j\($0)")!) }
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

    @Test("Root's files can be read by the daemon that owns the spool", .enabled(if: Program.isRoot, "needs root"))
    func rootSubmits() throws {
        let spool = try Fixture()
        try Program.shell("chown -R 65534 '\(spool.path)'")
        try spool.submit(id: "a")
        #expect(try spool.scratch.mode("spool/new/a") == 0o604)
    }

    @Test("The mode does not depend on the umask of the moment", .enabled(if: Program.isRoot, "needs root"))
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
