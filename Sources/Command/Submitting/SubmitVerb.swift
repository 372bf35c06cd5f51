internal import JSON
internal import Linux
internal import Message
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var submit: Verb {
        Verb(
            name: "submit", summary: "queue a mail and print its id",
            help: """
                usage: outspool submit TEMPLATE [--to ADDR ...] [-p KEY=VALUE ...] [OPTION ...]
                       outspool submit --job FILE [--id ID]
                       outspool submit --batch FILE

                Queues a mail, and prints its id once it is on disk. FILE may be - for
                standard input. An id that is queued already is printed too: exit 0.

                  --to, --cc, --bcc ADDR  a recipient, zoe@example.com or Zoe <zoe@example.com>;
                                          may be repeated
                  --from, --reply-to ADDR
                  -p KEY=VALUE            a parameter, a string; -p KEY:=JSON any value
                  --params FILE           all parameters, a JSON object
                  --locale TAG            de-AT
                  --id ID                 the idempotency key: submitted again, it is not sent
                                          again
                  --priority WORD         high, normal or bulk
                  --send-at TIME          not before; 2026-11-23T17:44:11Z, or +15m from now
                  --expires-at TIME       not after
                  --tag WORD              for the log; may be repeated
                  --header 'NAME: VALUE'  a further header field; may be repeated
                  --job FILE              a whole job object, see spool(5)
                  --batch FILE            one job object, or {"id": ..., "job": {...}}, per line

                """,
            options: [
                .init("--to", "an address"), .init("--cc", "an address"), .init("--bcc", "an address"),
                .init("--from", "an address"), .init("--reply-to", "an address"), .init("-p", "KEY=VALUE"),
                .init("--params", "a file"), .init("--locale", "a language tag"), .init("--id", "an id"),
                .init("--priority", "high, normal or bulk"), .init("--send-at", "a time"),
                .init("--expires-at", "a time"), .init("--tag", "a word"), .init("--header", "'NAME: VALUE'"),
                .init("--job", "a file"), .init("--batch", "a file"),
            ], run: runSubmit)
    }
}

private func runSubmit(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    let path = try invocation.spoolPath()
    if let batch = try arguments.value("--batch") {
        try allow(["--batch"], beside: "--batch", arguments)
        return try submitBatch(batch, to: path, try VisibleTemplates(arguments), invocation.output)
    }
    let templates = try VisibleTemplates(arguments)
    let object: [UInt8]
    if let file = try arguments.value("--job") {
        try allow(["--job", "--id"], beside: "--job", arguments)
        object = try Input.read(file)
        try judge(try Input.json(object, of: file == "-" ? "standard input" : file), templates)
    } else {
        let job = JSON.object(try jobObject(arguments, templates, now: .now))
        try judge(job, templates)
        object = job.encoded + [0x0A]
    }
    let id = try jobID(try arguments.value("--id"))
    let entrance = try spoolStep(Entrance(path: path))
    do throws(SpoolError) { try entrance.submit(object, id: id) } catch {
        guard error.step == .publish, error.errno == .exists else { throw Failure(error) }
        complain("\(id) is already queued")
    }
    try invocation.output.line(id.text)
    return .success
}

/// Holds a job object against what the daemon would say of its form, its addresses and, where its template is in
/// sight, its parameters.
func judge(_ value: JSON, _ templates: VisibleTemplates) throws(Failure) {
    let job: Job
    do throws(JobError) { job = try Job(value) } catch {
        throw Failure(.data, "the job: \(printable(error.description))")
    }
    if let objection = templates.objection(to: job) { throw Failure(.data, printable(objection)) }
    try judge(job.to, "to")
    try judge(job.cc, "cc")
    try judge(job.bcc, "bcc")
    try judge(job.from, "from")
    try judge(job.replyTo, "replyTo")
    try judge(job.sender, "sender")
    templates.warnOfUnknown(job.template)
}

private func judge(_ mailboxes: JSON?, _ field: String) throws(Failure) {
    guard let mailboxes else { return }
    do throws(AddressError) { _ = try Mailbox.list(json: mailboxes) } catch {
        throw Failure(.data, "\(field): \(printable(error.description))")
    }
}

func jobID(_ text: String?) throws(Failure) -> JobID {
    guard let text else { return JobID.make(at: .now) }
    guard let id = JobID(text) else {
        throw Failure(
            .data, "\(printable(text)) is no id: 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first")
    }
    return id
}

private func allow(_ names: [String], beside option: String, _ arguments: Arguments) throws(Failure) {
    let allowed = names + Location.options.map(\.name)
    if let other = arguments.names.first(where: { !allowed.contains($0) }) ?? arguments.operands.first {
        throw .usage("submit: \(printable(other)) has no place beside \(option)")
    }
}
