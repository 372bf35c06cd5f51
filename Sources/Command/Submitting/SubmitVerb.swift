internal import JSON
internal import Linux
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
                standard input. The same job under an id that it was queued under before is
                not queued again; its id is printed: exit 0. Another job under a known id
                is refused: exit 65.

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
    let value: JSON
    if let file = try arguments.value("--job") {
        try allow(["--job", "--id"], beside: "--job", arguments)
        object = try Input.read(file)
        value = try Input.json(object, of: file == "-" ? "standard input" : file)
    } else {
        value = JSON.object(try jobObject(arguments, templates, now: .now))
        object = value.encoded + [0x0A]
    }
    try judge(value, templates)
    let id = try jobID(try arguments.value("--id"))
    let entrance: Entrance
    do throws(SpoolError) { entrance = try Entrance(path: path) } catch { throw notSubmitted(error, to: path) }
    var namesake = try arguments.value("--id") == nil ? nil : spoolStep(entrance.namesake(of: id, value))
    if namesake == nil {
        try refuseLate(value)
        do throws(SpoolError) { try entrance.submit(object, id: id) } catch {
            guard error.step == .publish, error.errno == .exists else { throw notSubmitted(error, to: path) }
            // In a drop box this user cannot look.
            namesake = try spoolStep(entrance.namesake(of: id, value)) ?? .same(.new)
        }
    }
    if let namesake {
        if let refusal = refusal(of: id, because: namesake) { throw refusal }
        complain("\(id) is already queued")
    }
    do throws(Failure) {
        try invocation.output.line(id.text)
        try invocation.output.flush()
    } catch { throw Failure(error.status, "\(error.message); the job is queued, as \(id)") }
    return .success
}

/// Judges a job object as the daemon would: its form, its addresses and, where its template can be read, the mail that
/// follows from it.
func judge(_ value: JSON, _ templates: VisibleTemplates) throws(Failure) {
    let job: Job
    do throws(JobError) { job = try Job(value) } catch {
        throw Failure(.data, "the job: \(printable(error.description))")
    }
    if let objection = templates.objection(to: job) { throw Failure(.data, printable(objection)) }
    templates.warnOfUnknown(job.template)
}

/// Throws if the job, which is new, could only expire.
func refuseLate(_ value: JSON) throws(Failure) {
    // It was judged before.
    guard let error = (try? Job(value))?.lateness(now: .now) else { return }
    throw Failure(.data, "the job: \(error)")
}

/// The refusal of a job whose id another job has; nil if that is the same job.
func refusal(of id: JobID, because namesake: Namesake) -> Failure? {
    guard case .other(let state) = namesake else { return nil }
    return Failure(.data, "\(id): another job of that id is in \(state.path); a new job needs a new id")
}

func jobID(_ text: String?) throws(Failure) -> JobID {
    guard let text else { return JobID.make(at: .now) }
    guard let id = JobID(text) else {
        throw Failure(
            .data, "\(printable(text)) is not an id: 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first")
    }
    return id
}

private func allow(_ names: [String], beside option: String, _ arguments: Arguments) throws(Failure) {
    let allowed = names + Location.options.map(\.name)
    if let other = arguments.names.first(where: { !allowed.contains($0) }) ?? arguments.operands.first {
        throw .usage("submit: \(printable(other)) cannot be combined with \(option)")
    }
}
