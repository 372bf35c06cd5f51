import EventLoop
import Sink

/// A real SMTP server on a test's own loop.
final class TestRelay {
    private let server: Server

    /// Listens on a free port; `options` are those of outspool-sink(8).
    init(_ options: [String], on loop: EventLoop) throws {
        guard case .serve(let settings) = try Invocation(["--listen", "127.0.0.1:0", "--quiet"] + options) else {
            throw NotServing()
        }
        server = try Server(settings, on: loop)
    }

    private struct NotServing: Error {}

    var url: String { "smtp://\(server.addresses[0])" }
    /// Sessions, messages and faults, as outspool-sink prints them at its end.
    var summary: String { server.summary }

    func stop() { server.shutDown() }
}
