import Foundation
import Scratch
import Testing

private let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

private func contents(_ path: String) -> String {
    (try? String(contentsOf: repository.appending(path: path), encoding: .utf8)) ?? ""
}

/// docs/operating.md names nothing that the product does not have.
@Suite("The operator's guide", .serialized, .ownThreads)
struct GuideTests {
    static let guide = contents("docs/operating.md")

    /// What the programs may say: every string of their sources.
    static let sources: String = {
        let folder = repository.appending(path: "Sources")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        var text = ""
        for case let file as URL in files ?? .init() where file.pathExtension == "swift" {
            text += contents("Sources" + file.path.dropFirst(folder.path.count))
        }
        return text
    }()

    /// The command lines of `outspool` in it, without what stands before and behind: a verb and its words.
    static let commands: [[String]] = guide.matches(of: #/outspool(?: --spool [^ `]+)? ([a-z][a-z-]*)([^`|;&<>\n#)]*)/#)
        .compactMap { match in
            let before = guide[..<match.range.lowerBound].suffix(2)
            // Only where a command is: at a prompt, in a block, in backticks, behind another command.
            guard ["`", "$ ", "| ", "& ", "  "].contains(where: { before.hasSuffix($0) }) else { return nil }
            return [String(match.1)] + match.2.split(separator: " ").map(String.init)
        }

    @Test("Its commands have verbs and options that there are")
    func verbs() throws {
        #expect(Self.commands.count > 30)
        for words in Self.commands {
            let help = try Program.built("outspool").run([words[0], "--help"])
            #expect(help.status == 0, "no verb: \(words)")
            for option in ManualTests.options(in: words.dropFirst().joined(separator: " ")) {
                #expect(ManualTests.options(in: help.out).contains(option), "no option \(option): \(words)")
            }
        }
    }

    @Test("Its metrics are written, and its alerts are in the rules")
    func metrics() {
        let names = Set(Self.guide.matches(of: #/outspool_[a-z_]+[a-z]/#).map { String($0.output) })
        #expect(names.count >= 5)
        for name in names { #expect(Self.sources.contains("\"\(name)\""), "\(name)") }
        let alerts = Set(Self.guide.matches(of: #/`(Outspool[A-Z][A-Za-z]+)`/#).map { String($0.1) })
        let rules = contents("etc/prometheus/outspool.rules.yml")
        for alert in alerts { #expect(rules.contains("alert: \(alert)\n"), "\(alert)") }
        #expect(alerts.count >= 5)
    }

    @Test("Its keys are those of the configuration")
    func keys() {
        let keys = Set(Self.guide.matches(of: #/`([a-z]+(?:_[a-z]+)+)(?: = [^`]*)?`/#).map { String($0.1) })
        let known = contents("etc/outspool.conf") + contents("man/outspool-templates.7")
        #expect(keys.count >= 5)
        for key in keys where !key.hasPrefix("outspool_") { #expect(known.contains(key), "\(key)") }
    }

    @Test("Its events are those of a history")
    func events() {
        let events = Set(Self.guide.matches(of: #/"event":"([a-z-]+)"/#).map { String($0.1) })
        #expect(!events.isEmpty)
        let kinds = contents("Sources/Spool/Event.swift")
        for event in events {
            #expect(kinds.contains("\"\(event)\"") || kinds.contains("case \(event)\n"), "\(event)")
        }
    }

    @Test(
        "What it quotes of the log and of the verbs, they say",
        arguments: [
            "no attempt is counted", "works again", "(fix the configuration)", "login refused: ",
            "refuses sender ", "does not work", "breaker open: ", " is not closed", "is not declared in schema.json",
            "trying again every second", "nothing is claimed meanwhile", "the spool takes writes again",
            "has the spool, and has not written status.json", "the disk is full",
            "the daemon died before the reply was seen",
            " after a crash: ", "discarded: the same job is in ",
            "waits in the drop box until some are sent or removed",
            "They are not tried any more.", "the daemon is not running: it ", "the next start recovers them",
            " being sent, ", " not written to disk", "certificate for ", "resumed", "would be", " MiB free, ",
        ])
    func phrases(phrase: String) {
        #expect(Self.guide.contains(phrase), "the guide does not quote it any more")
        #expect(Self.sources.contains(phrase), "no program says it any more")
    }
}
