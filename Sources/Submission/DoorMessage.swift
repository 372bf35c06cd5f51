internal import SMTPServer
internal import Text

/// Messages, from the final dot to its reply.
extension Door {
    /// The message has come whole.
    mutating func finishMessage() -> Action? {
        mode = .command
        didWork()
        if doom == nil, reader.hasBareNewline {
            doom = Reply(550, "5.5.2", "Error: a CR or LF alone in the message; lines end with CR LF")
        }
        if doom == nil, reader.size > rules.maxMessageSize { doom = .tooBig }
        guard doom == nil, let transaction else {
            refuseMessage(doom ?? Reply(503, "5.5.1", "Error: need RCPT command"))
            return nil
        }
        var posting = Posting(
            sender: transaction.sender, recipients: transaction.recipients, message: body, access: access,
            origin: rules.origin, maxJobSize: rules.maxJobSize)
        posting.returned = transaction.said.ret
        posting.envelopeID = transaction.said.envelopeID
        body = []
        mode = .waiting
        return .post(posting)
    }

    /// Answers a message that makes no job; the transaction is over.
    mutating func refuseMessage(_ reply: Reply) {
        let reply = Reply(reply.code, reply.enhanced, replyText(reply.text, limit: 400))
        noteRefusal("END-OF-MESSAGE", reply)
        transaction = nil
        body = []
        doom = nil
        refuse(reply, counted: reply.code >= 500)
    }
}
