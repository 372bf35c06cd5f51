/// The templates of one directory, each read when it is first asked for.
///
/// A template is replaced whole: a caller never sees a part of the old files and a part of the new ones. Nothing is
/// looked at again until ``reloadIfChanged(_:)`` is called.
package final class TemplateStore {
    private let root: String
    private var entries: [String: Entry] = [:]
    private var terms: [String: Template.Terms] = [:]
    private let betweenReads: () -> Void

    private struct Entry {
        let stamp: TemplateStamp
        let result: Result<Template, TemplateError>
    }

    /// The store of `path`, which is not looked at yet.
    package convenience init(directory path: String) { self.init(directory: path, betweenReads: {}) }

    /// - Parameter betweenReads: called after a template's files were read and before it is
    ///   verified that they did not change meanwhile, for tests of just that.
    init(directory path: String, betweenReads: @escaping () -> Void) {
        root = path
        self.betweenReads = betweenReads
    }

    /// The template of that name, as it was when it was last read.
    ///
    /// Of a broken template the fault is remembered, as a template would be; for one that is
    /// unknown or unreadable the disk is asked at every call.
    package func template(named name: String) throws(TemplateError) -> Template {
        guard isTemplateName(name) else { throw .unknown(name) }
        if let entry = entries[name] { return try entry.result.get() }
        let entry = try read(name)
        entries[name] = entry
        return try entry.result.get()
    }

    /// The rules of that template for jobs, as they were when first asked for. Its texts are not read, and may be
    /// broken; an error is not remembered.
    package func terms(named name: String) throws(TemplateError) -> Template.Terms {
        guard isTemplateName(name) else { throw .unknown(name) }
        if let terms = terms[name] { return terms }
        var loader = TemplateLoader(try TemplateFiles(root: root, name: name, withShared: false), name: name)
        let read = try loader.terms()
        terms[name] = read
        return read
    }

    /// Whether the files of a template that was read are still the same, as far as their
    /// status tells; false for one that was not read yet. Costs a dozen system calls.
    package func isCurrent(_ name: String) -> Bool {
        guard let stamp = entries[name]?.stamp, stamp.isConclusive else { return false }
        // A folder that cannot be opened any more is a change; reading it again gives the error.
        guard let files = try? TemplateFiles(root: root, name: name) else { return false }
        return files.match(stamp)
    }

    /// Reads the template again unless ``isCurrent(_:)``.
    ///
    /// On return the next ``template(named:)`` gives the new state, an error if that is one.
    /// - Returns: whether there was a change.
    @discardableResult
    package func reloadIfChanged(_ name: String) -> Bool {
        guard let old = entries[name], !isCurrent(name) else { return false }
        terms[name] = nil
        do throws(TemplateError) {
            let new = try read(name)
            entries[name] = new
            return !new.stamp.isSame(as: old.stamp)
        } catch {
            entries[name] = nil
            return true
        }
    }

    /// Forgets everything, so that each template is read again when it is next asked for.
    package func invalidate() {
        entries = [:]
        terms = [:]
    }

    /// The names of all templates there are, broken ones too, sorted.
    package func names() throws(TemplateError) -> [String] {
        let root = try TemplateFolder(path: root)
        return try root.names().filter { isTemplateName($0) && root.isFolder($0) }
    }

    /// The paths of the partials and layouts that all templates share, used or not, sorted.
    package func sharedFiles() throws(TemplateError) -> [String] {
        let root = try TemplateFolder(path: root)
        var paths: [String] = []
        for place in ["_layouts", "_partials"] {
            guard let folder = try root.folder(place) else { continue }
            paths += try folder.names().map { "\(folder.path)/\($0)" }
        }
        return paths
    }

    /// Reads the files until none of them changed meanwhile.
    /// - Throws: unknown and unreadable; broken is a result.
    private func read(_ name: String) throws(TemplateError) -> Entry {
        for _ in 0..<5 {
            var loader = TemplateLoader(try TemplateFiles(root: root, name: name), name: name)
            let result: Result<Template, TemplateError>
            do throws(TemplateError) {
                result = .success(try loader.load())
            } catch {
                result = .failure(error)
            }
            betweenReads()
            guard try TemplateFiles(root: root, name: name).match(loader.files.stamp) else { continue }
            if case .failure(.unreadable(let file, let error)) = result { throw .unreadable(file: file, error) }
            return Entry(stamp: loader.files.stamp, result: result)
        }
        throw .broken(TemplateFault(file: "\(root)/\(name)", reason: "keeps changing while it is read"))
    }
}
