internal import Configuration
package import Time

/// How a template's program is run, by its `template.conf`; nil where the configuration decides.
package struct ProgramSettings: Equatable, Sendable {
    /// After which it is ended; more than zero.
    package private(set) var timeout: Span?
    /// How many of them run at a time.
    package private(set) var concurrency: Int?
    /// Bytes, of each of its processes.
    package private(set) var memory: Int?
    /// Whole seconds of CPU time, of each of its processes.
    package private(set) var cpu: Int?
    package private(set) var niceness: Int?

    static let keys = ["timeout", "concurrency", "memory", "cpu_time", "nice"]

    init() {}

    init(_ section: inout ConfigurationSection) throws(ConfigurationError) {
        timeout = try section.positiveSpan("timeout", like: "90s or 2d")
        concurrency = try section.int("concurrency", in: 1...1000)
        memory = try section.size("memory")
        if let memory, memory < 1 << 20 { throw section.fault("'memory' is 1 MiB or more", at: "memory") }
        cpu = try section.value("cpu_time", "a length of time like 30s or 10m, 1s or more") { text in
            Span(text).flatMap { $0 >= .seconds(1) ? Int($0.inSeconds) : nil }
        }
        niceness = try section.int("nice", in: 0...19)
    }
}

extension ConfigurationSection {
    /// Throws at the first of `keys` that is set: the name is known, and has no place here.
    func refuse(_ keys: [String], _ why: String) throws(ConfigurationError) {
        for entry in entries where keys.contains(entry.key) {
            throw fault("'\(entry.key)' \(why)", at: entry.key)
        }
    }
}
