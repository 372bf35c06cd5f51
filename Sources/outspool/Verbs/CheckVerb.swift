internal import Linux
internal import Spool
internal import Text

extension Verb {
    static var check: Verb {
        Verb(
            name: "check", summary: "look for what is wrong with spool and templates",
            help: """
                usage: outspool check

                Looks at the spool's directories: there, of the right mode and owner, on one
                filesystem. With a configuration, its templates are read, and rendered with
                their sample.json in every locale. Prints a line for each fault and exits 78
                if there is one.

                """,
            run: runCheck)
    }
}

private func runCheck(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    if let extra = invocation.arguments.operands.first { throw .usage("check takes no operand: \(printable(extra))") }
    let reader = try SpoolReader(path: try invocation.spoolPath())
    var faults = try spoolFaults(reader)
    if let templates = try Location.templatesPath(invocation.arguments) { faults += templateFaults(in: templates) }
    for fault in faults { try invocation.output.line(fault) }
    return faults.isEmpty ? .success : .configuration
}

/// What is wrong with the structure of a spool, a line each.
private func spoolFaults(_ reader: borrowing SpoolReader) throws(Failure) -> [String] {
    var faults: [String] = []
    let root: FileStatus
    do throws(Errno) { root = try reader.root.status() } catch { throw Failure(SpoolError(.read, reader.path, error)) }
    if root.permissions & 0o022 != 0 {
        faults.append("\(printable(reader.path)): others may write (mode \(octal(root.permissions)))")
    }
    func look(_ name: String, mode: UInt32, isBox: Bool = false) throws(Failure) {
        let path = printable("\(reader.path)/\(name)")
        let status: FileStatus
        do throws(Errno) { status = try reader.root.status(name) } catch {
            faults.append("\(path): \(error); outspool init makes it")
            return
        }
        guard status.isDirectory else {
            faults.append("\(path): is a \(status.kind), not a directory")
            return
        }
        if status.permissions != mode {
            faults.append("\(path): mode \(octal(status.permissions)), not \(octal(mode))")
        }
        if status.owner != root.owner {
            faults.append("\(path): belongs to user \(status.owner), the spool to \(root.owner)")
        }
        if status.device != root.device { faults.append("\(path): on another filesystem, where no rename reaches") }
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
