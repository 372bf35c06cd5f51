import Foundation
import IDNA
import JSON
import Judges
import Message
import Spool
import Template
import Scratch
import Testing
import Time

@testable import Mail

/// The templates of `etc/`, made into mail the way the daemon does it, and read by others.
@Suite("Mail of the sample templates")
struct SampleMailTests {
    static let submitted = Timestamp(rfc3339: "2026-11-23T17:44:11Z")!
    static let templates =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "etc/templates").path

    static func mail(
        _ template: Template, _ job: String, id: String = "job-1", change: (inout RenderedPart) -> Void = { _ in }
    ) throws -> (OutgoingMail, RenderedPart) {
        let job = try Job(try JSON(parsing: Array(job.utf8)))
        var rendered = try RenderedPart(template, for: job)
        change(&rendered)
        let defaults = MailDefaults(from: "Example Shop <shop@example.com>", domain: "mail.example.com")
        let mail = try OutgoingMail(
            job, id: JobID(id)!, date: submitted, rendered: rendered, defaults: defaults)
        return (mail, rendered)
    }

    /// Every sample in every locale that it has, and in the default; once more without its text part.
    static func samples() throws -> [ExpectedMail] {
        let store = TemplateStore(directory: templates)
        var expected: [ExpectedMail] = []
        for name in try store.names() {
            let template = try store.template(named: name)
            if template.isTask { continue }
            let locales = Set(template.parts.map(\.locale)).sorted { ($0 ?? "") < ($1 ?? "") }
            let params = JSON.object(try #require(template.sample)).text
            for locale in locales {
                let word = locale.map { #","locale":"\#($0)""# } ?? ""
                let job = #"""
                    {"template":"\#(name)","params":\#(params)\#(word),"replyTo":{"name":"Service, Ltd.","email":"service@bücher.example"},
                    "to":["Zoë Müller <zoe@example.com>","山田太郎 <taro@例え.jp>"],"cc":"cc@example.com","bcc":"hidden@example.com",
                    "attachments":[{"filename":"Rechnung Nr. 1042 – Größe 😀.pdf","content":"JVBERi0="}]}
                    """#
                let id = "\(name).\(locale ?? "default")"
                let (mail, rendered) = try Self.mail(template, job, id: id)
                #expect(!String(decoding: mail.bytes, as: UTF8.self).contains("hidden@"))
                #expect(mail.recipients.count == 4)
                var one = ExpectedMail(
                    name: "\(name) \(locale ?? "default")", bytes: mail.bytes, subject: rendered.subject,
                    id: "<\(id)@mail.example.com>", date: submitted.seconds)
                one.boxes = [
                    "from": [try Mailbox(parsing: "Example Shop <shop@example.com>")],
                    "to": [
                        try Mailbox(parsing: "Zoë Müller <zoe@example.com>"), try Mailbox(parsing: "山田太郎 <taro@例え.jp>"),
                    ],
                    "cc": [try Mailbox(parsing: "cc@example.com")],
                    "reply-to": [try Mailbox(parsing: "\"Service, Ltd.\" <service@bücher.example>")],
                ]
                (one.text, one.html) = (rendered.text, rendered.html)
                one.files = [
                    Attachment(
                        filename: "Rechnung Nr. 1042 – Größe 😀.pdf", contentType: "application/pdf",
                        content: Array("%PDF-".utf8))
                ]
                one.files += template.attachments.map {
                    Attachment(filename: $0.name, contentType: "application/pdf", content: $0.bytes)
                }
                if rendered.html != nil {
                    one.files += template.images.values.map {
                        Attachment(filename: $0.name, contentType: "image/png", cid: $0.name, content: $0.bytes)
                    }
                }
                one.headers = [("Auto-Submitted", "auto-generated")]
                if name == "order-shipped" { one.headers.append(("X-Order", "1042")) }
                expected.append(one)
                if rendered.html == nil || rendered.text == nil { continue }
                one.name += " without its text"
                one.id = "<\(id).html@mail.example.com>"
                one.bytes = try Self.mail(template, job, id: "\(id).html") { $0.text = nil }.0.bytes
                one.text = nil
                expected.append(one)
            }
        }
        return expected
    }

}

@Suite("Others read the mail of the sample templates", .serialized, .ownThreads)
struct SampleJudgeTests {
    @Test("Each sample in each locale is read back as it was meant", arguments: Judge.allCases.filter(\.isInstalled))
    func readBack(judge: Judge) throws {
        let samples = try SampleMailTests.samples()
        #expect(
            Set(samples.map(\.name)).isSuperset(of: ["hello default", "order-shipped default", "order-shipped de"]))
        #expect(samples.contains { $0.files.contains { $0.cid == "logo.png" } })
        #expect(samples.contains { $0.files.contains { $0.filename == "returns.pdf" } })
        let said = try judge.read(samples)
        #expect(said == Judge.praise(samples.count))
    }
}
