internal import JSON
internal import Linux
internal import Spool
internal import Template
internal import Text
internal import Time

extension Verb {
    static var check: Verb {
        Verb(
            name: "check", summary: "look for what is wrong with spool and templates",
            help: """
                usage: outspool check [--strict] [--json] [--templates DIR] [TEMPLATE ...]

                Holds every name that the templates use against their schemas, renders each
                with its sample.json in every locale, and looks at the spool's directories:
                there, of the right mode and owner, on one filesystem; at the files of jobs, as
                doctor does; and at the program of on_dead. Prints a line for
                each fault, FILE:LINE:COLUMN: error: ..., and exits 78 if there is an error.

                  TEMPLATE ...     only these, and not the spool
                  --templates DIR  the templates in DIR, and not the spool; needs neither
                                   spool nor configuration
                  --strict         warnings count too
                  --json           JSON Lines

                """,
            options: [.init("--strict"), .init("--json"), .init("--templates", "a directory")],
            run: runCheck)
    }
}

private func runCheck(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    let named = try arguments.value("--templates")
    var findings: [Finding] = []
    if named == nil, arguments.operands.isEmpty {
        let reader = try SpoolReader(path: try invocation.spoolPath())
        findings = try spoolFaults(reader)
        for file in try FileCheckup.findings(reader, now: .now) {
            findings.append(
                Finding(file.health == .critical ? .error : .warning, "\(reader.path)/\(file.state.path)", file.text))
        }
        if let program = try Location.deadLetterProgram(arguments), let fault = programFault(at: program) {
            findings.append(Finding(.error, program, "on_dead: \(fault)"))
        }
    }
    let configured = named == nil ? try Location.templatesPath(arguments) : nil
    if let templates = named ?? configured {
        findings += try templateFindings(in: templates, only: arguments.operands)
    } else if !arguments.operands.isEmpty {
        throw .usage("check: no configuration names the templates; use --templates DIR")
    } else {
        complain("check: no configuration found: only the spool was checked; use --config or --templates")
    }
    for finding in findings {
        try invocation.output.line(arguments.has("--json") ? printableJSON(finding.json.text) : "\(finding)")
    }
    let isFault = findings.contains { $0.severity == .error || arguments.has("--strict") }
    return isFault ? .configuration : .success
}

/// The faults in the structure of a spool.
func spoolFaults(_ reader: borrowing SpoolReader) throws(Failure) -> [Finding] {
    var faults: [Finding] = []
    let root: FileStatus
    do throws(Errno) { root = try reader.root.status() } catch { throw Failure(SpoolError(.read, reader.path, error)) }
    if root.permissions & 0o022 != 0 {
        faults.append(Finding(.error, reader.path, "others may write (mode \(octal(root.permissions)))"))
    }
    func look(_ name: String, mode: UInt32, isBox: Bool = false) throws(Failure) {
        func add(_ message: String) { faults.append(Finding(.error, "\(reader.path)/\(name)", message)) }
        let status: FileStatus
        do throws(Errno) { status = try reader.root.status(name) } catch {
            add("\(error); outspool init makes it")
            return
        }
        guard status.isDirectory else {
            add("is a \(status.kind), not a directory")
            return
        }
        if status.permissions != mode {
            add("mode \(octal(status.permissions)), not \(octal(mode))")
        }
        if status.owner != root.owner {
            add("belongs to user \(status.owner), the spool to \(root.owner)")
        }
        if status.device != root.device { add("on another filesystem, where no rename reaches") }
    }
    for name in Creation.directories { try look(name, mode: Creation.mode(of: name)) }
    var inner: [String] = []
    try reader.forEachEntry(of: "cur") { entry, _ in inner.append("cur/\(entry.printable)") }
    try reader.forEachEntry(of: "done") { entry, _ in inner.append("done/\(entry.printable)") }
    for name in inner.sorted() { try look(name, mode: 0o700) }
    var boxes: [String] = []
    try reader.forEachEntry(of: "drop") { entry, _ in boxes.append(entry.printable) }
    for box in boxes.sorted() {
        try look("drop/\(box)", mode: box == "local" ? 0o711 : 0o710)
        for part in ["tmp", "new"] { try look("drop/\(box)/\(part)", mode: box == "local" ? 0o1733 : 0o3730) }
    }
    return faults
}

private func octal(_ mode: UInt32) -> String {
    let text = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - text.utf8.count)) + text
}
