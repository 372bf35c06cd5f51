internal import JSON
internal import Linux
internal import Mail
internal import Message
internal import Spool
internal import Template
internal import Text
internal import Time

extension Verb {
    static var preview: Verb {
        Verb(
            name: "preview", summary: "show the mail that a template makes",
            help: """
                usage: outspool preview TEMPLATE [-p KEY=VALUE ...] [OPTION ...]
                       outspool preview --job FILE | ID [--reveal] [OPTION ...]

                Makes the mail as the daemon would, of the template's sample.json or of a
                job, and shows sender, recipients, subject, sizes and text.

                  -p KEY=VALUE     a parameter instead of the sample's; -p KEY:=JSON any value
                  --params FILE    all parameters, a JSON object, instead of the sample
                  --locale TAG     de-AT
                  --to, --cc, --from, --reply-to ADDR
                  --job FILE       a job's file, of any state, or its id; its secrets masked
                  --reveal         with the job's secrets

                  --text           the text part alone
                  --html           the HTML part alone
                  --raw            the message, byte for byte
                  --page FILE      a page with both parts side by side, in every locale
                  --open           the same page in a browser: $BROWSER, or xdg-open(1)
                  --remote         the page of a job loads pictures from other hosts, as that
                                   of a template does: its author may see who looks

                FILE may be - for standard input, and for --page standard output.

                """,
            options: [
                .init("-p", "KEY=VALUE"), .init("--params", "a file"), .init("--locale", "a language tag"),
                .init("--to", "an address"), .init("--cc", "an address"), .init("--from", "an address"),
                .init("--reply-to", "an address"), .init("--job", "a file"), .init("--reveal"), .init("--text"),
                .init("--html"), .init("--raw"), .init("--page", "a file"), .init("--open"), .init("--remote"),
            ], run: runPreview)
    }
}

private let ways = ["--text", "--html", "--raw", "--page", "--open"]

private func runPreview(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    let output = invocation.output
    let chosen = ways.filter { arguments.has($0) }
    if chosen.count > 1 { throw .usage("preview: \(chosen[0]) cannot be combined with \(chosen[1])") }
    let way = chosen.first
    let page = try arguments.value("--page")
    let source = try PreviewSource(arguments)
    let isPage = way == "--page" || way == "--open"
    let previews = try isPage ? source.everyLocale() : [source.preview(in: source.job.locale)]
    if isPage {
        // A template's own pictures are the operator's.
        let loadsRemote = !arguments.has("--job") || arguments.has("--remote")
        let shown = PreviewPage(previews, of: source.title, isMasked: source.isMasked, loadsRemote: loadsRemote)
        let bytes = Array(shown.html.utf8)
        switch page {
        case nil: try open(bytes)
        case "-": try output.write(bytes)
        case let path?: try write(bytes, to: path)
        }
        return .success
    }
    let message = previews[0].message
    switch way {
    case "--text": try show(message.text, "text part", to: output)
    case "--html": try show(message.html, "HTML part", to: output)
    case "--raw": try output.show(previews[0].mail.bytes)
    default: try previews[0].summarise(to: output, locales: source.locales)
    }
    return .success
}

private func show(_ part: ReadPart?, _ name: String, to output: Output) throws(Failure) {
    guard let part else { throw Failure(.data, "the mail has no \(name)") }
    // Lines as this system has them: in the message they end in CRLF, for grep and diff they must not.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(part.content.count)
    for byte in part.content {
        if byte == 0x0A, bytes.last == 0x0D { bytes.removeLast() }
        bytes.append(byte)
    }
    try output.show(bytes)
}

extension Output {
    /// The bytes as they are; on a terminal nothing that it would obey.
    func show(_ bytes: [UInt8]) throws(Failure) {
        guard isTerminal else { return try write(bytes) }
        try printLines(of: String(decoding: bytes, as: UTF8.self))
    }

    /// The text, each line by itself escaped.
    func printLines(of text: String) throws(Failure) {
        var lines = text.pieces(at: "\n")
        if lines.last?.isEmpty == true { lines.removeLast() }
        for line in lines { try self.line(printable(line.ends(with: "\r") ? Substring(line.utf8.dropLast()) : line)) }
    }
}

private func write(_ bytes: [UInt8], to path: String) throws(Failure) {
    do throws(Errno) {
        let file = try Descriptor(writingFileAt: path)
        try file.write(all: bytes)
        try file.closeChecked()
    } catch { throw Failure(path, error) }
}

/// Writes the page where a browser finds it, and has it shown.
private func open(_ bytes: [UInt8]) throws(Failure) {
    let directory = Process.environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    let name = "outspool-preview-\(JobID.random(characters: 10)).html"
    let status: Int32
    do throws(Errno) {
        let file = try Directory(path: directory).create(name, mode: 0o600)
        try file.write(all: bytes)
        try file.closeChecked()
        status = try Foreground.run(
            ["/bin/sh", "-c", "exec ${BROWSER:-xdg-open} \"$1\"", "sh", "\(directory)/\(name)"])
    } catch { throw Failure("\(directory)/\(name)", error) }
    // The browser may still be reading: the file stays, as all in that directory, until the system clears it.
    guard status == 0 else {
        let path = printable("\(directory)/\(name)")
        throw Failure(.unavailable, "no browser showed \(path); set BROWSER, or use --page")
    }
}
