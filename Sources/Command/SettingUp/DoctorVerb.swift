internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var doctor: Verb {
        Verb(
            name: "doctor", summary: "examine the spool, the machine and the relays",
            help: """
                usage: outspool doctor [--no-relays] [--json]

                Looks at what mail depends on, and prints a line for each: the spool's
                directories, owners and modes; one filesystem that has RENAME_NOREPLACE; the
                files of jobs: names, owners, links, and due times that their histories
                contradict; those of suppressed addresses; free space and inodes; inotify's
                limits; the clock; what a dead daemon left; whether the daemon runs, and which
                files it does not touch; the configuration; names in EHLO; and each relay, with
                TLS and login, and the days that its certificate has left. Changes nothing and
                sends no mail.

                  --no-relays  connect to nothing
                  --json       one JSON object per line

                Exits 0 when nothing is bad, else 78; what is doubtful is said only.

                """,
            options: [.init("--no-relays"), .init("--json")], run: runDoctor)
    }
}

private func runDoctor(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    if let extra = arguments.operands.first { throw .usage("doctor takes no operand: \(printable(extra))") }
    let reader = try SpoolReader(path: try invocation.spoolPath())
    var checkup = Checkup(now: .now)
    try checkup.examineSpool(reader)
    try checkup.examineFiles(reader)
    try checkup.examineSuppressed(reader)
    checkup.examineMachine(reader)
    checkup.examineTransfers(reader)
    try checkup.examineDaemon(reader)
    checkup.examineNames(arguments)
    try checkup.examineConfiguration(arguments)
    if !arguments.has("--no-relays") { try checkup.examineRelays(arguments) }
    for result in checkup.results {
        if arguments.has("--json") {
            let object = JSON.Object([
                ("check", .string(result.check)), ("health", .string(result.health.word)),
                ("text", .string(result.text)),
            ])
            try invocation.output.line(printableJSON(JSON.object(object).text))
            continue
        }
        let style: Output.Style? =
            switch result.health {
            case .ok: .green
            case .warning: .yellow
            case .critical: .red
            }
        let word = result.health.word.padded(to: 9)
        try invocation.output.line(
            invocation.output.styled(word, style) + printable(result.check).padded(to: 11) + printable(result.text))
    }
    return checkup.results.contains { $0.health == .critical } ? .configuration : .success
}

extension String {
    /// The text, and spaces up to `width` columns; one space at least.
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - columns(self)))
    }
}
