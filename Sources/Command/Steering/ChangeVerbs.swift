internal import Text
internal import Time

extension Verb {
    static var retry: Verb {
        Verb(
            name: "retry", summary: "try deferred jobs, or dead letters, now",
            help: """
                usage: outspool retry ID ... | FILTER ... | --all
                                      [--rate N/s] [--dry-run] [--verbose] [--json]

                Makes jobs due now: touch retry/NN/ID. Dead letters are tried again from the
                first bucket: mv dead/ID new/; one that was never tried, and whose sendAt is
                still to come, goes back to scheduled/. A job past its expiry is left alone,
                and said to be so. A filter without --state means deferred jobs. ID may be -
                for ids on standard input.

                \(SelectionOptions.help)
                  --all            every deferred job
                  --rate N/s       at most so many; also /m and /h
                  --dry-run        only say which
                  --verbose, -v    say which
                  --json           one JSON object per job

                """,
            options: changeOptions + [.init("--rate", "N/s")],
            run: { (invocation) throws(Failure) in try run(.retry, invocation) })
    }

    static var postpone: Verb {
        Verb(
            name: "postpone", summary: "have jobs wait until a time",
            help: """
                usage: outspool postpone --until TIME ID ... | FILTER ... | --all
                                         [--dry-run] [--verbose] [--json]

                Has jobs that wait tried at that time, and not before: it is the mtime of
                retry/NN/ID and scheduled/ID. A job in new/ goes to scheduled/. One that would
                expire before is left alone, and said to be so. A filter without --state means
                what waits. ID may be - for ids on standard input.

                  --until TIME     2026-11-23T17:44:11Z, or +2h from now
                \(SelectionOptions.help)
                  --all            every job that waits
                  --dry-run        only say which
                  --verbose, -v    say which
                  --json           one JSON object per job

                """,
            options: changeOptions + [.init("--until", "a time")],
            run: { (invocation) throws(Failure) in try run(.postpone, invocation) })
    }

    static var hold: Verb {
        Verb(
            name: "hold", summary: "set jobs aside",
            help: """
                usage: outspool hold ID ... | FILTER ... | --all
                                     [--dry-run] [--verbose] [--json]

                Sets jobs aside until they are released: mv retry/NN/ID hold/. A filter
                without --state means what waits. What is being sent cannot be held. ID may
                be - for ids on standard input.

                \(SelectionOptions.help)
                  --all            every job that waits
                  --dry-run        only say which
                  --verbose, -v    say which
                  --json           one JSON object per job

                """,
            options: changeOptions, run: { (invocation) throws(Failure) in try run(.hold, invocation) })
    }

    static var release: Verb {
        Verb(
            name: "release", summary: "let held jobs go",
            help: """
                usage: outspool release ID ... | FILTER ... | --all
                                        [--rate N/s] [--dry-run] [--verbose] [--json]

                Has held jobs sent: mv hold/ID new/. A job that was tried before is tried
                again from the first bucket; one whose sendAt is still to come goes back to
                scheduled/. A job past its expiry is left alone, and said to be so. ID may
                be - for ids on standard input.

                \(SelectionOptions.help)
                  --all            every held job
                  --rate N/s       at most so many; also /m and /h
                  --dry-run        only say which
                  --verbose, -v    say which
                  --json           one JSON object per job

                """,
            options: changeOptions + [.init("--rate", "N/s")],
            run: { (invocation) throws(Failure) in try run(.release, invocation) })
    }

    static var remove: Verb {
        Verb(
            name: "rm", summary: "remove jobs",
            help: """
                usage: outspool rm ID ... | FILTER ... | --all
                                   [--dry-run] [--verbose] [--json]

                Removes jobs for good: rm retry/NN/ID. A filter without --state means what
                waits or is held. What is being sent cannot be removed. ID may be - for ids
                on standard input.

                \(SelectionOptions.help)
                  --all            every job that waits or is held
                  --dry-run        only say which
                  --verbose, -v    say which
                  --json           one JSON object per job

                """,
            options: changeOptions, run: { (invocation) throws(Failure) in try run(.remove, invocation) })
    }

    private static var changeOptions: [Arguments.Option] {
        SelectionOptions.all + [.init("--dry-run"), .init("--verbose"), .init("-v"), .init("--json")]
    }

    private static func run(_ change: JobChange, _ invocation: Invocation) throws(Failure) -> ExitStatus {
        let arguments = invocation.arguments
        let selection = try SelectionOptions.selection(arguments, of: change.rawValue)
        let rate = try arguments.value("--rate").map { (text) throws(Failure) in
            guard let rate = Rate(text) else {
                throw .usage(
                    "\(change.rawValue): --rate \(printable(text)) is not a rate such as 10/s, 600/m or 50k/h, of at most"
                        + " a million a second")
            }
            return rate
        }
        let reader = try SpoolReader(path: try invocation.spoolPath())
        let report = ChangeReport(change, invocation)
        var changes = JobChanges(
            change, report: report, isDryRun: arguments.has("--dry-run"), try Expiries(arguments))
        changes.rate = rate
        if change == .postpone { changes.until = try moment(arguments, now: changes.started) }
        try changes.run(selection, on: reader)
        return report.status
    }

    /// The time that `postpone` is given; one that is over is an error.
    private static func moment(_ arguments: Arguments, now: Timestamp) throws(Failure) -> Timestamp {
        guard let text = try arguments.value("--until") else { throw .usage("postpone needs --until TIME") }
        guard let time = givenTime(text, now: now).flatMap({ Timestamp(rfc3339: $0) }) else {
            throw .usage("postpone: --until \(printable(text)) is neither 2026-11-23T17:44:11Z nor +15m")
        }
        if time <= now {
            throw .usage("postpone: --until \(printable(text)) is over; outspool retry makes jobs due now")
        }
        return time
    }
}
