import Foundation
import PackagePlugin

/// Makes the types of an application's jobs from the templates, in each build.
///
/// The application's target has a file `outspool-types.conf` that says where the templates are, from there:
///
///     templates = ../../etc/templates
@main
struct OutspoolTypesPlugin: BuildToolPlugin {
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        guard let target = target as? any SourceModuleTarget else { return [] }
        let settings = target.directoryURL.appending(path: "outspool-types.conf")
        let templates = try templates(from: settings)
        let output = context.pluginWorkDirectoryURL
        return [
            .buildCommand(
                displayName: "Making the types of the templates for \(target.name)",
                executable: try context.tool(named: "outspool-types").url,
                arguments: [templates.path(percentEncoded: false), output.path(percentEncoded: false)],
                inputFiles: [settings] + (try files(below: templates)),
                outputFiles: [output.appending(path: "OutspoolTypes.swift")])
        ]
    }

    private func templates(from settings: URL) throws -> URL {
        let path = settings.path(percentEncoded: false)
        guard let text = try? String(contentsOf: settings, encoding: .utf8) else {
            throw Fault(description: "\(path): cannot be read; it says where the templates are: templates = DIRECTORY")
        }
        var named: String?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            let parts = line.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count == 2, parts[0] == "templates", named == nil else {
                throw Fault(description: "\(path):\(index + 1): expected one line, templates = DIRECTORY")
            }
            named = parts[1]
        }
        guard let named else { throw Fault(description: "\(path): says no templates = DIRECTORY") }
        return URL(filePath: named, directoryHint: .notDirectory, relativeTo: settings.deletingLastPathComponent())
            .standardizedFileURL
    }

    /// All files that the types depend on, and the directories: a new template changes one.
    private func files(below directory: URL) throws -> [URL] {
        guard let paths = FileManager.default.subpaths(atPath: directory.path(percentEncoded: false)) else {
            throw Fault(description: "\(directory.path(percentEncoded: false)): cannot be read")
        }
        return [directory] + paths.sorted().map { directory.appending(path: $0) }
    }
}
