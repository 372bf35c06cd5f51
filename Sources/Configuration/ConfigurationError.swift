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
