package import Linux
internal import Template
package import TypeGeneration

/// Why no types were made or not all of their files written.
package enum TypeFilesError: Error, CustomStringConvertible {
    /// The template does not exist.
    case unknown(String)
    /// Templates that cannot be read or have a mistake, a line each; or names that clash.
    case broken([String])
    /// A directory or file that could not be written.
    case unwritten(String, Errno)

    package var description: String {
        switch self {
        case .unknown(let name): "unknown template '\(name.prefix(200))'"
        case .broken(let faults): faults.joined(separator: "\n")
        case .unwritten(let path, let error): "\(path): \(error)"
        }
    }
}

/// The source files for templates of a directory; all of them if none is named. Nothing is written.
package func sourceFiles(
    in language: Language, for names: [String] = [], templates directory: String
) throws(TypeFilesError) -> [SourceFile] {
    let store = TemplateStore(directory: directory)
    let wanted: [String]
    do throws(TemplateError) {
        wanted = names.isEmpty ? try store.names() : Set(names).sorted()
    } catch {
        throw .broken(["\(error)"])
    }
    var templates: [TemplateTypes] = []
    var faults: [String] = []
    for name in wanted {
        do throws(TemplateError) {
            templates.append(TemplateTypes(template: name, schema: try store.template(named: name).schema))
        } catch {
            if case .unknown = error { throw .unknown(name) }
            faults.append("\(error)")
        }
    }
    if !faults.isEmpty { throw .broken(faults) }
    do throws(NameClash) { return try language.files(for: templates) } catch { throw .broken(["\(error)"]) }
}

/// Writes the files into a directory, which is made if its parent is there.
///
/// A file whose bytes are the same already is not touched, so that builds do not take it for new.
/// Each is replaced whole by a rename(2); they need not outlive a power cut. On error some may be written.
package func write(_ files: [SourceFile], into path: String) throws(TypeFilesError) {
    let directory: Directory
    do throws(Errno) {
        try allowing(.exists, Directory.make(path: path, mode: 0o755))
        directory = try Directory(path: path)
    } catch {
        throw .unwritten(path, error)
    }
    for file in files {
        let bytes = Array(file.text.utf8)
        // Whatever cannot be read or compared is written anew.
        if let old = try? directory.open(file.name).readAll(limit: bytes.count + 1), old == bytes { continue }
        let draft = ".\(file.name).new"
        // What a killed run left behind.
        try? directory.unlink(draft)
        do throws(Errno) {
            let new = try directory.create(draft, mode: 0o644)
            try new.write(all: bytes)
            try new.closeChecked()
            try directory.replace(draft, into: directory, as: file.name)
        } catch {
            // The error to report is the first.
            try? directory.unlink(draft)
            throw .unwritten("\(path)/\(file.name)", error)
        }
    }
}
