internal import Glibc
internal import JSON
internal import Linux
internal import Text

/// A look at a relay, made by outspoold, which has libcurl: see `outspoold --probe`.
enum RelayProbe {
    /// Runs it; the relay of the configuration, and one mail where that is wanted.
    static func run(_ relay: String, mailTo: String? = nil, _ arguments: Arguments) throws(Failure) -> (
        status: Int32, probe: Probe, line: JSON
    ) {
        var words = [program, "--probe", relay]
        if let mailTo { words += ["--mail-to", mailTo] }
        if let path = try arguments.value("--config") { words += ["--config", path] }
        let (status, bytes): (Int32, [UInt8])
        do throws(Errno) { (status, bytes) = try Foreground.output(of: words, limit: 1 << 20) } catch {
            throw Failure(.unavailable, "\(printable(words[0])): \(error)")
        }
        guard let value = try? JSON(parsing: bytes), let probe = Probe(value) else {
            // It has said why on standard error.
            let known = ExitStatus(rawValue: status).flatMap { $0 == .success ? nil : $0 }
            throw Failure(known ?? .unavailable, "outspoold --probe \(printable(relay)) ended with status \(status)")
        }
        return (status, probe, value)
    }

    /// The daemon's program: beside this one, or in sbin beside its bin, or in PATH.
    private static var program: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return "outspoold" }
        let own = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = own.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        for candidate in ["\(folder)/outspoold", "\(folder)/../sbin/outspoold"] where access(candidate, X_OK) == 0 {
            return candidate
        }
        return "outspoold"
    }
}
