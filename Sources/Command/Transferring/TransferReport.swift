internal import JSON
internal import Linux
internal import Spool
internal import Text

/// The output of a transfer: a line for each job with `--verbose`, the jobs that it leaves, and the sum at the end.
final class TransferReport {
    let isDryRun: Bool
    private let output: Output
    private let isJSON: Bool
    private let isVerbose: Bool
    private let target: String
    private let isBack: Bool
    private(set) var count = 0
    /// The jobs that this transfer leaves for a reason of their own.
    private(set) var left: Set<JobID> = []
    /// Standard output took no more.
    private var writing: Failure?

    init(_ invocation: Invocation, to target: String, isBack: Bool) {
        output = invocation.output
        isDryRun = invocation.arguments.has("--dry-run")
        isJSON = invocation.arguments.has("--json")
        isVerbose = invocation.arguments.has("--verbose") || invocation.arguments.has("-v")
        self.target = target
        self.isBack = isBack
    }

    private var participle: String { (isDryRun ? "would be " : "") + (isBack ? "put back" : "transferred") }

    /// A job is on the other side, or back in its state.
    func done(_ id: JobID, _ state: State) {
        count += 1
        guard isJSON || isVerbose || isDryRun else { return }
        do throws(Failure) {
            if isJSON {
                var object = JSON.Object([
                    ("id", .string(id.text)), ("action", .string(isBack ? "back" : "transfer")),
                    ("state", .string(state.path)),
                ])
                if !target.isEmpty { object["target"] = .string(target) }
                if isDryRun { object["dryRun"] = true }
                try output.line(JSON.object(object).text)
            } else {
                try output.line("\(participle): \(state.path)/\(id)")
            }
        } catch { writing = writing ?? error }
    }

    /// A job stays, or stays under way; said once.
    func leave(_ id: JobID, in place: String, _ reason: String) {
        if left.insert(id).inserted { complain(printable("\(place)/\(id) is left: \(reason)")) }
    }

    /// Tells the sum, and what is left at work or in drop boxes.
    func end(atWork: Int, boxed: Int) {
        do throws(Failure) {
            if let writing { throw writing }
            if isJSON { return }
            let place = target.isEmpty ? "" : isBack ? "" : " to \(printable(target))"
            try output.line("\(participle): \(count) \(count == 1 ? "job" : "jobs")\(place)")
        } catch { complain(error.message) }
        if atWork > 0 { complain("\(atWork) in cur/, which the daemon works at; run this again, or with --wait") }
        if boxed > 0 { complain("\(boxed) in drop boxes, which the daemon takes into new/ first") }
    }

    /// How the verb ends.
    func status(isRest: Bool) -> ExitStatus {
        if writing != nil { return .inputOutput }
        return !left.isEmpty ? .data : isRest ? .temporary : .success
    }
}
