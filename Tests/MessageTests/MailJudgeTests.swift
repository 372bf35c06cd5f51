import IDNA
import Judges
import Foundation
import Scratch
import Testing
import Time

@testable import Message

/// Independent readers of mail as judges of what is composed here.
@Suite("Others read what is composed", .serialized, .ownThreads)
struct MailJudgeTests {
    static let count = 2000

    @Test("2000 random messages", arguments: Judge.allCases.filter(\.isInstalled))
    func readRandomMessages(judge: Judge) throws {
        let said = try judge.read(try Self.mails.get())
        #expect(said == Judge.praise(Self.count))
    }

    /// Composed once for all judges.
    private static let mails = Result {
        try (0..<count).map { seed in
            var random = RandomMail(seed: UInt64(seed))
            let mail = try random.mail()
            let message = try mail.compose()
            #expect(message.needsSMTPUTF8 || message.bytes.allSatisfy { $0 < 0x80 }, "seed \(seed)")
            return expectation(of: mail, name: "seed \(seed)", bytes: message.bytes)
        }
    }

    @Test(
        "Both judges are there", .enabled(if: Judge.allCases.allSatisfy(\.isInstalled), "python3 and libgmime-3.0-dev"))
    func installed() {}

    @Test("A judge finds what is wrong", arguments: Judge.allCases.filter(\.isInstalled))
    func canFail(judge: Judge) throws {
        var random = RandomMail(seed: 7)
        let mail = try random.mail()
        var wrong = Self.expectation(of: mail, name: "wrong", bytes: try mail.compose().bytes)
        wrong.subject += "!"
        #expect(try judge.read([wrong]).hasSuffix("1 read 1 faults\n"))
    }

    static func expectation(of mail: Composition, name: String, bytes: [UInt8]) -> ExpectedMail {
        var expected = ExpectedMail(
            name: name, bytes: bytes, subject: mail.subject, id: mail.messageID.text, date: mail.date.seconds)
        expected.boxes = ["from": [mail.from], "to": mail.to, "cc": mail.cc, "reply-to": mail.replyTo]
        // A blank alternative would hide the other one: it is left out.
        expected.html = mail.text != nil && mail.html.map(HTMLText.isBlank) == true ? nil : mail.html
        expected.text = expected.html != nil && mail.text.map { Array($0.utf8).isBlank } == true ? nil : mail.text
        expected.files = mail.attachments.map { file in
            // A file that the HTML does not show is listed, and has no cid.
            guard let cid = file.cid, mail.html?.contains("cid:\(cid)") != true else { return file }
            return Attachment(filename: file.filename, contentType: file.contentType, content: file.content)
        }
        expected.headers = mail.headers.map { ($0.name, $0.value) }
        expected.mayBeSilent = true
        return expected
    }
}
