internal import Feedback
internal import Linux
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var feedback: Verb {
        Verb(
            name: "feedback", summary: "bring what came back: a bounce, a webhook",
            help: """
                usage: outspool feedback [FILE ...]
                       outspool feedback --from RELAY [--header 'NAME: VALUE' ...]
                              [--key-file FILE] [FILE]

                Puts a bounce, a complaint or the body of a relay's webhook into feedback/new,
                from where the daemon tells the job that it is about. FILE is standard input
                where none is named; each is one mail. Any user may bring one. An alias of
                Postfix does it with

                  bounces: "|outspool feedback"

                  --from RELAY            mail, which is the default, or the body of a webhook
                                          of ses, sendgrid, postmark, mailgun, resend or brevo
                  --header 'NAME: VALUE'  a field of the webhook's request, of which the
                                          signature needs some; may be repeated
                  --key-file FILE         check the signature here, too: exit 65 where it is
                                          wrong. The daemon checks it by its [webhook RELAY]

                What can be tried again is exit 75, so that an alias's mail stays queued.

                """,
            options: [
                .init("--from", "mail or a relay"), .init("--header", "'NAME: VALUE'"), .init("--key-file", "a file"),
            ], run: runFeedback)
    }
}

private func runFeedback(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    let source = try arguments.value("--from") ?? "mail"
    let files = arguments.operands.isEmpty ? ["-"] : arguments.operands
    let entrance = try door(invocation)
    if source.isExactly("mail") {
        if let name = arguments.names.first(where: { ["--header", "--key-file"].contains($0) }) {
            throw .usage("feedback: \(name) is for webhooks; name the relay with --from")
        }
        for file in files { try bring(try mail(file), to: entrance, invocation.output) }
        return .success
    }
    guard let provider = Provider(rawValue: source) else {
        let known = ["mail"] + Provider.allCases.map(\.rawValue)
        let near =
            nearest(to: source, among: known).map { "; did you mean \($0)?" } ?? "; \(known.joined(separator: ", "))"
        throw .usage("feedback: unknown relay \(printable(source))\(near)")
    }
    guard files.count == 1 else { throw .usage("feedback: a webhook has one body") }
    let request = FeedbackFile.Request(
        provider: provider.rawValue, headers: try headers(arguments),
        body: try Input.read(files[0], limit: FeedbackBox.sizeLimit - headerRoom))
    try check(request, of: provider, by: arguments.value("--key-file"))
    try bring(request.file, to: entrance, invocation.output)
    return .success
}

/// The bytes that the fields of a webhook may take in a file.
private let headerRoom = 64 << 10

private func door(_ invocation: Invocation) throws(Failure) -> FeedbackEntrance {
    let path = try spoolOfReports(invocation)
    do throws(SpoolError) { return try FeedbackEntrance(spool: path) } catch { throw later(error) }
}

/// The spool, for a user who need not be allowed to read the configuration.
private func spoolOfReports(_ invocation: Invocation) throws(Failure) -> String {
    for option in ["--spool", "--config"] where try invocation.arguments.value(option) != nil {
        return try invocation.spoolPath()
    }
    var section = try Location.visibleConfiguration()
    return Location.spoolPath(&section)
}

/// A mail; of a long one the beginning, which is what is read.
private func mail(_ file: String) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    try Input.chunks(of: file) { (chunk) throws(Failure) in
        bytes += chunk.prefix(FeedbackBox.sizeLimit - bytes.count)
        // The rest is read all the same: who writes it into a pipe must not fail.
        return true
    }
    if bytes.isEmpty { throw Failure(.data, "feedback: \(file == "-" ? "standard input" : printable(file)) is empty") }
    return bytes
}

private func headers(_ arguments: Arguments) throws(Failure) -> [FeedbackFile.Request.Header] {
    var headers: [FeedbackFile.Request.Header] = []
    var size = 0
    for text in arguments.values("--header") {
        guard let (name, value) = text.halves(at: ":"), !name.isEmpty, !text.utf8.contains(where: { $0 < 0x20 }) else {
            throw .usage("feedback: --header \(printable(text)) is not 'NAME: VALUE'")
        }
        size += text.utf8.count + 1
        headers.append(.init(String(name), String(trimmed(value))))
    }
    if headers.count > 100 || size > headerRoom - 100 { throw Failure(.data, "feedback: too many header fields") }
    return headers
}

/// Throws where the body is not the relay's, or the signature not the key's.
private func check(
    _ request: FeedbackFile.Request, of provider: Provider, by keyFile: String?
) throws(Failure) {
    var key: WebhookKey?
    do throws(WebhookError) {
        if let keyFile { key = try WebhookKey(try keyBytes(keyFile), for: provider) }
        _ = try Webhook.read(
            request.body, from: provider, headers: request.headers.map { ($0.name, $0.value) }, key: key)
    } catch { throw Failure(.data, printable("feedback: a webhook of \(provider.rawValue): \(error)")) }
}

private func keyBytes(_ path: String) throws(WebhookError) -> [UInt8] {
    do throws(Errno) { return try Descriptor.contents(ofFile: path, limit: headerRoom) } catch {
        throw .key("\(path): \(error)")
    }
}

private func bring(
    _ bytes: [UInt8], to entrance: borrowing FeedbackEntrance, _ output: Output
) throws(Failure) {
    do throws(SpoolError) { _ = try entrance.bring(bytes, now: .now) } catch { throw later(error) }
}

/// Nothing of the spool is the report's fault: who brings it is to try again.
private func later(_ error: SpoolError) -> Failure { Failure(.temporary, "feedback: \(error)") }
