internal import Linux

/// An open directory that files of templates are read from.
final class TemplateFolder {
    static let fileSizeLimit = 1 << 20
    static let entryLimit = 1000

    let path: String
    private let directory: Directory

    private init(_ directory: consuming Directory, path: String) {
        self.directory = directory
        self.path = path
    }

    /// The directory at `path`, which may be a symbolic link to it.
    init(path: String) throws(TemplateError) {
        do throws(Errno) {
            directory = try Directory(path: path)
        } catch { throw .unreadable(file: path, error) }
        self.path = path
    }

    /// The directory `name` in this one; nil if it is not there.
    func folder(_ name: String) throws(TemplateError) -> TemplateFolder? {
        do throws(Errno) {
            return TemplateFolder(try directory.directory(name), path: "\(path)/\(name)")
        } catch {
            if error == .noEntry { return nil }
            throw .unreadable(file: "\(path)/\(name)", error)
        }
    }

    /// The names in it, sorted; those that begin with a dot or are not UTF-8 are left out.
    func names() throws(TemplateError) -> [String] {
        var names: [String] = []
        do throws(Errno) {
            var entries = try directory.entries()
            while names.count <= Self.entryLimit, let entry = try entries.next() {
                if let name = entry.text, !entry.isHidden { names.append(name) }
            }
        } catch { throw .unreadable(file: path, error) }
        if names.count > Self.entryLimit {
            throw .broken(TemplateFault(file: path, reason: "more than \(Self.entryLimit) files"))
        }
        return names.sorted()
    }

    /// The bytes of a file and what it was when it was opened; nil if it is not there.
    /// - Parameter limit: how many bytes it may have.
    func read(
        _ name: String, limit: Int = fileSizeLimit
    ) throws(TemplateError) -> (bytes: [UInt8], identity: FileIdentity)? {
        let status: FileStatus
        let bytes: [UInt8]
        do throws(Errno) {
            let file = try directory.open(name)
            status = try file.status()
            bytes = status.isRegular ? try file.readAll(limit: limit + 1, sizeHint: status.size) : []
        } catch {
            if error == .noEntry { return nil }
            throw .unreadable(file: "\(path)/\(name)", error)
        }
        if !status.isRegular { throw fault(name, "a \(status.kind) and not a regular file") }
        if bytes.count > limit { throw fault(name, "larger than \(limit) bytes") }
        return (bytes, FileIdentity(status))
    }

    /// The status of the file of that name, without opening it; nil if it is missing.
    func status(_ name: String) throws(TemplateError) -> FileStatus? {
        do throws(Errno) { return try directory.status(name) } catch {
            if error == .noEntry { return nil }
            throw .unreadable(file: "\(path)/\(name)", error)
        }
    }

    private func fault(_ name: String, _ reason: String) -> TemplateError {
        .broken(TemplateFault(file: "\(path)/\(name)", reason: reason))
    }

    /// Whether `name` is a directory.
    func isFolder(_ name: String) -> Bool {
        // A directory that cannot be looked at is left out.
        (try? directory.status(name))?.isDirectory ?? false
    }

    /// The mode of the directory itself.
    func permissions() throws(TemplateError) -> UInt32 {
        do throws(Errno) { return try directory.status().permissions } catch { throw .unreadable(file: path, error) }
    }

    /// The identity of the directory itself now.
    func identity() throws(TemplateError) -> FileIdentity {
        do throws(Errno) {
            return FileIdentity(try directory.status())
        } catch { throw .unreadable(file: path, error) }
    }

    /// The identity of the file of that name now; nil if it cannot be looked at.
    func identity(of name: String) -> FileIdentity? {
        // Whatever the reason: it is not what it was, and reading it again will tell.
        (try? directory.status(name)).map(FileIdentity.init)
    }
}

/// The marks of a file that change with its contents, known without reading it.
struct FileIdentity: Equatable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int
    private let modified: Int64
    /// Nanoseconds since 1970; unlike the time of modification it cannot be set back.
    let changed: Int64

    init(_ status: FileStatus) {
        device = status.device
        inode = status.inode
        size = status.size
        modified = status.modified
        changed = status.changed
    }
}
