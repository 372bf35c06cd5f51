import Foundation
import Scratch
import Testing

/// outspool-web on a spool, or a whole `outspool dev`, until the value goes.
final class WebPlace {
    let scratch: Scratch
    let program: RunningProgram
    /// `http://127.0.0.1:40112`
    let address: String
    var spool: String { scratch.path("spool") }

    /// `outspool web` with these options on a new spool.
    convenience init(_ options: String..., prepare: (Scratch) throws -> Void = { _ in }) throws {
        let scratch = try Scratch()
        #expect(try Program.built("outspool").run(["init", scratch.path("spool")]).status == 0)
        try prepare(scratch)
        try self.init(
            scratch, ["web", "--spool", scratch.path("spool"), "--listen", "127.0.0.1:0"] + options, "listening on ")
    }

    /// `outspool dev` with these options on templates of its own.
    static func dev(_ options: String...) throws -> WebPlace {
        let scratch = try Scratch()
        try scratch.write("Hello, {{name}}\n", to: "templates/hello/subject.mustache")
        try scratch.write("Hello {{name}}, see https://example.com/start\n", to: "templates/hello/text.mustache")
        try scratch.write("{\"name\":\"Zoë\"}\n", to: "templates/hello/sample.json")
        return try WebPlace(scratch, ["dev", scratch.path("templates"), "--port", "0"] + options, "pages    ")
    }

    private init(_ scratch: Scratch, _ words: [String], _ word: String) throws {
        self.scratch = scratch
        let program = try RunningProgram(
            .built("outspool").with("TMPDIR", scratch.path).with("OUTSPOOL_CONFIG", ""), words)
        self.program = program
        try waitUntil("the pages to be served", details: { program.err }) {
            program.out.contains(word) && program.out.hasSuffix("\n")
        }
        address = String(
            try #require(program.out.split(separator: "\n").first { $0.hasPrefix(word) }).dropFirst(word.count)
        ).trimmingCharacters(in: CharacterSet(charactersIn: "/"))
    }

    /// What `outspool dev` said behind a word, such as `SMTP`.
    func said(_ word: String) throws -> String {
        let line = try #require(program.out.split(separator: "\n").first { $0.hasPrefix(word) })
        return line.dropFirst(word.count).trimmingCharacters(in: .whitespaces)
    }

    /// A response, as curl(1) sees it.
    struct Seen {
        var status: Int
        var head: String
        var body: String
    }

    /// Asks for a path with curl(1).
    func get(_ path: String, _ options: String...) throws -> Seen { try ask(path, options) }

    func post(_ path: String, _ form: [String] = [], _ options: String...) throws -> Seen {
        try ask(path, ["--request", "POST"] + form.flatMap { ["--data-urlencode", $0] } + options)
    }

    private func ask(_ path: String, _ options: [String]) throws -> Seen {
        let curl = Program(try #require(Machine.program("curl")))
        let ran = try curl.run(
            ["--silent", "--show-error", "--max-time", "60", "--include", "--globoff"] + options + [address + path])
        let text = ran.out.replacingOccurrences(of: "HTTP/1.1 100 Continue\r\n\r\n", with: "")
        let parts = text.components(separatedBy: "\r\n\r\n")
        let head = parts[0]
        let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Seen(status: status, head: head, body: parts.dropFirst().joined(separator: "\r\n\r\n"))
    }

    /// Every file of the spool, with its size and times.
    func snapshot() throws -> [String] {
        let manager = FileManager.default
        let names = manager.enumerator(atPath: spool)?.compactMap { $0 as? String } ?? []
        return try names.sorted().map { name in
            let facts = try manager.attributesOfItem(atPath: spool + "/" + name)
            return "\(name) \(facts[.size] ?? "") \(facts[.modificationDate] ?? "")"
        }
    }
}
