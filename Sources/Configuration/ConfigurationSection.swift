internal import Text

/// The entries below one header, which remembers what it was asked for.
///
/// The reader of a section asks for each key it knows, present or not, and calls ``refuseUnknown()`` at the end: then a
/// misspelt key is an error, and the keys asked for are the suggestions. Every accessor returns nil for a missing key.
package struct ConfigurationSection: Sendable {
    /// `relay` of `[relay main]`; empty above the first header.
    package let kind: String
    /// `main` of `[relay main]`.
    package let name: String?
    /// The header's line.
    package let line: Int
    package private(set) var entries: [ConfigurationEntry] = []
    let file: String
    private var asked: [String] = []

    init(kind: String, name: String?, line: Int, file: String) {
        self.kind = kind
        self.name = name
        self.line = line
        self.file = file
    }

    /// The header as it is written, `[relay main]`.
    package var header: String { "[" + kind + (name.map { " " + $0 } ?? "") + "]" }

    mutating func append(_ entry: ConfigurationEntry) { entries.append(entry) }

    /// The entry of `key`, which counts as known from now on.
    package mutating func entry(_ key: String) -> ConfigurationEntry? {
        asked.append(key)
        return entries.first { $0.key == key }
    }

    /// The entries of a ``ConfigurationFile/repeatable`` key, which counts as known from now on.
    package mutating func entries(of key: String) -> [ConfigurationEntry] {
        asked.append(key)
        return entries.filter { $0.key.isExactly(key) }
    }

    /// All entries, every one of which counts as known from now on: for sections whose keys are free.
    package mutating func allEntries() -> [ConfigurationEntry] {
        asked += entries.map(\.key)
        return entries
    }

    /// The result of `parse` for the value of `key`.
    /// - Parameter wanted: what the value is, for the error if `parse` returns nil: "yes or no".
    package mutating func value<Value>(
        _ key: String, _ wanted: String, _ parse: (String) -> Value?
    ) throws(ConfigurationError) -> Value? {
        guard let entry = entry(key) else { return nil }
        guard let value = parse(entry.value) else {
            throw fault("'\(key)' is \(wanted), not '\(entry.value)'", at: key)
        }
        return value
    }

    /// Throws at the first key that was not asked for.
    package func refuseUnknown() throws(ConfigurationError) {
        let known = Set(asked)
        for entry in entries where !known.contains(entry.key) {
            throw fault("unknown key '\(entry.key)'" + suggestion(for: entry.key, among: asked), at: entry.key)
        }
    }

    /// An error at the line of `key` or, where it is not set, of the header.
    package func fault(_ reason: String, at key: String? = nil) -> ConfigurationError {
        let line = entries.first { $0.key == key }?.line ?? line
        return ConfigurationError(file: file, line: line, reason: reason)
    }

    /// The error of a section that lacks `key`.
    package func missing(_ key: String) -> ConfigurationError {
        fault(kind.isEmpty ? "'\(key)' is not set" : "\(header) needs '\(key)'")
    }
}
