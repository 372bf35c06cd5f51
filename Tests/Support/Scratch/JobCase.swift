import Foundation

/// One line of `Tests/Support/Cases/jobs.jsonl`: a job, and whether it can ever be made into a mail. Whoever takes jobs
/// has to agree with it.
///
/// The client library agrees with all but the lines that have `"client": "cannot know"`: which characters a domain
/// may have is in the tables of libidn2, which applications do not link.
public struct JobCase: Sendable {
    public let name: String
    public let isGood: Bool
    /// Tells whether the client library can refuse it.
    public let isKnownToClient: Bool
    /// Where the fault of one that is not good is, as a JSON pointer.
    public let pointer: String?
    /// The job object, in one line.
    public let job: String
    /// An id for it.
    public let id: String

    /// Reads the table.
    public static func all() throws -> [JobCase] { try read("jobs.jsonl") }

    /// Reads the table of jobs of the template `booking`, which lies in ``templates``, good or not by its schema.
    public static func parameters() throws -> [JobCase] { try read("params.jsonl") }

    /// The folder of the templates of the tables.
    public static let templates = cases.appending(path: "templates").path

    private static let cases = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Cases")

    private static func read(_ name: String) throws -> [JobCase] {
        let file = cases.appending(path: name)
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        return try lines.enumerated().map { index, line in
            guard let line = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let name = line["case"] as? String, let verdict = line["verdict"] as? String, let job = line["job"]
            else { throw CocoaError(.fileReadCorruptFile) }
            let object = try JSONSerialization.data(withJSONObject: job, options: [.fragmentsAllowed, .sortedKeys])
            return JobCase(
                name: name, isGood: verdict == "good", isKnownToClient: line["client"] as? String != "cannot know",
                pointer: line["pointer"] as? String,
                job: String(decoding: object, as: UTF8.self), id: "case-\(index)"
            )
        }
    }
}
