import Foundation
import Testing
import Text

@testable import Feedback

/// Sample bounces and what another reader of them, Sisimai, says; they are not part of this project.
/// Where they are: `OUTSPOOL_CORPORA`, or `shared/corpora` beside the project's folder.
private let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["OUTSPOOL_CORPORA"] {
        return URL(fileURLWithPath: path).appendingPathComponent("bounces")
    }
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return root.appendingPathComponent("shared/corpora/bounces")
}()

@Suite("Sample bounces")
struct BounceCorpusTests {
    /// What the other reader says of one recipient.
    private struct Expectation {
        let address: String
        let kind: String
        let messageID: String?
    }

    private func expectations() throws -> [String: [Expectation]] {
        let table = try String(contentsOf: folder.appendingPathComponent("expected.tsv"), encoding: .utf8)
        var found: [String: [Expectation]] = [:]
        for line in table.split(separator: "\n").dropFirst() {
            let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard words.count >= 6, words[1] != "-" else { continue }
            found[words[0], default: []].append(
                Expectation(address: words[1], kind: words[2], messageID: words[5] == "-" ? nil : words[5]))
        }
        return found
    }

    private func mail(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appendingPathComponent("mails/\(name)")))
    }

    @Test(
        "Recipients and kinds are those of the other reader",
        .enabled(
            if: FileManager.default.fileExists(atPath: folder.path),
            "skipped: set OUTSPOOL_CORPORA to a folder that has the mails in bounces/"))
    func recipients() throws {
        var (right, all, machineRight, machineAll) = (0, 0, 0, 0)
        var wrong: [String] = []
        for (name, wanted) in try expectations() {
            let mail = try mail(name)
            let reports = FeedbackReader.read(mail)
            let isMachine = String(decoding: mail, as: UTF8.self).lowercased().contains("message/delivery-status")
            let isRight = wanted.allSatisfy { expectation in
                reports.flatMap(\.recipients).contains { recipient in
                    let isHidden = expectation.address.hasPrefix("undisclosed-") && recipient.address.isEmpty
                    return (recipient.address.lowercased() == expectation.address.lowercased() || isHidden)
                        && kind(recipient) == expectation.kind
                }
            }
            all += 1
            if isRight { right += 1 }
            let isExcepted = bounceExceptions[name] != nil
            if isMachine, !isExcepted {
                machineAll += 1
                if isRight { machineRight += 1 }
            }
            if !isRight, !isExcepted { wrong.append(name) }
            if isRight, isExcepted { wrong.append("\(name) is no exception any more") }
        }
        #expect(all >= 277)
        #expect(wrong.isEmpty)
        // Exceptions count as wrong here, and are left out there.
        #expect(Double(right) >= 0.91 * Double(all), "\(right) of \(all)")
        #expect(Double(machineRight) >= 0.99 * Double(machineAll), "\(machineRight) of \(machineAll)")
        #expect(Double(all - wrong.count) >= 0.92 * Double(all))
    }

    @Test(
        "The original's Message-ID is found",
        .enabled(if: FileManager.default.fileExists(atPath: folder.path), "skipped: as above"))
    func messageIDs() throws {
        var (found, all) = (0, 0)
        for (name, wanted) in try expectations() {
            guard let id = wanted.compactMap(\.messageID).first else { continue }
            all += 1
            if FeedbackReader.read(try mail(name)).contains(where: { $0.clues.messageIDs.contains(id) }) { found += 1 }
        }
        #expect(all >= 230)
        #expect(Double(found) >= 0.94 * Double(all), "\(found) of \(all)")
    }

    @Test(
        "Every mail is understood, and is the same report with other Received fields",
        .enabled(if: FileManager.default.fileExists(atPath: folder.path), "skipped: as above"))
    func identity() throws {
        var ids: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("mails").path) {
            let mail = try mail(name)
            let reports = FeedbackReader.read(mail)
            #expect(!reports.isEmpty, "\(name)")
            let again =
                Array("Received: from elsewhere\r\n\tby mx.example.com; Mon, 23 Nov 2026 17:44:11 +0000\r\n".utf8)
                + mail
            if !mail.starts(with: Array("From ".utf8)) {
                #expect(FeedbackReader.read(again).map(\.id) == reports.map(\.id), "\(name)")
            }
            for report in reports {
                #expect(report.recipients.allSatisfy { ($0.reply?.utf8.count ?? 0) <= 500 })
                ids[report.id] = name
            }
        }
        #expect(ids.count >= 280)
    }

    private func kind(_ recipient: Report.Recipient) -> String {
        switch recipient.kind {
        case .complained: "complaint"
        case .autoReply: "auto-reply"
        case .delivered: "delivered"
        case .bounced, .delayed: recipient.class == .badAddress && recipient.isPermanent ? "hard" : "soft"
        }
    }
}
