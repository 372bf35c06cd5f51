import Foundation
import Scratch
import Testing

@Suite("The table of jobs, by the daemon", .serialized, .ownThreads)
struct JobVerdictTests {
    @Test("What it buries is what submit refuses")
    func verdicts() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), main: "attachments_directory = .")
        try place.write("a.txt", "x")
        let cases = try JobCase.all()
        for job in cases { try place.drop(job.id, job.job + "\n") }
        _ = try place.daemon()
        try place.wait("all jobs to leave new/ and cur/", limit: .seconds(60)) {
            place.names("new").isEmpty && place.names("cur/main").isEmpty
        }
        let dead = Set(place.names("dead"))
        let wrong = cases.filter { $0.isGood == dead.contains($0.id) }.map(\.name)
        #expect(wrong == [])
        #expect(dead.count == cases.filter { !$0.isGood }.count)
    }

    @Test("It buries what a schema does not allow, and names the place")
    func parameters() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        for file in ["schema.json", "subject.mustache", "text.mustache"] {
            let source = URL(filePath: JobCase.templates).appending(path: "booking/\(file)")
            try place.write("templates/booking/\(file)", try String(contentsOf: source, encoding: .utf8))
        }
        let cases = try JobCase.parameters()
        for job in cases { try place.drop(job.id, job.job + "\n") }
        _ = try place.daemon()
        try place.wait("all jobs to leave new/ and cur/", limit: .seconds(60)) {
            place.names("new").isEmpty && place.names("cur/main").isEmpty
        }
        let dead = Set(place.names("dead"))
        #expect(cases.filter { $0.isGood == dead.contains($0.id) }.map(\.name) == [])
        for job in cases {
            guard let pointer = job.pointer else { continue }
            let reason = try place.history(job.id).last?["reason"] as? String ?? ""
            let place = "\(pointer.dropFirst()): "
            #expect(
                reason.contains(place + "expected") || reason.contains(place + "unknown property"),
                "\(job.name): \(reason)")
        }
    }

    @Test("A file with two objects is not a job", arguments: ["\n", ""])
    func twoObjects(separator: String) throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let object = #"{"to":"a@b.example","subject":"s","text":"t"}"#
        try place.drop("two", object + separator + object + "\n")
        // Its writer has ten seconds to finish it.
        _ = try place.daemon()
        try place.wait("a dead letter", limit: .seconds(30)) { place.names("dead").count == 1 }
        #expect(place.mails() == [])
        #expect(
            try place.history(place.names("dead")[0]).last?["reason"] as? String
                == "text behind the job object: a file has one job")
    }

    @Test("Another order of members is the same job, another character is not")
    func sameJob() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.drop("j", #"{"to":"a@b.example","subject":"é","text":"t"}"#)
        try place.wait(for: "j", in: "done")
        try place.drop("j", #"{ "text":"t","subject":"\#u{E9}","to":"a@b.example"}"#)
        try place.wait("the same job to be discarded") { place.log.contains("discarded: the same job") }
        try place.drop("j", "{\"to\":\"a@b.example\",\"subject\":\"e\u{301}\",\"text\":\"t\"}")
        try place.wait("another job to be buried") { place.names("dead").count == 1 }
        #expect(place.mails().count == 1)
    }

    @Test("A control character of a parameter is a space in the subject")
    func control() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.drop("c", #"{"template":"hello","to":"z@example.com","params":{"name":"O\u0092Br\u0000ien"}}"#)
        try place.wait(for: "c", in: "done")
        #expect(place.mails()[0].contains("O Br ien"))
    }
}
