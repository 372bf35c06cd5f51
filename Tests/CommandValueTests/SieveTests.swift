import Linux
import Scratch
import Testing

@testable import Command

@Suite("Sieve")
struct SieveTests {
    /// Whether a file of that text may be of a job that the filter means.
    private func passes(_ text: String, _ filter: JobFilter) throws -> Bool {
        let scratch = try Scratch()
        try scratch.write(text, to: "d/a")
        let directory = try Directory(path: scratch.path("d"))
        var stream = try directory.entries()
        let name = try #require(try stream.next())
        return Sieve(filter).mayPass(name, at: directory)
    }

    private func to(_ text: String) -> JobFilter {
        var filter = JobFilter()
        filter.to = text
        return filter
    }

    @Test(
        "A file is passed over only where no reading of it can find the text",
        arguments: [
            ("zoe@example.com", #"{"to":"zoe@example.com"}"#, true), ("ZOE@", #"{"to":"zoe@example.com"}"#, true),
            ("zoe@", #"{"to":"Zoe@example.com"}"#, true), ("bob@", #"{"to":"zoe@example.com"}"#, false),
            // What JSON writes in two ways, what is more than ASCII, and what lower case makes ASCII.
            ("bob@", #"{"to":"\u0062ob@example.com"}"#, true), ("zoë", #"{"to":"x@example.com"}"#, true),
            ("k@", "{\"to\":\"\u{212A}@example.com\"}", true), ("i", "{\"to\":\"\u{130}\"}", true),
            ("a/b@", #"{"to":"a\/b@example.com"}"#, true), ("", "{}", true), ("bob", "no job", false),
        ] as [(String, String, Bool)])
    func texts(text: String, file: String, mayPass: Bool) throws {
        #expect(try passes(file, to(text)) == mayPass)
    }

    @Test("Every condition has to hold, of one with several texts one")
    func conditions() throws {
        var filter = JobFilter()
        filter.events = ["bounced", "complained"]
        filter.tags = ["welcome"]
        let job = #"{"to":"a@example.com","tags":["welcome"]}"# + "\n"
        #expect(try passes(job + #"{"at":"2026-11-24T09:00:00Z","event":"complained"}"#, filter))
        #expect(try !passes(job + #"{"at":"2026-11-24T09:00:00Z","event":"delivered"}"#, filter))
        #expect(try !passes(#"{"event":"bounced"}"#, filter))
        #expect(try passes(job, JobFilter()))
    }

    @Test("A file beyond what is read of it may pass")
    func large() throws {
        #expect(try passes(String(repeating: "x", count: 65536), to("bob@example.com")))
        #expect(try !passes(String(repeating: "x", count: 65535), to("bob@example.com")))
    }
}
