internal import Linux

/// Which spool the command works on.
enum Location {
    static var options: [Arguments.Option] { [.init("--spool", "a directory"), .init("--config", "a file")] }

    private static let defaultSpool = "/var/spool/outspool"
    private static let defaultConfiguration = "/etc/outspool/outspool.conf"

    /// `--spool`, or `OUTSPOOL_SPOOL`, or what the configuration says, or the default. The
    /// configuration is read only when it is asked.
    static func spoolPath(_ arguments: Arguments) throws(Failure) -> String {
        if let path = try arguments.value("--spool") ?? variable("OUTSPOOL_SPOOL") { return path }
        let named = try arguments.value("--config") ?? variable("OUTSPOOL_CONFIG")
        return try configuredSpool(named ?? defaultConfiguration, isNamed: named != nil) ?? defaultSpool
    }

    private static func variable(_ name: String) -> String? {
        Process.environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The `spool` key of a configuration file, a relative path below the file's directory.
    private static func configuredSpool(_ path: String, isNamed: Bool) throws(Failure) -> String? {
        let bytes: [UInt8]
        do throws(Errno) { bytes = try Input.open(path).readAll(limit: 1 << 20) } catch {
            if !isNamed, error == .noEntry { return nil }
            throw Failure(.configuration, "\(printable(path)): \(error)")
        }
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let line = trimmed(line)
            if line.hasPrefix("[") { return nil }
            guard let equals = line.firstIndex(of: "="), trimmed(line[..<equals]) == "spool" else { continue }
            let value = trimmed(line[line.index(after: equals)...])
            if value.hasPrefix("/") { return String(value) }
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
            return folder + String(value)
        }
        return nil
    }
}

/// The text without white space at its ends.
func trimmed(_ text: some StringProtocol) -> Substring {
    var rest = Substring(text)
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return rest
}
