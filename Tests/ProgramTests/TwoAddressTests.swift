import Foundation
import Glibc
import Scratch
import Testing

/// A relay's name with two addresses, of which the first is of no use.
@Suite(
    "Relays with two addresses", .serialized, .ownThreads,
    .enabled(if: Machine.can(["unshare", "-m", "true"]), "needs to be root, and unshare"))
struct TwoAddressTests {
    /// A listener on an address and port that takes no connection and refuses none.
    final class BlackHole {
        private var descriptors: [Int32] = []

        init(_ address: String, _ port: Int) throws {
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = in_port_t(port).bigEndian
            name.sin_addr.s_addr = inet_addr(address)
            func call(_ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> (Int32, Int32) {
                let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                descriptors.append(descriptor)
                _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
                let result = withUnsafePointer(to: &name) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
                return (descriptor, result)
            }
            let (listener, bound) = call(bind)
            try #require(bound == 0 && listen(listener, 0) == 0)
            // They fill the queue.
            for _ in 0..<4 { _ = call(connect) }
        }

        deinit { for descriptor in descriptors { close(descriptor) } }
    }

    /// A daemon for which relay.test is 127.0.0.2, then 127.0.0.3; the second one is a sink on `port`.
    private func place(_ lines: String = "") throws -> (Workplace, Int) {
        let place = try Workplace()
        let port = try Machine.freePort()
        let sink = try place.start(
            Program.built("outspool-sink").path,
            ["--listen", "127.0.0.3:\(port)", "--maildir", place.scratch.path("mail")],
            name: "good")
        try place.wait("the sink to listen") { sink.out.contains("\n") }
        try place.write("hosts", "127.0.0.2 relay.test\n127.0.0.3 relay.test\n")
        try place.configure(
            relays: "[relay main]\nurl = smtp://relay.test:\(port)\ntls = none\n\(lines)\n")
        return (place, port)
    }

    private func daemon(_ place: Workplace) throws {
        _ = try place.ready {
            try place.start(
                "/usr/bin/unshare",
                [
                    "-m", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$1\" --config \"$2\"",
                    place.scratch.path("hosts"), Program.built("outspoold").path, place.configuration.path,
                ], name: "daemon")
        }
    }

    @Test(
        "An address that takes the connection and fails is followed by the next, and rests",
        arguments: [
            "greeting=421 4.3.2 Not now", "greeting=554 no", "greeting=close", "ehlo=451 busy", "ehlo=silence",
            "greeting=silence",
        ])
    func sick(fault: String) throws {
        // Silence instead of a greeting is not waited for longer than for a connection, while an address is left.
        let times = fault == "greeting=silence" ? "connect_timeout = 1s" : "greeting_timeout = 1s"
        let (place, port) = try place(times)
        let sick = try place.start(
            Program.built("outspool-sink").path,
            ["--listen", "127.0.0.2:\(port)", "--fail", fault, "--log", "/dev/stderr"],
            name: "sick")
        try place.wait("the sick sink to listen") { sick.out.contains("\n") }
        try daemon(place)
        try place.hello("first")
        try place.wait(for: "first", in: "done")
        #expect(try place.history("first").allSatisfy { $0["attempt"] as? Int ?? 1 == 1 })
        let notes = place.log.components(separatedBy: "127.0.0.2: ").count - 1
        #expect(notes == 1 && place.log.contains("the next address is tried"), "\(place.log)")
        #expect(!place.log.contains("relay main failed"))
    }

    @Test("An address that drops packets is followed by the next within connect_timeout, and then left alone")
    func blackHole() throws {
        let (place, port) = try place("connect_timeout = 4s\nidle_timeout = 100ms")
        let hole = try BlackHole("127.0.0.2", port)
        try daemon(place)
        try place.hello("first")
        try place.wait(for: "first", in: "done")
        #expect(place.log.contains("127.0.0.2: connect: no answer"))
        let start = Date()
        for index in 0..<5 { try place.hello("more\(index)") }
        try place.wait("the others") { place.names("done").count == 6 }
        #expect(Date().timeIntervalSince(start) < 2)
        withExtendedLifetime(hole) {}
    }

    @Test("The relay has failed when all addresses have, and the log names one")
    func all() throws {
        let (place, port) = try place("user = shop\npassword_file = password")
        try place.write("password", "secret\n")
        let sick = try place.start(
            Program.built("outspool-sink").path, ["--listen", "127.0.0.2:\(port)", "--fail", "greeting=421 no"],
            name: "sick")
        try place.wait("the sick sink to listen") { sick.out.contains("\n") }
        try daemon(place)
        try place.hello("waits")
        try place.wait("the failure") { place.log.contains("relay main failed at auth") }
        #expect(place.log.contains("at 127.0.0.3: the relay offers no login"))
        #expect(place.places("waits") == ["new"])
    }
}
