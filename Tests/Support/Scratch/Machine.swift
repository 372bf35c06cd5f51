internal import Foundation

/// The machine that the tests run on: what is installed, who they are.
package enum Machine {
    package static var isRoot: Bool { geteuid() == 0 }

    /// The path of a program, Debian's before another one of PATH; nil if there is none.
    package static func program(_ name: String) -> String? {
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (["/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin", "/sbin"] + path).map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Debian's Python, which has the packages of Debian, if it has this one.
    package static func python(with package: String) -> String? {
        let python = "/usr/bin/python3"
        return can([python, "-c", "import \(package)"]) ? python : nil
    }

    /// Whether a command runs and succeeds; not where its program is missing.
    package static func can(_ words: [String]) -> Bool {
        // What cannot be run for this cannot be had for a test either.
        (try? Program(words[0]).run(Array(words.dropFirst())).status) == 0
    }

    /// Debian's libfaketime; nil where the package faketime is not installed.
    package static let faketime: String? = {
        let root = "/usr/lib"
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return folders.map { "\(root)/\($0)/faketime/libfaketime.so.1" }
            .first { FileManager.default.fileExists(atPath: $0) }
    }()

    /// A port of 127.0.0.1 that nobody listens on.
    package static func freePort() throws -> Int {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0
            }
        }
        guard isBound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EADDRINUSE) }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
