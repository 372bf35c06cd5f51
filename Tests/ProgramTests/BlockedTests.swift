import Foundation
import Scratch
import Testing

@Suite("A broken template", .serialized, .ownThreads)
struct BlockedTests {
    @Test("It blocks its jobs and only those; repaired, all of them are sent without a command")
    func repaired() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let daemon = try place.daemon()
        try place.write("templates/broken/subject.mustache", "{{#open}}")
        try place.write("templates/broken/text.mustache", "Repaired {{n}}")
        for index in 0..<50 {
            try place.drop("broken\(index)", #"{"template":"broken","to":"a@example.com","params":{"n":\#(index)}}"#)
            try place.hello("fine\(index)")
        }
        try place.wait("the others to be sent, and these to be blocked") {
            place.names("done").count == 50 && place.names("retry/01-30s").count == 50
        }
        #expect(place.mails().count == 50)
        #expect(place.names("done").allSatisfy { $0.hasPrefix("fine") })
        #expect(place.names("dead").isEmpty)
        for index in 0..<50 { #expect(try place.events("broken\(index)") == ["blocked"]) }
        let reason = try #require(try place.history("broken0").last?["reason"] as? String)
        #expect(reason.contains("templates/broken/subject.mustache:1:1: "), "\(reason)")
        // Fifty jobs, one fault, said once.
        #expect(place.log.components(separatedBy: " blocked: ").count == 2)
        try place.write("templates/broken/subject.mustache", "Subject")
        // Half a minute is the bucket; the repair does not wait for it.
        try place.wait("all to be sent", limit: .seconds(25)) { place.names("done").count == 100 }
        #expect(place.mails().count == 100)
        for index in 0..<50 {
            #expect(try place.events("broken\(index)") == ["blocked", "sending", "sent"])
            #expect(try place.history("broken\(index)").last?["attempt"] as? Int == 1)
        }
        #expect(daemon.stop() == 0)
    }
}
