import JSON
import Outspool
import Scratch
import Testing

@Suite("The table of jobs, by the client library")
struct ClientCaseTests {
    @Test("It refuses what the daemon would bury, and leaves nothing on disk; it queues the others")
    func objects() throws {
        let box = try Box()
        for job in try JobCase.all() where job.isKnownToClient {
            let value = try JSON(parsing: Array(job.job.utf8))
            if job.isGood {
                do { _ = try box.spool.prepare(object: value).publish() } catch {
                    Issue.record("\(job.name): \(error)")
                }
                continue
            }
            let error = #expect(throws: SubmitError.self, "\(job.name)") {
                _ = try box.spool.prepare(object: value).publish()
            }
            guard case .invalid(job.pointer, _)? = error else {
                Issue.record("\(job.name): \(String(describing: error))"); continue
            }
        }
        #expect(try box.ids.count == JobCase.all().filter(\.isGood).count)
        #expect(try box.scratch.list("tmp") == [])
    }

    @Test("What only the daemon can know is little, and is taken")
    func unknowable() throws {
        let box = try Box()
        let unknowable = try JobCase.all().filter { !$0.isKnownToClient }
        #expect(unknowable.map(\.name) == ["IDN with a character that domains do not have"])
        for job in unknowable {
            _ = try box.spool.prepare(object: try JSON(parsing: Array(job.job.utf8))).publish()
        }
    }

    /// What a job of the public type is refused for, and the field that the error names.
    private static let jobs: [(field: String, change: @Sendable (inout Job) -> Void)] = [
        ("/to", { $0.to = ["nobody"] }),
        ("/to", { $0.to = [Address(name: "Zoe", email: "a@b@c.example")] }),
        ("/to", { $0.to = ["a@b.example", "x y"] }),
        ("/cc", { $0.cc = ["@b.example"] }),
        ("/bcc", { $0.bcc = ["a@b..example"] }),
        ("/from", { $0.from = "x" }),
        ("/replyTo", { $0.replyTo = "x y" }),
        ("/sender", { $0.sender = "x" }),
        ("/envelope/from", { $0.envelopeFrom = "Zoe <a@b.example>" }),
        ("/envelope/to/1", { $0.envelopeTo = ["a@b.example", "nope"] }),
        ("/headers", { $0.headers = ["Bcc": "a@b.example"] }),
        ("/headers", { $0.headers = ["X Y": "z"] }),
        ("/headers", { $0.headers = ["References": "<a@b>", "references": "<c@d>"] }),
        ("/attachments/0", { $0.attachments = [Attachment(.content([0x78]), contentType: "pdf")] }),
        ("/attachments/0", { $0.attachments = [Attachment(.content([0x78]), cid: "a b")] }),
        (
            "/attachments/0",
            { $0.attachments = [Attachment(.content([0x41, 0x3A, 0, 0x0A]), contentType: " Message/RFC822")] }
        ),
        ("/attachments/0/file", { $0.attachments = [Attachment(.file("../x"))] }),
        (
            "/attachments/1/cid",
            { $0.attachments = [Attachment(.content([0]), cid: "a"), Attachment(.content([1]), cid: "a")] }
        ),
        ("", { $0.to = [] }),
    ]

    @Test("One by one and in a batch the field is named", arguments: jobs.indices)
    func fields(index: Int) throws {
        let box = try Box()
        let (field, change) = Self.jobs[index]
        var job = Job(subject: "s", text: "t", to: ["a@b.example"])
        change(&job)
        let bad = job
        let single = #expect(throws: SubmitError.self) { try box.spool.submit(bad) }
        let batch = #expect(throws: SubmitError.self) { try box.spool.submit(batch: [bad])[0].get() }
        for error in [single, batch] {
            guard case .invalid(field, _)? = error else { Issue.record("\(String(describing: error))"); continue }
        }
        #expect(try box.ids == [])
        #expect(try box.scratch.list("tmp") == [])
    }

    @Test("An attached message is judged by what is in it, another file by its names")
    func attachedMessage() throws {
        let box = try Box()
        var job = Job(subject: "s", text: "t", to: ["a@b.example"])
        job.attachments = [
            Attachment(.content(Array("A: b\n\n".utf8)), contentType: "message/rfc822"),
            Attachment(.content([0, 0x0A]), filename: "x.bin"), Attachment(.content([])),
        ]
        let id = try box.spool.submit(job)
        #expect(try box.ids == [id])
    }

    @Test("Of a subject, of HTML and of a whole message too")
    func contents() throws {
        let box = try Box()
        let bad: [(field: String, job: Job)] = [
            ("/subject", Job(subject: "a\u{B}b", text: "t", to: ["a@b.example"])),
            ("/attachments", Job(subject: "s", html: "<img src=cid:logo>", to: ["a@b.example"])),
            ("/message", Job(message: "From: a@b.example\nBcc c\n\nx", to: ["a@b.example"])),
            ("/message", Job(message: "From: a@b.example\nTo: x y\n\nx", to: [])),
            ("", Job(message: "From: a@b.example\n\nx", to: [])),
        ]
        for (field, job) in bad {
            let error = #expect(throws: SubmitError.self) { try box.spool.submit(job) }
            guard case .invalid(field, _)? = error else { Issue.record("\(String(describing: error))"); continue }
        }
        #expect(try box.ids == [])
        _ = try box.spool.submit(Job(message: "From: a@b.example\nTo: c@d.example\n\nx", to: []))
    }
}
