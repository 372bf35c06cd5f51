package import Configuration
internal import JSON
internal import Spool

/// The brief of a worker, on its standard input: its number, and the configuration in use.
///
/// The worker does not read the configuration's file: that may have changed since, and be of no use.
package struct WorkerBrief: Equatable, Sendable {
    package var number: Int
    package var count: Int
    /// The configuration's path, from which others in it start.
    package var path: String
    /// The text with which the daemon was started: of some keys it is the one that counts.
    package var first: [UInt8]
    /// The text in use.
    package var current: [UInt8]

    package init(number: Int, count: Int, path: String, first: [UInt8], current: [UInt8]) {
        self.number = number
        self.count = count
        self.path = path
        self.first = first
        self.current = current
    }

    package var encoded: [UInt8] {
        JSON.object(
            JSON.Object([
                ("worker", .number(.init(number))), ("of", .number(.init(count))), ("path", .string(path)),
                ("first", .string(String(decoding: first, as: UTF8.self))),
                ("current", .string(String(decoding: current, as: UTF8.self))),
            ])
        ).encoded
    }

    /// Nil for what no parent writes.
    package init?(_ bytes: [UInt8]) {
        guard let object = try? JSON(parsing: bytes).object, let number = object["worker"]?.int,
            let count = object["of"]?.int, let path = object["path"]?.string, let first = object["first"]?.string,
            let current = object["current"]?.string, WorkerShare(number, of: count) != nil
        else { return nil }
        self.init(
            number: number, count: count, path: path, first: Array(first.utf8), current: Array(current.utf8))
    }

    /// The settings by which a worker goes.
    package func settings() throws(ConfigurationError) -> Settings { try settings(of: current) }

    /// The settings of another text, but for what stays as it was at the start.
    package func settings(of text: [UInt8]) throws(ConfigurationError) -> Settings {
        let pinned = try Settings(ConfigurationFile(parsing: first, name: path))
        var settings = try Settings(ConfigurationFile(parsing: text, name: path))
        settings.keepKeysOfTheStart(from: pinned)
        return settings
    }
}
