package import Time

/// How long each reply is waited for. The defaults are those of RFC 5321 section 4.5.3.2.
package struct Timeouts: Equatable, Sendable {
    package var mail = Span.minutes(5)
    package var recipient = Span.minutes(5)
    package var data = Span.minutes(2)
    /// Without progress while the body is written.
    package var block = Span.minutes(3)
    package var dot = Span.minutes(10)
    package var reset = Span.minutes(5)

    package init() {}

    package subscript(phase: Phase) -> Span {
        switch phase {
        case .mail: mail
        case .recipient: recipient
        case .data: data
        case .body: block
        case .dot: dot
        case .reset: reset
        }
    }

    package var shortest: Span { min(mail, recipient, data, block, min(dot, reset)) }
}

/// The reply that a transaction waits for.
package enum Phase: Equatable, CustomStringConvertible {
    case mail, recipient, data, body, dot, reset

    /// As it reads after "while waiting for" or "while".
    package var description: String {
        switch self {
        case .mail: "waiting for the reply to MAIL"
        case .recipient: "waiting for the reply to RCPT"
        case .data: "waiting for the reply to DATA"
        case .body: "sending the message"
        case .dot: "waiting for the reply to the end of the message"
        case .reset: "waiting for the reply to RSET"
        }
    }
}
