internal import JSON
internal import SMTP
internal import Text

extension Verb {
    static var explain: Verb {
        Verb(
            name: "explain", summary: "say how a relay's reply is read",
            help: """
                usage: outspool explain [--json] REPLY

                Says whose affair a reply is, what rests because of it, and which line of the
                table of replies decides. REPLY is a reply as the log has it, with its code:
                '550 5.4.5 Daily user sending limit exceeded'. The table is the one that is
                built in, and before it the file that the configuration's `replies` names.
                Exits 64 where REPLY is not a reply.

                  --json  one object

                """,
            options: [.init("--json")], run: runExplain)
    }
}

private func runExplain(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    let text = arguments.operands.joined(separator: " ")
    var parser = ReplyParser()
    parser.append(Array(text.utf8) + [0x0A])
    let parsed: Reply?
    do throws(ReplyError) { parsed = try parser.next() } catch { throw .usage("explain: \(printable("\(error)"))") }
    guard let reply = parsed else { throw .usage("explain: a reply is three digits and a text") }
    let reading = try Location.replies(arguments).reading(of: reply)
    let kind = reply.kind == .positive || reply.kind == .intermediate ? "success" : verdict(reply, reading)
    if arguments.has("--json") {
        var object = JSON.Object([("reply", .string(reply.description)), ("verdict", .string(kind))])
        object["scope"] = reading.scope.map { .string($0.rawValue) }
        object["line"] = reading.line.map { .string($0) }
        object["recipientLimit"] = reply.isTooManyRecipients ? true : nil
        try invocation.output.line(printableJSON(JSON.object(object).text))
        return .success
    }
    if kind == "success" {
        try invocation.output.line("success: nothing is refused")
        return .success
    }
    if reply.isTooManyRecipients {
        try invocation.output.line("after other recipients: a limit; those beyond it go at once in a further mail")
    }
    try invocation.output.line("verdict: \(kind)")
    try invocation.output.line("scope: \(reading.scope.map(meaning) ?? undecided)")
    try invocation.output.line("decided by: \(reading.line ?? "its first digit; no line of the table fits")")
    return .success
}

private func verdict(_ reply: Reply, _ reading: ReplyTable.Reading) -> String {
    switch reading.verdict {
    case .refuse: "refused for good"
    case .putOff: "put off"
    case .asSaid: reply.kind == .permanent ? "refused for good" : "put off"
    }
}

private let undecided =
    "open; MAIL: the sender's. Elsewhere the job's, until three jobs in a row meet it: "
    + "then the sender's or the account's"

private func meaning(_ scope: Scope) -> String {
    switch scope {
    case .recipient: "recipient; nothing else rests"
    case .message: "message; nothing else rests"
    case .sender: "sender; its jobs wait at this relay, all others go on"
    case .session: "session; the mail goes on a new connection, and no attempt is counted"
    case .account: "account; the relay rests, the job is put back, the next relay takes over"
    case .relay: "relay; it rests, the job is put back, the next relay takes over"
    }
}
