import Foundation
import Testing

/// A server in a process of its own, ended with the value.
final class TestServer {
    let port: Int
    private let process = Foundation.Process()
    private let input = Pipe()
    private let output = Pipe()
    private var buffer = Data()

    /// Starts server.py; it tells its port.
    init(_ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("server.py")
        process.arguments = [script.path] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var first = Data()
        while let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty, byte != Data([10]) {
            first += byte
        }
        port = try #require(Int(String(decoding: first, as: UTF8.self)))
    }

    static func script(_ steps: String...) throws -> TestServer { try TestServer(["script"] + steps) }

    /// Starts smtp-sink on a port that was free a moment ago.
    init(sinkAt path: String, _ options: [String] = []) throws {
        port = try Self.freePort()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["-u", "nobody"] + options + ["127.0.0.1:\(port)", "200"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit {
        // The threads of a test block SIGTERM, and a child inherits that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// The next line that the server wrote.
    func line() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer = Data(buffer[buffer.index(after: end)...])
                return line
            }
            let more = output.fileHandleForReading.availableData
            try #require(!more.isEmpty, "the server has gone")
            buffer += more
        }
    }

    /// What a scripted server heard on one connection.
    func heard() throws -> String {
        try JSONDecoder().decode(String.self, from: Data(line().utf8))
    }

    static func freePort() throws -> Int {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try #require(bind(socket, address, size) == 0)
                try #require(getsockname(socket, address, &size) == 0)
            }
            return Int(UInt16(bigEndian: pointer.pointee.sin_port))
        }
    }
}
