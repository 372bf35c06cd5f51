internal import Linux
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var prune: Verb {
        Verb(
            name: "prune", summary: "remove sent jobs and dead letters by age",
            help: """
                usage: outspool prune --older SPAN [--state done | --state dead] [FILTER ...]
                                      [--dry-run] [--verbose] [--json]

                Removes jobs that ended so long ago, and the days of done/ that this empties:
                find dead done -mmin +N -delete. The daemon does it for done/ by itself, after
                done_retention. The id of a removed job can be used again.

                  --older SPAN     2h, 30d; by the file's mtime, which is when the job ended
                  --state STATE    done or dead, or a day such as done/2026-11-23; both, if
                                   not given
                  --template NAME, --to TEXT, --error TEXT, --tag WORD
                                   as with ls
                  --dry-run        only say which
                  --verbose, -v    say which
                  --json           one JSON object per job

                """,
            options: SelectionOptions.filters + [
                .init("--dry-run"), .init("--verbose"), .init("-v"), .init("--json"),
            ],
            run: runPrune)
    }
}

private func runPrune(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    if let extra = arguments.operands.first { throw .usage("prune takes no id: \(printable(extra)); see outspool rm") }
    var filter = try SelectionOptions.filter(arguments, of: "prune")
    guard let age = filter.older else { throw .usage("prune needs --older SPAN, such as --older 30d") }
    // Here it is when the job ended, and not when it was submitted.
    filter.older = nil
    for word in filter.states where word != "done" && word != "dead" && !word.begins(with: "done/") {
        throw .usage("prune: --state \(word): only done and dead are pruned; see outspool rm")
    }
    let reader = try SpoolReader(path: try invocation.spoolPath())
    let report = ChangeReport(.remove, invocation)
    let isDryRun = arguments.has("--dry-run")
    let now = Timestamp.now
    for state in try reader.states() where filter.includes(state) {
        switch state {
        case .done, .dead: break
        default: continue
        }
        try reader.forEachEntry(of: state.path) { (name, directory) throws(Failure) in
            guard let id = name.text.flatMap({ JobID($0) }) else { return }
            if filter.needsContents {
                guard let job = try Glance(name, in: state, at: directory), filter.matches(job.traits, now: now)
                else { return }
            }
            do throws(Errno) {
                guard Timestamp(nanoseconds: try directory.status(id.text).modified) + age <= now else { return }
                if !isDryRun { try directory.unlink(id.text) }
                report.done(id, from: state, to: nil)
            } catch {
                if error == .noEntry { return report.passed() }
                report.fail(Failure(SpoolError(.remove, "", error)).status, "\(state.path)/\(id): \(error)")
            }
        }
        if case .done(let day) = state, day < now.day, !isDryRun {
            do throws(Errno) { try reader.root.removeDirectory(state.path) } catch {
                // A file in it is younger, or is not ours.
                if error != .notEmpty, error != .exists, error != .noEntry {
                    report.fail(.inputOutput, "\(state.path): \(error)")
                }
            }
        }
    }
    try report.end()
    return report.status
}
