internal import Glibc
internal import JSON
internal import Linux
internal import Text

/// The line that `outspoold --probe RELAY` prints: what the daemon's program, which has libcurl, found at a relay.
struct ProbeReport: Equatable {
    /// The object as it was printed.
    let line: JSON
    /// Why the connection failed; nil when it was made.
    let failure: String?
    let isEncrypted: Bool
    /// Until the relay's certificate ends; negative when it has, nil when none was shown.
    let certificateDaysLeft: Int?

    /// Reads the line; nil for what outspoold does not print.
    init?(_ line: JSON) {
        guard let object = line.object, object["relay"]?.string != nil, let isUp = object["ok"]?.bool else {
            return nil
        }
        self.line = line
        failure = isUp ? nil : object["reason"]?.string ?? "no reason given"
        isEncrypted = object["tls"]?.bool ?? false
        certificateDaysLeft = object["certificateDaysLeft"]?.int
    }

    /// Has outspoold look at a relay of the configuration, and send it one mail if `mailTo` is given; returns its status
    /// and its report. A program that does not start or prints something else is an error.
    static func ask(
        about relay: String, mailTo: String? = nil, _ arguments: Arguments
    ) throws(Failure) -> (status: Int32, report: ProbeReport) {
        var words = [program, "--probe", relay]
        if let mailTo { words += ["--mail-to", mailTo] }
        if let path = try arguments.value("--config") { words += ["--config", path] }
        let (status, bytes): (Int32, [UInt8])
        do throws(Errno) { (status, bytes) = try Foreground.output(of: words, limit: 1 << 20) } catch {
            throw Failure(.unavailable, "\(printable(words[0])): \(error)")
        }
        guard let line = try? JSON(parsing: bytes), let report = ProbeReport(line) else {
            // It has said why on standard error.
            let known = ExitStatus(rawValue: status).flatMap { $0 == .success ? nil : $0 }
            throw Failure(known ?? .unavailable, "outspoold --probe \(printable(relay)) ended with status \(status)")
        }
        return (status, report)
    }

    /// Has outspoold judge the configuration; returns its status.
    static func check(_ arguments: Arguments) throws(Failure) -> Int32 {
        var words = [program, "--check"]
        if let path = try arguments.value("--config") { words += ["--config", path] }
        do throws(Errno) { return try Foreground.output(of: words, limit: 0).status } catch {
            throw Failure(.unavailable, "\(printable(words[0])): \(error)")
        }
    }

    /// The daemon's program: next to this one, or in sbin next to its bin, or in PATH.
    private static var program: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return "outspoold" }
        let own = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = own.pieces(at: "/").dropLast().joined(separator: "/")
        for candidate in ["\(folder)/outspoold", "\(folder)/../sbin/outspoold"] where access(candidate, X_OK) == 0 {
            return candidate
        }
        return "outspoold"
    }
}
