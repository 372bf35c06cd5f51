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
        let bytes: [UInt8]
        do throws(Errno) { bytes = try Descriptor.contents(ofFile: path, limit: 1 << 20) } catch {
            throw UnreadableConfiguration(path: path, errno: error)
        }
        try self.init(parsing: bytes, name: path)
    }
}
