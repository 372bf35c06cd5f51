import Foundation

/// What the machine has for these tests; the suites that need more are skipped, and say so.
enum Installed {
    /// Postfix's smtp-sink.
    static let sink = ["/usr/sbin/smtp-sink", "/usr/bin/smtp-sink"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    static let hasLoginServer =
        FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")
        // Where there is no Python there is no aiosmtpd either.
        && (try? run("/usr/bin/python3", ["-c", "import aiosmtpd"])) == 0

    /// Runs a program to its end; its exit status.
    static func run(_ path: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
