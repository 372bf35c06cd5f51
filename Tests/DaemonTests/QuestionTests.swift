import EventLoop
import Foundation
import JSON
import Linux
import Testing
import Time

@testable import Daemon

/// A question blocks the process that asks: the other end is a thread of its own here.
@Suite("Questions of a worker", .serialized, .ownThreads)
struct QuestionTests {
    /// Runs the parent's end until the other has gone.
    private static func serve(_ number: Int32) throws {
        let loop = try EventLoop()
        var channel: Channel?
        channel = try Channel(
            number, on: loop,
            hear: { message in
                guard let text = message.string else { return nil }
                // What is told before the answer comes before it.
                channel?.tell(.string("before \(text)"))
                return .string("answer to \(text)")
            }, ended: { loop.stop() })
        try loop.run()
        withExtendedLifetime(channel) {}
    }

    @Test("An answer comes while the question waits; what comes meanwhile is heard afterwards, in order")
    func answers() throws {
        let (own, other) = try PacketSocket.pair()
        // It ends with the channel of this end; what it cannot do, the answers below tell.
        Thread.detachNewThread { try? QuestionTests.serve(other) }
        let loop = try EventLoop()
        var heard: [JSON] = []
        do {
            let channel = try Channel(
                own, on: loop,
                hear: {
                    heard.append($0)
                    return nil
                }, ended: {})
            #expect(channel.ask("a", within: .seconds(20)) == "answer to a")
            #expect(channel.ask("b", within: .seconds(20)) == "answer to b")
            #expect(heard.isEmpty)
            try loop.run(until: { heard.count == 2 }, saying: { "\(heard)" })
            #expect(heard == ["before a", "before b"])
            // No answer is one, too.
            #expect(channel.ask(1, within: .seconds(20)) == .null)
            channel.close()
        }
    }
}
