import Foundation
import Scratch
import Testing

@Suite("Jobs and the schema of their template", .serialized, .ownThreads)
struct SchemaViolationTests {
    func place() throws -> Workplace {
        let place = try Workplace()
        try place.write(
            "templates/hello/schema.json",
            #"{"type":"object","properties":{"name":{"type":"string"},"count":{"type":"integer"}},"required":["name"],"additionalProperties":false}"#
        )
        return place
    }

    @Test("A job that does not fit is dead with the reason, one that does is sent")
    func daemon() throws {
        let place = try place()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.drop("misfit", #"{"template":"hello","to":"a@example.com","params":{"count":"three"}}"#)
        try place.hello("fits")
        try place.wait(for: "fits", in: "done")
        try place.wait(for: "misfit", in: "dead")
        let reason = try #require(try place.history("misfit").last?["reason"] as? String)
        #expect(reason.contains("/params/count: expected an integer"), "\(reason)")
        #expect(reason.contains("name"))
        #expect(place.mails().count == 1)
    }

    @Test("submit refuses what does not fit before it writes, when it sees the templates")
    func submit() throws {
        let place = try place()
        try place.configure(port: 1)
        func submit(_ words: String...) throws -> Ran {
            try place.run(
                Program.built("outspool").path,
                ["--config", place.configuration.path, "submit", "hello", "--to", "a@example.com"] + words)
        }
        let misfit = try submit("-p", "nmae=Zoë")
        #expect(misfit.status == 65)
        #expect(misfit.out.isEmpty)
        #expect(misfit.err.contains("did you mean 'name'?"), "\(misfit.err)")
        #expect(place.names("new").isEmpty)
        // A key that the schema has no strings for takes the value that the text is.
        let fits = try submit("-p", "name=42", "-p", "count=42", "--id", "typed")
        #expect(fits.out == "typed\n", "\(fits.err)")
        #expect(place.text(try place.file("typed")).contains(#""params":{"name":"42","count":42}"#))
    }

    @Test("A schema that is none blocks the template's jobs until it is repaired")
    func broken() throws {
        let place = try place()
        try place.write("templates/hello/schema.json", #"{"tpye":"object"}"#)
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.hello("waits")
        try place.wait(for: "waits", in: "retry/01-30s")
        #expect((try place.history("waits").last?["reason"] as? String)?.contains("did you mean 'type'?") == true)
        try place.write("templates/hello/schema.json", #"{"type":"object"}"#)
        try place.wait(for: "waits", in: "done")
    }
}
