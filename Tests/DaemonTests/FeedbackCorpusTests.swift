import Feedback
import Foundation
import Mail
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

/// Sample bounces; they are not part of this project. Where they are: `OUTSPOOL_CORPORA`, or `shared/corpora` beside the
/// project's folder.
private let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["OUTSPOOL_CORPORA"] {
        return URL(fileURLWithPath: path).appendingPathComponent("bounces/mails")
    }
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return root.appendingPathComponent("shared/corpora/bounces/mails")
}()

@Suite("Sample bounces reach their jobs")
struct FeedbackCorpusTests {
    /// SNS mails these to a subscriber, and not to the return path: they cannot have our token.
    static let notifications: Set = ["lhost-amazonses-11.eml", "lhost-amazonses-12.eml"]

    @Test(
        "Each sample that is understood, and has our token, is in its job's file",
        .enabled(
            if: FileManager.default.fileExists(atPath: folder.path),
            "skipped: set OUTSPOOL_CORPORA to a folder that has the mails in bounces/"))
    func tokens() throws {
        let place = try SpoolPlace()
        var settings = try place.settings("bounce_address = bounces+{token}@example.com\nsuppression = off")
        settings.loadBounceKey(in: place.spool, place.log)
        let outcomes = Outcomes(spool: place.spool, log: place.log)
        let intake = FeedbackIntake(
            spool: place.spool, loop: place.loop, ledger: place.ledger,
            suppressions: Suppressions(place.spool, place.log, policy: settings.suppression), outcomes: outcomes,
            watcher: nil, settings: settings)
        let date = Timestamp(rfc3339: "2026-11-23T17:44:11Z")!
        var told: [(id: String, sample: String)] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
            let mail = Array(try Data(contentsOf: folder.appendingPathComponent(name)))
            let recipients = FeedbackReader.read(mail).flatMap(\.recipients)
            guard recipients.contains(where: { $0.kind != .autoReply }), !Self.notifications.contains(name) else {
                continue
            }
            let id = "job-\(told.count)"
            told.append((id, name))
            var event = Event(.sent, at: date)
            event.to = ["zoe@example.org"]
            try place.put(
                "done/2026-11-23/\(id)",
                #"{"to":"zoe@example.org","subject":"s","text":"t"}"# + "\n"
                    + String(decoding: event.line, as: UTF8.self))
            // As the server that takes the bounce in writes it at the top.
            let job = try #require(JobID(id))
            let address = try #require(settings.mail.bounce?.address(for: job, date: date))
            let isMailbox = mail.starts(with: "From ".utf8)
            let top = isMailbox ? (mail.firstIndex(of: 0x0A) ?? -1) + 1 : 0
            let file = mail[..<top] + "Delivered-To: \(address)\n".utf8 + mail[top...]
            try Data(file).write(to: URL(fileURLWithPath: place.scratch.path("spool/feedback/new/\(name)")))
        }
        #expect(told.count >= 250)
        intake.open()
        for _ in 0..<150 {
            if try place.names("feedback/new").isEmpty { break }
            try place.loop.pass(.seconds(1))
        }
        #expect(try place.names("feedback/new") == [])
        let missed = try told.filter { job in
            try !JobFile(Array(place.scratch.read("spool/done/2026-11-23/\(job.id)").utf8)).history.events
                .contains(where: \.kind.isFeedback)
        }.map(\.sample)
        #expect(missed == [])
    }
}
