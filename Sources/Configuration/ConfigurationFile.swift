internal import Text

/// A configuration as it was written: lines `key = value`, in sections headed `[kind]` or `[kind name]`.
///
/// - A line whose first character other than white space is `#` is a comment. After a value
///   or a header, white space and `#` begin a comment too, except between double quotes;
///   the quotes stay part of the value.
/// - A value stays on its line. A line that begins with white space is an error, since in
///   other formats it would continue the line above.
/// - A key has the characters `A-Z a-z 0-9 _ -`, stands once in its section unless it is ``repeatable``, and has a value.
/// - A section of one kind and name stands once in its file.
/// - The text is UTF-8 without control characters; lines end with LF or CR LF.
package struct ConfigurationFile: Sendable {
    /// The keys that may stand several times in a section.
    package static let repeatable = ["header"]

    /// The file's path, as it is to appear in errors; relative paths in the file start from its directory.
    package let name: String
    /// The section above the first header.
    package let main: ConfigurationSection
    /// The sections with a header, in the order of the file.
    package let sections: [ConfigurationSection]

    package init(parsing text: some StringProtocol, name: String) throws(ConfigurationError) {
        try self.init(parsing: Array(text.utf8), name: name)
    }

    package init(parsing bytes: [UInt8], name: String) throws(ConfigurationError) {
        var finished: [ConfigurationSection] = []
        var current = ConfigurationSection(kind: "", name: nil, line: 1, file: name)
        var keys: [String: Int] = [:]
        var headers: [String: Int] = [:]
        var number = 0
        for bytes in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            let line: ConfigurationLine
            do throws(ConfigurationLine.Malformed) {
                line = try ConfigurationLine(bytes)
            } catch {
                throw ConfigurationError(file: name, line: number, reason: error.reason)
            }
            switch line {
            case .blank: continue
            case .header(let kind, let title):
                finished.append(current)
                current = ConfigurationSection(kind: kind, name: title, line: number, file: name)
                keys = [:]
                if let first = headers.updateValue(number, forKey: current.header) {
                    throw ConfigurationError(
                        file: name, line: number, reason: "\(current.header) is there twice, first on line \(first)")
                }
            case .entry(let key, let value, let column):
                if !Self.repeatable.holds(exactly: key), let first = keys.updateValue(number, forKey: key) {
                    throw ConfigurationError(
                        file: name, line: number, reason: "'\(key)' is set twice, first on line \(first)")
                }
                current.append(ConfigurationEntry(key: key, value: value, line: number, column: column))
            }
        }
        finished.append(current)
        self.name = name
        main = finished.removeFirst()
        sections = finished
    }

    /// The sections of one kind, in the order of the file.
    package func sections(_ kind: String) -> [ConfigurationSection] { sections.filter { $0.kind == kind } }

    /// Throws at the first section whose kind is not in `kinds`.
    package func refuseSections(otherThan kinds: [String]) throws(ConfigurationError) {
        for section in sections where !kinds.contains(section.kind) {
            throw section.fault("unknown section \(section.header)" + suggestion(for: section.kind, among: kinds))
        }
    }
}

/// One line `key = value`.
package struct ConfigurationEntry: Equatable, Sendable {
    package let key: String
    package let value: String
    package let line: Int
    /// Where the value begins: from 1, in bytes.
    package let column: Int

    /// The value as a list: what stands between its commas, without the blanks around it. Two commas in a row have an
    /// empty word between them.
    package var words: [String] {
        Array(value.utf8).split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            .map { String(decoding: $0.trimmed(\.isBlank), as: UTF8.self) }
    }
}

/// Why a configuration cannot be used, and where.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package let file: String
    /// From 1.
    package let line: Int
    package let reason: String

    package init(file: String, line: Int, reason: String) {
        self.file = file
        self.line = line
        self.reason = reason
    }

    /// `etc/outspool.conf:12: unknown key 'foo'; did you mean 'from'?`
    package var description: String { "\(file):\(line): \(reason)" }
}
