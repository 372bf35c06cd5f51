internal import Linux

/// The files of one template, and a record of all that was read.
struct TemplateFiles {
    /// Where a template's files may be.
    enum Place: Int, CaseIterable {
        /// The template's own folder.
        case own
        /// `_partials`, next to it.
        case partials
        /// `_layouts`, next to it.
        case layouts
    }

    private(set) var stamp: TemplateStamp
    private let own: TemplateFolder
    private let partials: TemplateFolder?
    private let layouts: TemplateFolder?

    /// Opens the folder of the template `name` in `root`, and those of partials and layouts if they may be asked for.
    /// - Throws: ``TemplateError/unknown(_:)`` if the template has no folder.
    init(root: String, name: String, withShared: Bool = true) throws(TemplateError) {
        let root = try TemplateFolder(path: root)
        guard let own = try root.folder(name) else { throw .unknown(name) }
        self.own = own
        partials = withShared ? try root.folder("_partials") : nil
        layouts = withShared ? try root.folder("_layouts") : nil
        stamp = TemplateStamp(
            takenAt: Clock.realtime, own: try own.identity(), partials: try partials?.identity(),
            layouts: try layouts?.identity())
    }

    /// The path of the template's own folder.
    var path: String { own.path }

    private func folder(_ place: Place) -> TemplateFolder? {
        switch place {
        case .own: own
        case .partials: partials
        case .layouts: layouts
        }
    }

    /// The names in the template's own folder, sorted.
    func names() throws(TemplateError) -> [String] { try own.names() }

    /// The bytes of a file and its path; nil if it is not there.
    mutating func read(
        _ name: String, in place: Place = .own, limit: Int = TemplateFolder.fileSizeLimit
    ) throws(TemplateError) -> (bytes: [UInt8], path: String)? {
        guard let folder = folder(place), let (bytes, identity) = try folder.read(name, limit: limit)
        else { return nil }
        stamp.files.append(.init(place: place, name: name, identity: identity))
        return (bytes, "\(folder.path)/\(name)")
    }

    /// The path of a program in the template's own folder; nil if it is not there. It is not read.
    /// - Throws: broken, if it cannot be run.
    mutating func program(_ name: String) throws(TemplateError) -> String? {
        guard let status = try own.status(name) else { return nil }
        stamp.files.append(.init(place: .own, name: name, identity: FileIdentity(status)))
        let path = "\(path)/\(name)"
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
        let folderMode = try own.permissions()
        if folderMode & 0o002 != 0 {
            throw .broken(TemplateFault(file: self.path, reason: "every user may replace \(name) in it (chmod o-w)"))
        }
        return path
    }

    /// Whether everything that `stamp` tells of is still as it was.
    func match(_ stamp: TemplateStamp) -> Bool {
        self.stamp.hasSameFolders(as: stamp)
            && stamp.files.allSatisfy { folder($0.place)?.identity(of: $0.name) == $0.identity }
    }
}

/// A record of the files that a template was read from. It includes a file that was looked for and not found: to
/// appear, it has to change its folder.
struct TemplateStamp: Sendable {
    struct File: Equatable {
        let place: TemplateFiles.Place
        let name: String
        let identity: FileIdentity
    }

    /// Nanoseconds since 1970.
    private let takenAt: Int64
    private let own: FileIdentity
    /// Nil for a folder that is not there.
    private let partials: FileIdentity?
    private let layouts: FileIdentity?
    fileprivate(set) var files: [File] = []

    fileprivate init(takenAt: Int64, own: FileIdentity, partials: FileIdentity?, layouts: FileIdentity?) {
        self.takenAt = takenAt
        self.own = own
        self.partials = partials
        self.layouts = layouts
    }

    /// Whether the newest change is old enough for a later one to be told from it: files keep
    /// time in ticks of up to 10 ms, and two changes in one tick look the same.
    var isConclusive: Bool {
        let folders = max(own.changed, partials?.changed ?? 0, layouts?.changed ?? 0)
        let newest = files.reduce(folders) { max($0, $1.identity.changed) }
        return takenAt - newest > 20_000_000
    }

    fileprivate func hasSameFolders(as other: TemplateStamp) -> Bool {
        own == other.own && partials == other.partials && layouts == other.layouts
    }

    func isSame(as other: TemplateStamp) -> Bool { hasSameFolders(as: other) && files == other.files }
}
