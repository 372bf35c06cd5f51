internal import JSON
internal import Spool

/// The messages between a parent and its workers that are about neither relays nor places. Each is an object, whose `to`
/// says which part it is for.
enum WorkerMessage {
    // From the parent.

    static let stop: JSON = ["to": "worker", "do": "stop"]
    /// The log's file is opened anew.
    static let reopen: JSON = ["to": "worker", "do": "reopen"]

    /// Every worker has recovered its directory: jobs may be claimed. In `others` jobs of any share may lie.
    static func open(others: [String]) -> JSON {
        .object(
            JSON.Object([
                ("to", "worker"), ("do", "open"), ("others", .array(others.map { .string($0) })),
            ]))
    }

    /// The text of another configuration is in use.
    static func use(_ text: [UInt8]) -> JSON {
        .object(
            JSON.Object([
                ("to", "worker"), ("do", "use"), ("text", .string(String(decoding: text, as: UTF8.self))),
            ]))
    }

    // From a worker.

    /// Its directory is recovered, but for jobs in `left`, directories of `cur/`.
    static func recovered(left: [String]) -> JSON {
        .object(
            JSON.Object([
                ("to", "parent"), ("told", "recovered"), ("left", .array(left.map { .string($0) })),
            ]))
    }

    static func measures(_ measures: Measures, _ state: String) -> JSON {
        .object(
            JSON.Object([
                ("to", "parent"), ("told", "measures"), ("state", .string(state)), ("measures", measures.json),
            ]))
    }

    static func buried(_ letter: DeadLetter, spool: String) -> JSON {
        .object(JSON.Object([("to", "parent"), ("told", "buried"), ("letter", letter.object(spool: spool))]))
    }

    /// Jobs of drop boxes were sent.
    static func sent(_ jobs: [(id: JobID, size: Int)]) -> JSON {
        .object(
            JSON.Object([
                ("to", "parent"), ("told", "sent"),
                (
                    "jobs",
                    .array(jobs.map { .array([.string($0.id.text), .number(.init($0.size))]) })
                ),
            ]))
    }

    /// The configuration that it was told to use cannot be used.
    static func refused(_ reason: String) -> JSON {
        .object(JSON.Object([("to", "parent"), ("told", "refused"), ("reason", .string(reason))]))
    }
}

extension JSON {
    /// Whether a message is about the terms of relays, or about the places of programs.
    var isOfTerms: Bool { ["relay", "places"].contains(addressee) }

    /// The part that a message is for.
    var addressee: String { object?["to"]?.string ?? "" }
}
