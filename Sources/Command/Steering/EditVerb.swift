internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var edit: Verb {
        Verb(
            name: "edit", summary: "change a job in an editor",
            help: """
                usage: outspool edit [--keep] ID

                Holds the job, opens its object in $VISUAL, $EDITOR or vi, and judges the
                result as submit does. A good one replaces the object, the history stays, and
                the job goes back to where it was: mv retry/NN/ID hold/, vi hold/ID,
                mv hold/ID retry/NN/. A bad one can be edited again; else the job stays in
                hold/ as it was.

                  --keep  leave the job in hold/

                """,
            options: [.init("--keep")], run: runEdit)
    }
}

private func runEdit(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let words = invocation.arguments.operands
    guard words.count == 1 else { throw .usage("edit takes one id") }
    guard let id = JobID(words[0]) else { throw .usage("edit: \(printable(words[0])) is not a job id") }
    let reader = try SpoolReader(path: try invocation.spoolPath())
    let origin = try hold(id, in: reader)
    let held = try HeldFile(id, in: reader)
    var editor = try Editor(held.text, name: "\(id).json")
    var edited: [UInt8]?
    do throws(Failure) { edited = try change(held, in: &editor, try VisibleTemplates(invocation.arguments)) } catch {
        // Nothing was changed, and the editor is at fault: the job is not to wait for that.
        try putBack(id, to: invocation.arguments.has("--keep") ? .hold : origin, in: reader, invocation.output)
        throw error
    }
    guard let edited else {
        editor.keep()
        complain("\(id) is in hold/, unchanged; what you wrote is in \(editor.path)")
        return .data
    }
    if edited == held.text {
        try invocation.output.line("unchanged: \(id)")
    } else {
        do throws(Failure) { try held.replace(with: edited, in: reader) } catch {
            editor.keep()
            throw Failure(error.status, "\(error.message); what you wrote is in \(editor.path)")
        }
        try invocation.output.line("changed: \(id)")
    }
    try putBack(
        id, to: invocation.arguments.has("--keep") ? .hold : origin, in: reader, invocation.output,
        due: held.isChangedSchedule(edited) ? (try? Job(try JSON(parsing: edited)))?.sendAt : nil)
    return .success
}

/// Moves the job into `hold/`; the state that it was in.
private func hold(_ id: JobID, in reader: borrowing SpoolReader) throws(Failure) -> State {
    for _ in 0..<16 {
        let places = try reader.settledPlaces(of: id)
        guard let state = places.first(where: { $0 == .hold }) ?? places.first else {
            throw Failure(.noInput, "no job \(id) in \(printable(reader.path))")
        }
        switch JobChange.hold.step(in: state) {
        case .nothing: return .hold
        case .refuse(let why): throw Failure(.data, "\(id) \(why)")
        case .rename(let target):
            // What went away meanwhile is met again, or missed by the rename.
            if let status = try? reader.root.status("\(state.path)/\(id)"), !status.isRegular {
                throw Failure(.data, "\(state.path)/\(id) is a \(status.kind) and not a job; it stays there")
            }
            do throws(Errno) {
                try reader.root.rename("\(state.path)/\(id)", into: reader.root, as: "\(target.path)/\(id)")
                return state
            } catch {
                if error != .noEntry { throw Failure(SpoolError(.rename, "\(target.path)/\(id)", error)) }
            }
        default:
            throw Failure(.temporary, "\(id) \(reader.business(of: id, in: state))")
        }
    }
    throw Failure(.temporary, "\(id) moves from state to state; try again")
}

/// The editor's rounds, until the job is valid; nil when the user gives up.
private func change(
    _ held: HeldFile, in editor: inout Editor, _ templates: VisibleTemplates
) throws(Failure) -> [UInt8]? {
    while true {
        try editor.run()
        let text = try editor.text()
        if text == held.text { return text }
        do throws(Failure) {
            try judge(try Input.json(text, of: "not JSON"), templates)
            return text
        } catch {
            complain(error.message)
            if !Editor.asks("Edit again? [Y/n] ") { return nil }
        }
    }
}

private func putBack(
    _ id: JobID, to state: State, in reader: borrowing SpoolReader, _ output: Output, due: Timestamp? = nil
) throws(Failure) {
    if state == .hold { return try output.line("\(id) is in hold/") }
    do throws(Errno) {
        if state == .scheduled, let due { try reader.root.setModified("hold/\(id)", nanoseconds: due.nanoseconds) }
        try reader.root.rename("hold/\(id)", into: reader.root, as: "\(state.path)/\(id)")
        for path in ["hold", state.path] { try reader.root.directory(path).sync() }
    } catch { throw Failure(.temporary, "\(id) stays in hold/: \(state.path)/\(id): \(error)") }
    let hint = state == .dead ? "; outspool retry \(id) sends it" : ""
    try output.line("\(id) is in \(state.path)/\(hint)")
}
