import Linux
import Scratch
import Spool
import Testing
import Time

/// A spool of one test's own, held as the daemon holds it.
struct Fixture {
    let scratch: Scratch
    let path: String
    let tree: SpoolTree

    /// A user and group that own nothing.
    static let stranger = (id: 65534, group: 65534)
    static let shopGroup = 54_321

    init() throws {
        scratch = try Scratch()
        path = scratch.path("spool")
        try Creation.spool(at: path)
        tree = try SpoolTree(path: path, instance: "main")
    }

    /// Submits an object's text under an id.
    func submit(_ text: String = #"{"template":"x","to":"a@example.com"}"#, id: String) throws {
        try Entrance(path: path).submit(Array(text.utf8), id: try #require(JobID(id)))
    }

    /// Puts a file where it is, by whatever way; no submission.
    func put(_ text: String, _ name: String) throws { try scratch.write(text, to: "spool/" + name) }

    func claim(_ id: String, from state: State = .new) throws -> Claim {
        let id = try #require(JobID(id))
        switch try tree.examine(id, in: state, limit: 1 << 20) {
        case .job(let job):
            if let claim = try tree.claim(job, from: state) { return claim }
        default: break
        }
        throw Unclaimable()
    }

    struct Unclaimable: Error {}

    func read(_ name: String) throws -> String { try scratch.read("spool/" + name) }
    func list(_ name: String) throws -> [String] { try scratch.list("spool/" + name) }

    /// Submits and claims a job.
    func claimed(_ id: String) throws -> Claim {
        try submit(id: id)
        return try claim(id)
    }
}
