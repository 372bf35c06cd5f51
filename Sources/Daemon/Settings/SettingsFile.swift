package import Configuration
internal import Linux

/// Why a configuration file cannot be read at all.
package struct UnreadableConfiguration: Error, CustomStringConvertible {
    let path: String
    let errno: Errno
    package var description: String { "\(path): \(errno)" }
}

extension ConfigurationFile {
    /// Reads and parses the file at `path`, of at most 1 MiB.
    package init(path: String) throws {
        try self.init(parsing: ConfigurationFile.text(at: path), name: path)
    }

    /// The bytes of the file at `path`, of at most 1 MiB.
    static func text(at path: String) throws(UnreadableConfiguration) -> [UInt8] {
        do throws(Errno) { return try Descriptor.contents(ofFile: path, limit: 1 << 20) } catch {
            throw UnreadableConfiguration(path: path, errno: error)
        }
    }
}
