internal import Foundation

/// A directory of a test's own, removed with everything in it when the value ends.
package final class Scratch: Sendable {
    package let path: String

    /// Makes the directory, and the files in it that are given as name and text.
    package init(_ files: [String: String] = [:]) throws {
        path = FileManager.default.temporaryDirectory.path + "/outspool-test-" + UUID().uuidString
        // 0755: programs that run as another user have to get in.
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        for (name, text) in files { try write(text, to: name) }
    }

    deinit {
        // What a test leaves in the temporary directory does no harm.
        try? FileManager.default.removeItem(atPath: path)
    }

    package func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file in place, as an editor may, with the folders that lead to it; returns its path.
    @discardableResult
    package func write(_ text: String, to name: String, mode: Int? = nil) throws -> String {
        let file = path(name)
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        if let mode { try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file) }
        return file
    }

    package func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path(name))), as: UTF8.self)
    }

    package func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

    /// The names in a directory, sorted.
    package func list(_ name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(name)).sorted()
    }

    /// The permission bits.
    package func mode(_ name: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path(name))[.posixPermissions] as? Int ?? -1
    }
}
