internal import Configuration
internal import Linux
internal import Text
internal import Time

/// The configuration of one pump; outspool-pump(5) describes the keys.
struct PumpSettings {
    /// The pump's name, in its log and metrics: that of the file, without `.conf`.
    let name: String
    /// The program that prints messages, with its arguments.
    let take: [String]
    /// The program that reads receipts; nil where `take` reads them itself.
    let acknowledge: [String]?
    /// Variables of the environment for both, `NAME=VALUE`.
    let variables: [String]
    /// The spool or drop box; nil for the one that the command knows.
    let spool: String?
    /// The file for messages that are not jobs.
    let deadFile: String
    let metricsFile: String?
    /// How many messages are submitted at a time.
    let batch: Int
    /// The number of jobs in `new/` from which on nothing is taken.
    let mostWaiting: Int
    /// How long the pump waits before it starts `take` again that brought nothing.
    let idle: Span
    /// How long `acknowledge` may run, and how long an end may take.
    let patience: Span

    /// Reads `NAME.conf` of the directory of pumps, or the file at a path that holds a slash.
    static func read(_ operand: String) throws(Failure) -> PumpSettings {
        let path = operand.holds("/") ? operand : "\(directory)/\(operand).conf"
        let bytes: [UInt8]
        do throws(Errno) { bytes = try Input.open(path).readAll(limit: 1 << 20) } catch {
            throw Failure(.configuration, "\(printable(path)): \(error)")
        }
        do throws(ConfigurationError) {
            return try PumpSettings(try ConfigurationFile(parsing: bytes, name: path), name: name(of: path))
        } catch { throw Failure(.configuration, printable("\(error)")) }
    }

    /// Where the configurations of pumps are.
    static let directory = "/etc/outspool/pump"

    init(_ file: ConfigurationFile, name: String) throws(ConfigurationError) {
        try file.refuseSections(otherThan: ["environment"])
        var main = file.main
        guard let take = try main.command("take") else { throw main.missing("take") }
        guard let deadFile = main.path("dead_file") else { throw main.missing("dead_file") }
        self.name = name
        self.take = take
        self.deadFile = deadFile
        acknowledge = try main.command("ack")
        spool = main.path("spool")
        metricsFile = main.path("metrics_file")
        batch = try main.int("batch", in: 1...10_000) ?? 500
        mostWaiting = try main.int("most_waiting", in: 1...1_000_000) ?? 10_000
        idle = try main.span("idle") ?? .seconds(1)
        patience = try main.positiveSpan("patience", like: "30s") ?? .seconds(30)
        try main.refuseUnknown()
        var variables: [String] = []
        for var section in file.sections("environment") {
            for entry in section.allEntries() { variables.append("\(entry.key)=\(Self.unquoted(entry.value))") }
        }
        self.variables = variables
    }

    /// The value of a variable: quotes around all of it keep white space and `#`, and are not part of it.
    private static func unquoted(_ value: String) -> String {
        guard value.utf8.count >= 2, value.begins(with: "\""), value.ends(with: "\"") else { return value }
        return String(decoding: value.utf8.dropFirst().dropLast(), as: UTF8.self)
    }

    private static func name(of path: String) -> String {
        let last = path.utf8.split(separator: UInt8(ascii: "/")).last
        let file = last.map { String(decoding: $0, as: UTF8.self) } ?? path
        return file.ends(with: ".conf") ? String(decoding: file.utf8.dropLast(5), as: UTF8.self) : file
    }
}
