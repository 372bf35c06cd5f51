import Foundation
import Scratch
import Testing

/// The repository, by the place of this file.
private let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

/// The pages and the help say the same of each verb.
@Suite("outspool(1) and --help", .serialized, .ownThreads)
struct ManualTests {
    /// The verbs of the help, in its order.
    static let verbs: [String] = {
        guard let help = try? Program.built("outspool").run(["--help"]) else { return [] }
        return help.lines.compactMap { line in
            line.firstMatch(of: #/^  ([a-z][a-z-]*)  +[^ ]/#).map { String($0.1) }
        }
    }()

    static func options(in text: String) -> Set<String> {
        Set(text.matches(of: #/(?:^|[^A-Za-z0-9-])(--[a-z][a-z0-9-]*|-[a-z])(?![A-Za-z0-9-])/#).map { String($0.1) })
    }

    /// The options that outspool.1 names for each verb: in its part of the SYNOPSIS, and in its section.
    static func manual() throws -> (synopsis: [String: Set<String>], sections: [String: Set<String>]) {
        let text = try String(contentsOf: repository.appending(path: "man/outspool.1"), encoding: .utf8)
        var synopsis: [String: Set<String>] = [:]
        var sections: [String: Set<String>] = [:]
        var title = ""
        var verbs: [String] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if line.hasPrefix(".S") {
                (title, verbs) = (words[1], line.hasPrefix(".Ss ") ? Array(words.dropFirst()) : [])
            }
            if title == "SYNOPSIS", words[0] == ".Cm" { verbs = Array(words.dropFirst()) }
            var isFlag = false
            for word in words {
                if word == "Fl" || word == ".Fl" {
                    isFlag = true
                } else if isFlag, word != "|" {
                    if let first = word.first, first == "-" || first.isLowercase {
                        for verb in verbs {
                            if title == "SYNOPSIS" {
                                synopsis[verb, default: []].insert("-" + word)
                            } else {
                                sections[verb, default: []].insert("-" + word)
                            }
                        }
                    } else {
                        isFlag = false
                    }
                }
            }
            if title != "SYNOPSIS" { for verb in verbs { sections[verb, default: []].formUnion([]) } }
        }
        return (synopsis, sections)
    }

    static func help(_ verb: String) throws -> String { try Program.built("outspool").run([verb, "--help"]).out }

    @Test("The help has every verb once, and there are as many as there were")
    func everyVerb() {
        #expect(Set(Self.verbs).count == Self.verbs.count)
        #expect(Self.verbs.count == 31)
    }

    @Test("Each verb has a section of its own, and names there the options of its help and no others", arguments: verbs)
    func options(verb: String) throws {
        let ran = try Program.built("outspool").run([verb, "--help"])
        let manual = try Self.manual()
        let common: Set<String> = ["--spool", "--config", "--help", "--version"]
        let filters: Set<String> = ["--state", "--template", "--to", "--older", "--error", "--tag", "--event", "--all"]
        let section = try #require(manual.sections[verb], "outspool.1 has no section for \(verb)")
        let said = section.union(manual.synopsis[verb] ?? [])
        let helped = Self.options(in: ran.out).subtracting(common)
        let takesFilters = !helped.isDisjoint(with: ["--older", "--error"])
        for option in helped.subtracting(said).sorted() where !(takesFilters && filters.contains(option)) {
            Issue.record("outspool.1 does not say what \(verb) \(option) is")
        }
        for option in section.subtracting(common).sorted() {
            // pause and resume share a section.
            let helps = try verb == "pause" || verb == "resume" ? Self.help("pause") + Self.help("resume") : ran.out
            #expect(helps.contains(option), "outspool.1 has \(verb) \(option), and the help has not")
        }
    }

    @Test(
        "The other programs' help and page have the same options",
        arguments: [
            ("outspoold", "outspoold.8"), ("outspool-sink", "outspool-sink.8"), ("outspool-web", "outspool-web.8"),
        ])
    func programs(program: String, page: String) throws {
        let help = Self.options(in: try Program.built(program).run(["--help"]).out).filter { $0.hasPrefix("--") }
        let text = try String(contentsOf: repository.appending(path: "man/\(page)"), encoding: .utf8)
        let manual = Set(text.matches(of: #/Fl -([a-z][a-z0-9-]+)/#).map { "--\($0.1)" })
        #expect(help.count > 3)
        #expect(help.subtracting(["--help", "--version"]) == manual.subtracting(["--help", "--version"]))
    }

    @Test("mandoc finds nothing", .enabled(if: Machine.program("mandoc") != nil, "needs mandoc"))
    func lint() throws {
        let pages = try FileManager.default.contentsOfDirectory(atPath: repository.appending(path: "man").path)
        #expect(pages.count >= 7)
        for page in pages {
            let ran = try Program(try #require(Machine.program("mandoc"))).run(
                ["-T", "lint", "-W", "warning", repository.appending(path: "man/\(page)").path])
            #expect(ran.out == "" && ran.err == "", "\(ran.out)\(ran.err)")
        }
    }
}
