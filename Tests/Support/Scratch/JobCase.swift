import Foundation

/// One line of `Tests/Support/Cases/jobs.jsonl`: a job, and whether it can ever be made into a mail. Whoever takes jobs
/// has to agree with it.
public struct JobCase: Sendable {
    public let name: String
    public let isGood: Bool
    /// The job object, in one line.
    public let job: String
    /// An id for it.
    public let id: String

    /// Reads the table.
    public static func all() throws -> [JobCase] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Cases/jobs.jsonl")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        return try lines.enumerated().map { index, line in
            guard let line = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let name = line["case"] as? String, let verdict = line["verdict"] as? String, let job = line["job"]
            else { throw CocoaError(.fileReadCorruptFile) }
            let object = try JSONSerialization.data(withJSONObject: job, options: [.fragmentsAllowed, .sortedKeys])
            return JobCase(
                name: name, isGood: verdict == "good", job: String(decoding: object, as: UTF8.self), id: "case-\(index)"
            )
        }
    }
}
