internal import Linux

/// A file with a password or a token, as it was when it was read.
struct SecretFile: Equatable {
    let path: String
    private let modified: Int64
    private let size: Int
    private let inode: UInt64

    init(_ path: String, _ status: FileStatus) {
        self.path = path
        modified = status.modified
        size = status.size
        inode = status.inode
    }

    /// It was written to or replaced since. A file that cannot be looked at now is not changed: a login would fail.
    var isChanged: Bool {
        guard let status = try? Descriptor(readingFileAt: path).status() else { return false }
        return SecretFile(path, status) != self
    }
}
