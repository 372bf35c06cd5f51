import Glibc
import Linux
import Scratch
import Testing
import Time

@testable import Daemon

/// What systemd sets and hears. The environment is the process's: one test at a time.
@Suite("Supervisor", .serialized)
struct SupervisorTests {
    private func supervisor(_ variables: [String: String]) -> Supervisor {
        for (name, value) in variables { setenv(name, value, 1) }
        defer { for name in variables.keys { unsetenv(name) } }
        return Supervisor()
    }

    @Test(
        "A sign of life comes twice in the watchdog's time, if that is for this process",
        arguments: [
            ("30000000", nil, 15_000_000_000), ("30000000", "\(getpid())", 15_000_000_000), ("30000000", "1", nil),
            ("0", nil, nil), ("-5", nil, nil), ("soon", nil, nil), ("9223372036854775807", nil, nil), ("1", nil, 500),
        ] as [(String, String?, Int64?)])
    func watchdog(usec: String, pid: String?, nanoseconds: Int64?) {
        var variables = ["WATCHDOG_USEC": usec]
        variables["WATCHDOG_PID"] = pid
        #expect(supervisor(variables).watchdogInterval?.nanoseconds == nanoseconds)
    }

    @Test("Assignments are datagrams to its socket, by path or by abstract name", arguments: [false, true])
    func tells(isAbstract: Bool) throws {
        let scratch = try Scratch()
        let address = isAbstract ? "@\(scratch.path)" : scratch.path("notify")
        let socket = try NotifySocket(address)
        let supervisor = supervisor(["NOTIFY_SOCKET": address])
        #expect(supervisor.watchdogInterval == nil)
        supervisor.tell("READY=1\nSTATUS=delivering")
        supervisor.tell("STOPPING=1")
        #expect(socket.next() == "READY=1\nSTATUS=delivering")
        #expect(socket.next() == "STOPPING=1")
    }

    @Test("Without one, or where it does not listen, nothing happens")
    func absent() throws {
        let scratch = try Scratch()
        supervisor([:]).tell("READY=1")
        supervisor(["NOTIFY_SOCKET": scratch.path("nobody")]).tell("READY=1")
        let long = scratch.path(String(repeating: "x", count: 200))
        supervisor(["NOTIFY_SOCKET": long]).tell("READY=1")
        #expect(try scratch.list("") == [])
    }
}

/// A supervisor's end of it.
private final class NotifySocket {
    private let number: Int32

    init(_ address: String) throws {
        number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) {
            $0.copyBytes(from: address.utf8)
            if address.hasPrefix("@") { $0[0] = 0 }
        }
        let size = socklen_t(
            MemoryLayout<sa_family_t>.size + address.utf8.count + (address.hasPrefix("@") ? 0 : 1))
        let result = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, size) }
        }
        try #require(result == 0)
    }

    deinit { close(number) }

    /// The next datagram; nil when there is none.
    func next() -> String? {
        var bytes = [UInt8](repeating: 0, count: 1000)
        let count = recv(number, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }
}
