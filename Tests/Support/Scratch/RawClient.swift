internal import Glibc
package import Testing

/// A client that sends exactly the bytes it is given. Reads give up after ten seconds.
package final class RawClient {
    private let socket: Int32

    /// How a connection ended.
    package enum End: Equatable { case closed, reset, silent }

    /// Connects, and reads the greeting if it is expected.
    package init(_ port: UInt16, greeting: Bool = true) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
        setTimeout(milliseconds: 10_000)
        if greeting { try #require(try reply().hasPrefix("220 ")) }
    }

    deinit { close(socket) }

    private func setTimeout(milliseconds: Int) {
        var limit = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    package func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            try #require(count > 0)
            done += count
        }
    }

    /// Sends what is taken at once; false when the connection has ended.
    package func offer(_ text: String) -> Bool {
        var bytes = Array(text.utf8)
        return Glibc.send(socket, &bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)) >= 0
            || errno == EAGAIN
    }

    package func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// The next line, with its CRLF; what came of it when the connection ends first.
    package func line() throws -> String {
        var line: [UInt8] = []
        while !line.suffix(2).elementsEqual([0x0D, 0x0A]) {
            var byte: UInt8 = 0
            let count = recv(socket, &byte, 1, 0)
            if count == 0 { break }
            try #require(count == 1, "no reply: \(String(cString: strerror(errno))) after \(line)")
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// The lines up to the one without a hyphen, joined.
    package func reply() throws -> String {
        var all = ""
        while true {
            let line = try line()
            all += line
            if line.utf8.count < 4 || !line.dropFirst(3).hasPrefix("-") { return all }
        }
    }

    /// Sends a command and returns its reply.
    @discardableResult
    package func ask(_ command: String) throws -> String {
        try send(command + "\r\n")
        return try reply()
    }

    /// The codes of the next replies.
    package func codes(_ count: Int) throws -> [String] { try (0..<count).map { _ in String(try reply().prefix(3)) } }

    /// Asks and expects the code.
    package func ask(_ command: String, expect code: Int, _ location: SourceLocation = #_sourceLocation) throws {
        let reply = try ask(command)
        #expect(reply.hasPrefix("\(code)"), "\(command): \(reply)", sourceLocation: location)
    }

    /// Reads on to the end. Silence is believed after `patience`.
    package func end(patience: Int = 10_000) -> (text: String, how: End) {
        setTimeout(milliseconds: patience)
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while all.count < 1 << 20 {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count == 0 { return (String(decoding: all, as: UTF8.self), .closed) }
            if count < 0 { return (String(decoding: all, as: UTF8.self), errno == ECONNRESET ? .reset : .silent) }
            all += buffer[..<count]
        }
        return (String(decoding: all, as: UTF8.self), .silent)
    }

    /// EHLO, and everything up to the phase that is to fail.
    package func prepare(upTo phase: String) throws {
        if phase == "ehlo" { return }
        try ask("EHLO client.example", expect: 250)
        for (name, command, code) in [
            ("mail", "MAIL FROM:<a@example.com>", 250), ("rcpt", "RCPT TO:<b@example.com>", 250), ("data", "DATA", 354),
            ("dot", "Subject: x\r\n\r\ntext\r\n.", 250), ("rset", "RSET", 250),
        ] {
            if name == phase { return }
            try ask(command, expect: code)
        }
    }
}
