import Foundation
import JSON
import Scratch
import Testing

/// A spool of one test's own, and the command under the names of sendmail(1).
struct SendmailFixture {
    let spool: Fixture
    /// What completes addresses on this machine.
    let origin: String

    init() throws {
        spool = try Fixture()
        for name in ["sendmail", "mailq", "newaliases"] {
            try FileManager.default.createSymbolicLink(
                atPath: spool.scratch.path(name), withDestinationPath: spool.outspool.path)
        }
        // As the manual has it: /etc/mailname, or the configuration's (there is none), or the machine's.
        let mailName = try? String(contentsOfFile: "/etc/mailname", encoding: .utf8)
        let name = mailName?.split(separator: "\n").first.map(String.init) ?? ProcessInfo.processInfo.hostName
        origin = name.lowercased()
    }

    func program(_ name: String = "sendmail") -> Program {
        var program = spool.outspool
        program.path = spool.scratch.path(name)
        return program.with("OUTSPOOL_CONFIG", "")
    }

    @discardableResult
    func run(_ arguments: [String], input: String = "To: t@x\n\nbody\n", as name: String = "sendmail") throws -> Ran {
        try program(name).run(arguments, input: input)
    }

    /// The jobs in new/, in the order of their ids.
    func jobs() throws -> [JSON] { try spool.list("new").map { try spool.object($0) } }

    /// `sender recipient recipient`, the machine's name left out.
    func envelope(_ job: JSON) -> String {
        let envelope = job.object?["envelope"]?.object
        let words = [envelope?["from"]?.string ?? "?"] + (envelope?["to"]?.array ?? []).map { $0.string ?? "?" }
        return words.map { $0.isEmpty ? "<>" : $0.replacingOccurrences(of: "@\(origin)", with: "@") }
            .joined(separator: " ")
    }

    func message(_ job: JSON) -> String? { job.object?["message"]?.string }
}
