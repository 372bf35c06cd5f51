internal import JSON
internal import Linux
internal import Spool
internal import Text

extension Verb {
    static var pause: Verb {
        Verb(
            name: "pause", summary: "start nothing new: at all, of a template, through a relay",
            help: """
                usage: outspool pause [all | template NAME | relay NAME]
                       outspool pause --list [--json]

                Has the daemon start nothing new until it is resumed: touch pause, or
                pause.template.NAME, or pause.relay.NAME. What is being sent is sent. Without
                a word, all is paused.

                  --list  say what is paused
                  --json  one JSON object per line of the list

                """,
            options: [.init("--list"), .init("--json")], run: runPause)
    }

    static var resume: Verb {
        Verb(
            name: "resume", summary: "end a pause",
            help: """
                usage: outspool resume [all | template NAME | relay NAME | --all]

                Ends one pause: rm pause, or pause.template.NAME, or pause.relay.NAME. Without
                a word that of all; with --all every pause that there is.

                """,
            options: [.init("--all")], run: runResume)
    }
}

extension PauseFile {
    /// Reads the operands of `verb`; none mean all.
    fileprivate init(operands: [String], of verb: String) throws(Failure) {
        if operands.isEmpty {
            self = .all
        } else if let file = PauseFile(words: operands) {
            self = file
        } else if operands.count == 2, ["template", "relay"].contains(operands[0]) {
            throw .usage("\(verb): \(printable(operands[1])) is not the name of a \(operands[0])")
        } else {
            throw .usage(
                "\(verb): expected all, or template NAME, or relay NAME" + (verb == "resume" ? ", or --all" : ""))
        }
    }
}

extension SpoolReader {
    /// The pauses of the spool, what is paused first.
    func pauses() throws(Failure) -> [PauseFile] {
        var files: [PauseFile] = []
        try forEachEntry(of: ".") { entry, _ in
            if let file = entry.text.flatMap(PauseFile.init(name:)) { files.append(file) }
        }
        return files.sorted { $0.name < $1.name }
    }
}

private func runPause(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let words = invocation.arguments.operands
    let reader = try SpoolReader(path: try invocation.spoolPath())
    let isList = invocation.arguments.has("--list")
    if isList, !words.isEmpty { throw .usage("pause: --list takes no operand") }
    if invocation.arguments.has("--json"), !isList { throw .usage("pause: --json is for --list") }
    if isList {
        try listPauses(of: reader, invocation)
        return .success
    }
    let file = try PauseFile(operands: words, of: "pause")
    if case .template = file, let names = try? VisibleTemplates(invocation.arguments).names, !names.contains(words[1]) {
        let near = nearest(to: words[1], among: names).map { "; did you mean \(printable($0))?" } ?? ""
        complain("pause: no template \(printable(words[1])) yet\(near)")
    }
    do throws(Errno) { _ = try reader.root.create(file.name, mode: 0o600) } catch {
        if error == .exists {
            try invocation.output.line("paused already: " + printable(file.description))
            return .success
        }
        throw Failure(SpoolError(.create, "\(reader.path)/\(file.name)", error))
    }
    try syncRoot(reader)
    try invocation.output.line("paused: " + printable(file.description))
    return .success
}

private func listPauses(of reader: borrowing SpoolReader, _ invocation: Invocation) throws(Failure) {
    let files = try reader.pauses()
    if files.isEmpty { complain("nothing is paused") }
    for file in files {
        if invocation.arguments.has("--json") {
            let names = zip(["paused", "name"], file.words).map { (name: $0, value: JSON.string($1)) }
            try invocation.output.line(printableJSON(JSON.object(JSON.Object(names)).text))
        } else {
            try invocation.output.line("paused: " + printable(file.description))
        }
    }
}

private func runResume(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let words = invocation.arguments.operands
    let reader = try SpoolReader(path: try invocation.spoolPath())
    let all = invocation.arguments.has("--all")
    if all, !words.isEmpty { throw .usage("resume: --all takes no operand") }
    let files = all ? try reader.pauses() : [try PauseFile(operands: words, of: "resume")]
    for file in files {
        let shown = printable(file.description)
        var wasPaused = true
        do throws(Errno) { try reader.root.unlink(file.name) } catch {
            if error != .noEntry { throw Failure(SpoolError(.remove, "\(reader.path)/\(file.name)", error)) }
            wasPaused = false
        }
        try invocation.output.line("\(wasPaused ? "resumed" : "was not paused"): \(shown)")
    }
    try syncRoot(reader)
    for file in try reader.pauses() {
        try invocation.output.line("still paused: " + printable(file.description))
    }
    return .success
}

/// A pause outlives a power cut, and so does its end.
private func syncRoot(_ reader: borrowing SpoolReader) throws(Failure) {
    do throws(Errno) { try reader.root.sync() } catch { throw Failure(SpoolError(.sync, reader.path, error)) }
}
