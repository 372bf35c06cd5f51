internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var testSend: Verb {
        Verb(
            name: "test-send", summary: "send one mail to see whether that works",
            help: """
                usage: outspool test-send [--timeout SPAN] ADDR
                       outspool test-send --relay NAME [--json] ADDR

                Sends a short mail and prints what the relay replied. It goes through the
                spool and the daemon, and is waited for; or, with --relay, straight through
                one relay of the configuration, past spool and daemon.

                  --relay NAME    a [relay NAME]
                  --timeout SPAN  how long the daemon is waited for; 60s, if not given
                  --json          what was found, one JSON object

                Exits as wait does; 69 when the relay does not take it.

                """,
            options: [.init("--relay", "a relay's name"), .init("--timeout", "a span such as 30s"), .init("--json")],
            run: runTestSend)
    }
}

private func runTestSend(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    guard arguments.operands.count == 1 else { throw .usage("test-send takes one address") }
    let address = arguments.operands[0]
    if let relay = try arguments.value("--relay") {
        let (status, report) = try ProbeReport.ask(about: relay, mailTo: address, arguments)
        if arguments.has("--json") {
            try invocation.output.line(printableJSON(report.line.text))
        } else if let failure = report.failure {
            complain("relay \(printable(relay)): \(printable(failure))")
        } else {
            try invocation.output.line(
                "sent through \(printable(relay)): \(printable(report.line.object?["sent"]?.string ?? ""))")
        }
        return status == 0 ? .success : .unavailable
    }
    let job = JSON.object(
        .init([
            ("subject", .string("Test from outspool on \(Process.hostName)")), ("to", .string(address)),
            ("text", "This mail was sent through outspool to see whether that works.\n"), ("priority", "high"),
            ("tags", .array(["test-send"])),
        ]))
    do throws(JobError) { _ = try Job(job) } catch { throw Failure(.data, printable(error.description)) }
    let path = try invocation.spoolPath()
    let id = JobID.make(at: .now)
    try spoolStep(Entrance(path: path).submit(job.encoded + [0x0A], id: id))
    let limit = try SelectionOptions.span("--timeout", arguments, of: "test-send") ?? .seconds(60)
    return try wait(for: [id], in: try SpoolReader(path: path), limit: limit, invocation, isQuiet: false)
}
