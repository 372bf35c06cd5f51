internal import Linux

/// The files that one template is made of, and a record of all that was read.
struct TemplateFiles {
    /// Where a template's files may be.
    enum Place: Int, CaseIterable {
        /// The template's own folder.
        case own
        /// `_partials`, beside it.
        case partials
        /// `_layouts`, beside it.
        case layouts
    }

    private(set) var stamp: TemplateStamp
    private let folders: [TemplateFolder?]
    /// The path of the template's own folder.
    let path: String

    /// Opens the folder of the template `name` in `root`, and those of partials and layouts if they may be asked for.
    /// - Throws: ``TemplateError/unknown(_:)`` if the template has no folder.
    init(root: String, name: String, withShared: Bool = true) throws(TemplateError) {
        let root = try TemplateFolder(path: root)
        guard let own = try root.folder(name) else { throw .unknown(name) }
        folders = withShared ? [own, try root.folder("_partials"), try root.folder("_layouts")] : [own, nil, nil]
        path = own.path
        stamp = TemplateStamp(takenAt: Clock.realtime)
        for folder in folders { stamp.folders.append(try folder?.identity()) }
    }

    /// The names in the template's own folder, sorted.
    func names() throws(TemplateError) -> [String] { try folders[Place.own.rawValue]?.names() ?? [] }

    /// The bytes of a file and its path; nil if it is not there.
    mutating func read(
        _ name: String, in place: Place = .own, limit: Int = TemplateFolder.fileSizeLimit
    ) throws(TemplateError) -> (bytes: [UInt8], path: String)? {
        guard let folder = folders[place.rawValue], let (bytes, identity) = try folder.read(name, limit: limit)
        else { return nil }
        stamp.files.append(.init(place: place, name: name, identity: identity))
        return (bytes, "\(folder.path)/\(name)")
    }

    /// The path of a program in the template's own folder; nil if it is not there. It is not read.
    /// - Throws: broken, if it cannot be run.
    mutating func program(_ name: String) throws(TemplateError) -> String? {
        guard let folder = folders[Place.own.rawValue], let status = try folder.status(name) else { return nil }
        stamp.files.append(.init(place: .own, name: name, identity: FileIdentity(status)))
        let path = "\(folder.path)/\(name)"
        if !status.isRegular {
            throw .broken(TemplateFault(file: path, reason: "a \(status.kind) and not a regular file"))
        }
        if status.permissions & 0o111 == 0 {
            throw .broken(TemplateFault(file: path, reason: "not executable (chmod +x)"))
        }
        // Who may change it would run what he likes, as the daemon.
        if status.permissions & 0o002 != 0 {
            throw .broken(TemplateFault(file: path, reason: "every user may change it (chmod o-w)"))
        }
        let folderMode = try folder.permissions()
        if folderMode & 0o002 != 0 {
            throw .broken(TemplateFault(file: folder.path, reason: "every user may replace \(name) in it (chmod o-w)"))
        }
        return path
    }

    /// Whether everything that `stamp` tells of is still as it was.
    func match(_ stamp: TemplateStamp) -> Bool {
        self.stamp.folders == stamp.folders
            && stamp.files.allSatisfy { folders[$0.place.rawValue]?.identity(of: $0.name) == $0.identity }
    }
}

/// A record of the files that a template was made of. A file that was looked for and not
/// found is in it too: to appear, it has to change its folder.
struct TemplateStamp: Sendable {
    struct File: Equatable {
        let place: TemplateFiles.Place
        let name: String
        let identity: FileIdentity
    }

    /// By place; nil for a folder that is not there.
    fileprivate(set) var folders: [FileIdentity?] = []
    fileprivate(set) var files: [File] = []
    /// Nanoseconds since 1970.
    private let takenAt: Int64

    fileprivate init(takenAt: Int64) { self.takenAt = takenAt }

    /// Whether the newest change is old enough for a later one to be told from it: files keep
    /// time in ticks of up to 10 ms, and two changes in one tick look the same.
    var isConclusive: Bool {
        let newest = (folders + files.map(\.identity)).reduce(0) { max($0, $1?.changed ?? 0) }
        return takenAt - newest > 20_000_000
    }

    func isSame(as other: TemplateStamp) -> Bool { folders == other.folders && files == other.files }
}
