import EventLoop
import Foundation
import Linux
import Relay
import SMTP
import Scratch
import Testing
import Time

/// Many messages through several connections to Postfix's smtp-sink.
@Suite(
    "smtp-sink", .serialized, .ownThreads,
    .enabled(if: Machine.program("smtp-sink") != nil, "needs Postfix's smtp-sink"))
struct ThroughputTests {
    /// Keeps `count` connections busy until `total` messages were sent; how many were.
    private func sent(_ total: Int, through count: Int, port: Int, size: Int = 2048) throws -> (sent: Int, span: Span) {
        Linux.Process.ignoreBrokenPipe()
        let loop = try EventLoop()
        let curl = try CurlLoop(loop)
        var settings = try RelaySettings(url: "smtp://127.0.0.1:\(port)")
        settings.tls = .none
        var body = Array("Subject: x\r\n\r\n".utf8)
        while body.count < size {
            body += Array("The quick brown fox jumps over the lazy dog, again and again.\r\n".utf8)
        }
        let envelope = try Envelope(sender: "s@example.com", recipients: ["r@example.com"], size: body.count)
        var started = 0
        var done = 0
        var sent = 0
        let begin = Clock.monotonic
        func open() {
            let connection = RelayConnection(curl, to: settings)
            func fill() {
                while started < total, connection.isIdle {
                    started += 1
                    connection.send(envelope: envelope, body: body, commit: { _ in true }) { outcome in
                        done += 1
                        if case .sent = outcome.recipients[0] { sent += 1 }
                        if done == total { loop.stop() }
                    }
                }
            }
            connection.onReady = { _ in fill() }
            connection.onIdle = fill
            connection.onClosed = { _ in if started < total { open() } }
            connection.onFailure = {
                Issue.record("\($0)")
                loop.stop()
            }
            connection.connect()
        }
        for _ in 0..<count { open() }
        let guardian = loop.schedule(after: .seconds(60)) { loop.stop() }
        try loop.run()
        guardian.cancel()
        return (sent, Span(nanoseconds: Clock.monotonic - begin))
    }

    /// smtp-sink tells no one when it listens.
    private func waitUntilListening(_ port: Int) throws {
        try waitUntil("smtp-sink to listen") {
            let exchange = try Exchange(port: port)
            exchange.onReady = { $0.quit() }
            return try exchange.run() != ["failed connect -"]
        }
    }

    @Test("Delivers every message, with and without PIPELINING", arguments: [[], ["-p"]])
    func delivers(options: [String]) throws {
        let server = try TestServer(sinkAt: try #require(Machine.program("smtp-sink")), options)
        try waitUntilListening(server.port)
        let (sent, span) = try sent(3000, through: 10, port: server.port)
        #expect(sent == 3000)
        #expect(span < .seconds(60))
        print("smtp-sink \(options): \(Int(3000 / span.inSeconds)) messages/s")
    }

    @Test(
        "Every message has its outcome where the relay refuses or hangs up",
        arguments: [("-r", "rcpt"), ("-r", "data"), ("-r", "."), ("-q", "data"), ("-q", ".")])
    func refuses(option: String, command: String) throws {
        let server = try TestServer(sinkAt: try #require(Machine.program("smtp-sink")), [option, command])
        try waitUntilListening(server.port)
        let (sent, span) = try sent(300, through: 5, port: server.port)
        #expect(sent == 0)
        #expect(span < .seconds(60))
    }
}
