import Scratch
import Testing

@Suite("The table of jobs, by outspool submit", .serialized, .ownThreads)
struct JobCaseTests {
    @Test("A batch takes the good ones and names the lines of the others")
    func batch() throws {
        let spool = try Fixture()
        let cases = try JobCase.all()
        let input = cases.map { "{\"id\":\"\($0.id)\",\"job\":\($0.job)}\n" }.joined()
        let ran = try spool.run("submit", "--batch", "-", input: input)
        #expect(ran.status == 65)
        let wrong = cases.filter { $0.isGood != ran.lines.contains($0.id) }.map(\.name)
        #expect(wrong == [], "\(ran.err)")
        #expect(try spool.list("new").count == cases.filter(\.isGood).count)
        #expect(ran.err.split(separator: "\n").count == cases.filter { !$0.isGood }.count)
    }

    @Test(
        "One by one it is the same",
        arguments: [("recipient with a space", Int32(65)), ("sendAt null", 65), ("cc empty", 0)])
    func single(name: String, status: Int32) throws {
        let spool = try Fixture()
        let job = try #require(try JobCase.all().first { $0.name == name })
        #expect(try spool.run("submit", "--job", "-", input: job.job).status == status)
    }
}
