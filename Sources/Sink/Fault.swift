/// One way in which the server is to misbehave.
package struct Fault: Equatable, Sendable {
    package let phase: Phase
    /// Only for this address, compared in lower case.
    package var address: String?
    package let action: Action
    package var limit = Limit.always

    /// The action instead of the reply.
    package enum Action: Equatable, Sendable {
        /// These lines, CRLF included. With 2yz and 3yz the command takes effect, with 4yz and
        /// 5yz it does not; 421 also closes the connection.
        case reply(code: Int, lines: String)
        /// The connection is closed in order, without a reply.
        case close
        /// The connection is reset (RST), without a reply.
        case reset
        /// No reply, ever.
        case silence
        /// The reply, slowly, a byte at a time.
        case drip
        /// Bytes that are not a reply; the session goes on.
        case garbage
        /// A reply whose lines never end.
        case endless
        /// Half of the reply, then nothing.
        case half
        /// The reply comes before its command, which then gets none.
        case early
    }

    /// How often.
    package enum Limit: Equatable, Sendable {
        case always
        case first(Int)
        /// Counted for each recipient apart.
        case firstForEachRecipient(Int)
    }

    /// The word that the log says.
    var name: String {
        switch action {
        case .reply(let code, _): "reply \(code)"
        case .close: "close"
        case .reset: "reset"
        case .silence: "silence"
        case .drip: "drip"
        case .garbage: "garbage"
        case .endless: "endless"
        case .half: "half"
        case .early: "early"
        }
    }
}
