internal import Linux

/// Why a transfer cannot begin or go on.
package enum TransferError: Error, CustomStringConvertible {
    case spool(SpoolError)
    /// Another transfer has the lock.
    case busy(path: String)
    /// A file that this process writes there would not be the owner's.
    case foreign(path: String, owner: UInt32)
    /// Jobs are under way to another spool than the one that was asked for.
    case elsewhere(path: String)
    /// The target is the spool itself.
    case itself(path: String)
    /// The other side sent what no transfer sends, or has ended.
    case broken(String)

    package var description: String {
        switch self {
        case .spool(let error): error.description
        case .busy(let path): "\(path) is locked: another transfer is under way"
        case .foreign(let path, let owner):
            "\(path) belongs to user \(owner): run this as that user, not as \(Process.effectiveUser); see runuser(1)"
        case .elsewhere(let path):
            "jobs are under way to another spool, in \(path): finish that transfer first, or end it with --back"
        case .itself(let path): "\(path) is the spool to empty"
        case .broken(let what): what
        }
    }
}

/// Makes one system call of a transfer; when it fails, the error says which step it was, on which file.
@inline(__always) @discardableResult
func transferStep<Result: ~Copyable>(
    _ step: SpoolError.Step, _ path: @autoclosure () -> String, _ call: @autoclosure () throws(Errno) -> Result
) throws(TransferError) -> Result {
    do throws(Errno) { return try call() } catch { throw .spool(SpoolError(step, path(), error)) }
}

/// A spool that a transfer works on, which must be the user's own.
func ownSpool(_ path: String) throws(TransferError) -> Directory {
    let root = try transferStep(.open, path, Directory(path: path))
    let owner = try transferStep(.open, path, root.status().owner)
    // A copy that root makes would be root's, and the daemon had to make it anew.
    guard owner == Process.effectiveUser else { throw .foreign(path: path, owner: owner) }
    try transferStep(.open, "\(path)/new", root.directory("new"))
    return root
}

/// The visible names in a directory below `root`; none where it is not there.
func names(in path: String, of root: borrowing Directory) throws(TransferError) -> [String] {
    guard let directory = try transferStep(.open, path, allowing(.noEntry, root.directory(path))) else { return [] }
    var found: [String] = []
    var stream = try transferStep(.list, path, directory.entries())
    while let entry = try transferStep(.list, path, stream.next()) {
        if let name = entry.text, !entry.isHidden { found.append(name) }
    }
    return found.sorted()
}
