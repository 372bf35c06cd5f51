internal import Linux
internal import Spool
internal import Text

extension Verb {
    static var initialize: Verb {
        Verb(
            name: "init", summary: "make a spool, or complete one",
            help: """
                usage: outspool init [DIR]

                Makes the directories of a spool, with their modes, and prints those it made.
                What is there already is kept. They belong to whom DIR belongs to: as root,
                make DIR and give it to the daemon's user first.

                  mkdir /var/spool/outspool && chown outspool: /var/spool/outspool
                  outspool init /var/spool/outspool

                """,
            run: runInit)
    }
}

private func runInit(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let operands = invocation.arguments.operands
    if operands.count > 1 { throw .usage("init takes one directory") }
    let path = if let first = operands.first { first } else { try invocation.spoolPath() }
    let before = present(path)
    do throws(SpoolError) { try Creation.spool(at: path) } catch {
        throw Failure(error.errno == .noEntry ? .cannotCreate : Failure(error).status, "\(error)")
    }
    for name in [""] + Creation.directories where !before.contains(name) {
        try invocation.output.line(printable(name.isEmpty ? path : "\(path)/\(name)"))
    }
    return .success
}

/// Which of a spool's directories are there; the spool itself is the empty name.
private func present(_ path: String) -> Set<String> {  // exact: our own
    // What cannot be opened will be made, or say why not.
    guard let root = try? Directory(path: path) else { return [] }
    var names: Set<String> = [""]  // exact: our own
    for name in Creation.directories where (try? root.contains(name)) == true { names.insert(name) }
    return names
}
