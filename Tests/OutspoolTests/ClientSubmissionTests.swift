import Foundation
import JSON
import Outspool
import Scratch
import Testing

struct OrderShipped: TypedJob {
    var orderId: Int
    var carrier: String
}

/// An application's spool, made by the shell as spool(5) has it.
struct Box {
    let scratch: Scratch
    let spool: Spool

    init() throws {
        scratch = try Scratch()
        try Program.shell("mkdir '\(scratch.path)/tmp' '\(scratch.path)/new'")
        spool = try Spool(path: scratch.path)
    }

    func text(_ id: String) throws -> String { try scratch.read("new/\(id)") }
    var ids: [String] { get throws { try scratch.list("new") } }
}

/// The object that a job becomes, by its text.
private func object(_ job: Job) throws -> String {
    let box = try Box()
    return try box.text(try box.spool.submit(job))
}

@Suite("Submission")
struct ClientSubmissionTests {
    @Test("The one line of the manual")
    func oneLine() throws {
        let box = try Box()
        let id = try box.spool.submit(OrderShipped(orderId: 1042, carrier: "DHL"), to: "Zoë <zoe@example.com>")
        #expect(try box.ids == [id])
        #expect(
            try box.text(id)
                == #"{"template":"order-shipped","params":{"carrier":"DHL","orderId":1042},"to":"Zoë <zoe@example.com>"}"#
                + "\n")
    }

    @Test("Every field has its name of spool(5)")
    func fields() throws {
        var job = Job(
            template: "x", params: ["a/b": 1], to: ["a@example.com", Address(name: "B, \"b\"", email: "b@example.com")])
        job.id = "key-1"
        job.cc = ["c@example.com"]
        job.bcc = ["d@example.com"]
        job.from = "f@example.com"
        job.replyTo = "r@example.com"
        job.sender = "s@example.com"
        job.envelopeFrom = ""
        job.envelopeTo = ["e@example.com"]
        job.notifications = Notifications(on: [.delay, .success], returning: .headers, envelopeID: "v 1")
        job.locale = "de-AT"
        job.headers = ["X-B": "2", "X-A": "1"]
        job.attachments = [
            Attachment(.content(Array("hi".utf8)), filename: "a.txt", contentType: "text/plain", cid: "c"),
            Attachment(.file("b.pdf")),
        ]
        job.priority = .bulk
        job.sendAt = Date(timeIntervalSince1970: 1_795_455_851.5)
        job.expiresAt = Date(timeIntervalSince1970: 4_099_766_400)
        job.tags = ["t"]
        job.metadata = ["k": "v"]
        #expect(
            try object(job)
                == #"{"template":"x","params":{"a/b":1},"to":["a@example.com",{"name":"B, \"b\"","email":"b@example.com"}],"cc":"c@example.com","bcc":"d@example.com","from":"f@example.com","replyTo":"r@example.com","sender":"s@example.com","envelope":{"from":"","to":["e@example.com"]},"dsn":{"notify":["success","delay"],"return":"headers","envelopeId":"v 1"},"locale":"de-AT","headers":{"X-A":"1","X-B":"2"},"attachments":[{"filename":"a.txt","contentType":"text/plain","cid":"c","content":"aGk="},{"file":"b.pdf"}],"priority":"bulk","sendAt":"2026-11-23T17:44:11.500Z","expiresAt":"2099-12-01T00:00:00.000Z","tags":["t"],"metadata":{"k":"v"}}"#
                + "\n")
    }

    @Test("Mail and messages")
    func contents() throws {
        #expect(
            try object(Job(subject: "s", text: "t\n", to: ["a@b"])) == #"{"subject":"s","text":"t\n","to":"a@b"}"#
                + "\n")
        #expect(
            try object(Job(message: "A: b\r\n\r\n", to: ["a@b"])) == #"{"message":"A: b\r\n\r\n","to":"a@b"}"# + "\n")
        var silent = Job(subject: "s", text: "t\n", to: ["a@b"])
        silent.notifications = Notifications(on: [])
        #expect(
            try object(silent) == #"{"subject":"s","text":"t\n","to":"a@b","dsn":{"notify":["never"]}}"# + "\n")
        #expect(try object(Job(message: [0xFF], to: ["a@b"])) == #"{"message":{"base64":"/w=="},"to":"a@b"}"# + "\n")
    }

    @Test("Dates among the parameters are RFC 3339")
    func dates() throws {
        let text = try object(Job(template: "x", params: ["at": Date(timeIntervalSince1970: 1_795_455_851)], to: []))
        #expect(text == #"{"template":"x","params":{"at":"2026-11-23T17:44:11Z"}}"# + "\n")
    }

    @Test("Equal jobs are equal bytes, whatever the order of a dictionary")
    func deterministic() throws {
        let params = Dictionary(uniqueKeysWithValues: (0..<50).map { ("key\($0)", $0) })
        let other = Dictionary(uniqueKeysWithValues: (0..<50).reversed().map { ("key\($0)", $0) })
        #expect(
            try object(Job(template: "x", params: params, to: [])) == object(Job(template: "x", params: other, to: [])))
    }

    @Test("A row for an outbox table has the bytes of a submission, and needs no spool")
    func outboxRow() throws {
        let box = try Box()
        var job = Job(OrderShipped(orderId: 1, carrier: "DHL"), to: "a@b")
        #expect(try job.outboxRow().id != job.outboxRow().id)
        job.id = "order-1"
        let row = try job.outboxRow()
        #expect(row.id == "order-1")
        #expect(try box.ids == [])
        try box.spool.submit(job)
        #expect(try box.text("order-1") == row.job + "\n")
        job.id = "a/b"
        #expect(throws: SubmitError.self) { try job.outboxRow() }
        #expect(throws: SubmitError.self) { try Job(template: "x", to: ["a@b\n"]).outboxRow() }
    }

    @Test("A job of the same id is already queued")
    func idempotency() throws {
        let box = try Box()
        var job = Job(OrderShipped(orderId: 1, carrier: "DHL"), to: "a@b")
        job.id = "order-1"
        #expect(try box.spool.submit(job) == "order-1")
        #expect(throws: SubmitError.alreadyQueued(id: "order-1")) { try box.spool.submit(job) }
        var other = Job(OrderShipped(orderId: 2, carrier: "DHL"), to: "a@b")
        other.id = "order-1"
        let error = #expect(throws: SubmitError.self) { try box.spool.submit(other) }
        guard case .invalid(field: "id", _) = error else { Issue.record("\(String(describing: error))"); return }
        #expect(try box.ids == ["order-1"])
        #expect(try box.scratch.list("tmp") == [])
    }

    @Test("What the daemon would bury is refused, and the field named")
    func invalid() throws {
        let cases: [(String, (inout Job) -> Void)] = [
            ("id", { $0.id = "../x" }), ("/to", { $0.to = ["a@b\r\nBcc: c@d"] }), ("/from", { $0.from = "a\0" }),
            ("/headers/X-A", { $0.headers = ["X-A": "a\nb"] }), ("/envelope/to", { $0.envelopeTo = [] }),
            ("/dsn/envelopeId", { $0.notifications = Notifications(envelopeID: "a\nb") }),
            ("/sendAt", { $0.sendAt = .distantFuture }),
            ("/expiresAt", { $0.expiresAt = Date(timeIntervalSince1970: .nan) }),
            ("/expiresAt", { $0.expiresAt = Date(timeIntervalSinceNow: -1) }),
            (
                "/expiresAt",
                {
                    $0.sendAt = Date(timeIntervalSinceNow: 7200)
                    $0.expiresAt = Date(timeIntervalSinceNow: 3600)
                }
            ),
        ]
        let box = try Box()
        for (field, change) in cases {
            var job = Job(OrderShipped(orderId: 1, carrier: "DHL"), to: "a@b")
            change(&job)
            let error = #expect(throws: SubmitError.self) { try box.spool.submit(job) }
            guard case .invalid(field, _) = error else {
                Issue.record("\(field): \(String(describing: error))")
                continue
            }
        }
        #expect(try box.ids == [])
        #expect(try box.scratch.list("tmp") == [])
    }

    @Test("Parameters must be an object that JSON can hold")
    func params() throws {
        let box = try Box()
        for job in [
            Job(template: "x", params: [1, 2], to: []), Job(template: "x", params: ["a": Double.infinity], to: []),
            Job(subject: "s", to: []),
        ] {
            let error = #expect(throws: SubmitError.self) { try box.spool.submit(job) }
            guard case .invalid = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        #expect(try box.ids == [])
    }

    @Test("A batch has one result for each job")
    func batch() throws {
        let box = try Box()
        var jobs = (0..<5).map { Job(OrderShipped(orderId: $0, carrier: "DHL"), to: "a@b") }
        for index in jobs.indices { jobs[index].id = "j\(index)" }
        jobs[1].id = "bad id"
        jobs[3].id = "j2"
        let results = box.spool.submit(batch: jobs)
        #expect(results.count == 5)
        #expect(results[0] == .success("j0"))
        #expect(results[2] == .success("j2"))
        #expect(results[3] == .failure(.alreadyQueued(id: "j2")))
        #expect(results[4] == .success("j4"))
        guard case .failure(.invalid(field: "id", _)) = results[1] else {
            Issue.record("\(results[1])")
            return
        }
        #expect(try box.ids == ["j0", "j2", "j4"])
    }

    @Test("A draft is queued when it is published, and gone when it is dropped")
    func drafts() throws {
        let box = try Box()
        let job = Job(OrderShipped(orderId: 1, carrier: "DHL"), to: "a@b")
        do { _ = try box.spool.prepare(job) }
        #expect(try box.scratch.list("tmp") == [])
        let draft = try box.spool.prepare(job)
        #expect(try box.ids == [])
        let id = draft.id
        #expect(try draft.publish() == id)
        #expect(try box.ids == [id])
    }

    @Test("A path without a spool is unusable")
    func unusable() throws {
        let scratch = try Scratch()
        let error = #expect(throws: SubmitError.self) { try Spool(path: scratch.path("missing")) }
        guard case .unusable(let fault) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(fault.path == scratch.path("missing"))
        #expect(fault.errno == ENOENT)
    }

    @Test("A value of one thread serves all")
    func threads() async throws {
        let box = try Box()
        let spool = box.spool
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<50 {
                group.addTask {
                    #expect(throws: Never.self) {
                        try spool.submit(OrderShipped(orderId: index, carrier: "DHL"), to: "a@b")
                    }
                }
            }
        }
        #expect(try box.ids.count == 50)
    }
}

private struct HTMLReport: TypedJob {}
private struct Welcome: TypedJob { static let template = "hello" }

@Suite("Typed job")
struct TypedJobTests {
    @Test("The template is the type's name in kebab case, or what it says")
    func templates() {
        #expect(OrderShipped.template == "order-shipped")
        #expect(HTMLReport.template == "html-report")
        #expect(Welcome.template == "hello")
    }

    @Test("A task has no recipient")
    func task() throws {
        let box = try Box()
        #expect(try box.text(try box.spool.submit(HTMLReport())) == #"{"template":"html-report"}"# + "\n")
    }
}
