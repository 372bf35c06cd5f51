internal import Linux
internal import Spool
internal import Text

extension Verb {
    static var dropBox: Verb {
        Verb(
            name: "dropbox", summary: "make an application's entrance",
            help: """
                usage: outspool dropbox add APP [--group GROUP]
                       outspool dropbox add local

                Makes drop/APP, where the members of a group (APP, if not named) can submit
                and can neither list, read nor remove what others submitted; drop/local is
                for every user. Run it as root. The application then submits with

                  OUTSPOOL_SPOOL=SPOOL/drop/APP

                  --group GROUP  a group of /etc/group, or its number

                """,
            options: [.init("--group", "a group")], run: runDropBox)
    }
}

private func runDropBox(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let words = invocation.arguments.operands
    guard words.count == 2, words[0] == "add" else { throw .usage("dropbox: expected add APP") }
    let name = words[1]
    guard Creation.isDropBoxName(name) else {
        throw .usage("dropbox: \(printable(name)) is not 1 to 32 of A-Z a-z 0-9 _ -, a letter or digit first")
    }
    let path = try invocation.spoolPath()
    let group = try group(of: name, named: invocation.arguments.value("--group"))
    do throws(SpoolError) { try Creation.dropBox(name, group: group, in: path) } catch {
        let hint = error.errno == .notPermitted || error.errno == .accessDenied ? " (run it as root)" : ""
        throw Failure(Failure(error).status, "\(error)\(hint)")
    }
    try invocation.output.line(printable("\(path)/drop/\(name)"))
    return .success
}

/// The number of the producers' group; nil for the box of everybody.
private func group(of name: String, named: String?) throws(Failure) -> UInt32? {
    if name == "local" {
        if named != nil { throw .usage("dropbox: local is for every user and takes no --group") }
        return nil
    }
    if let number = try Groups.number(of: named ?? name) { return number }
    guard let named else {
        throw Failure(.data, "group \(name) does not exist; create it, or name another with --group")
    }
    guard let number = UInt32(named), number != .max else {
        throw Failure(.data, "group \(printable(named)) does not exist")
    }
    return number
}
