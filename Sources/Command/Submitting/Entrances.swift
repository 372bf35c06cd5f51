internal import Linux
internal import Spool
internal import Text

/// The drop boxes below a spool that this user may enter: of the boxes that are called `local`, or like a group of the
/// machine or this user. The spool need not be readable.
func openBoxes(of spool: String, groups: [UInt8], login: String) -> [String] {
    var names = ["local", login]
    for line in groups.split(separator: 0x0A).prefix(10_000) {
        names.append(String(decoding: line.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self))
    }
    var seen: Set<String> = []  // exact: names of boxes are ASCII
    return names.filter { name in
        guard Creation.isDropBoxName(name), seen.insert(name).inserted else { return false }
        let path = Process.absolute("\(spool)/drop/\(name)/new")
        // What cannot be looked at is not open.
        return (try? Directory(path: "/").status(String(path.dropFirst())))?.isDirectory == true
    }
}

/// The spool's refusal, with a word about what a user who may not submit there, or named no spool, can do.
func notSubmitted(_ error: SpoolError, to path: String) -> Failure {
    let failure = Failure(error)
    let naming = "name another with --spool or OUTSPOOL_SPOOL"
    switch failure.status {
    case .unavailable, .noInput: return Failure(failure.status, "\(failure.message); no spool; \(naming)")
    case .noPermission:
        // Without the file, no box is known by a group.
        let groups = (try? Input.open("/etc/group").readAll(limit: 1 << 20)) ?? []
        let boxes = openBoxes(of: path, groups: groups, login: Caller.current().login)
        let hint =
            boxes.isEmpty
            ? "no drop box there is open to this user: outspool dropbox add makes one"
            : "open to this user: \(boxes.map { printable("\(path)/drop/\($0)") }.joined(separator: ", "))"
        return Failure(failure.status, "\(failure.message); \(hint); \(naming)")
    default: return failure
    }
}
