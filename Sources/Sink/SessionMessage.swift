internal import JSON
internal import Linux
internal import SMTPServer
internal import ServerSocket
internal import Time

/// The state of the message that is being received, besides its bytes.
struct MessageState {
    var id = ""
    /// Its first bytes have come.
    var hasBegun = false
    /// A reply was sent in the middle of it, and the one after the dot is not.
    var isAnswered = false
    var failure: Errno?
}

/// Messages, from DATA to the reply to the final dot.
extension Session {
    /// DATA has been accepted.
    func beginMessage() {
        reader = DataReader()
        message = MessageState()
        message.id = server.nextMessageID()
        draft = nil
        guard let maildir = server.maildir, let envelope = dialogue.envelope else { return }
        let header = MessageHeader(envelope: envelope, session: facts, id: message.id, time: .now).encoded()
        draft = Maildir.Draft(maildir, name: message.id, header: header.bytes, longLinesOffset: header.longLinesOffset)
    }

    /// Takes what has come of the message; false when it needs more.
    func takeMessage() -> Bool {
        if inbox.isEmpty { return false }
        if !message.hasBegun {
            message.hasBegun = true
            if let fault = strike(.body, recipients) {
                switch fault.action {
                case .reply, .drip: message.isAnswered = true
                default: break
                }
                answer(.mailOk, at: .body, then: .message, fault: fault)
                return true
            }
            let delay = server.settings.delays[Phase.body.index]
            if delay > .zero {
                pause(for: delay) {}
                return true
            }
        }
        var isComplete = false
        var none: [UInt8] = []
        let keeps = draft != nil && !reader.hasBareNewline && reader.size <= server.settings.maxSize
        inbox.take { input in
            let result =
                if let draft {
                    reader.read(input, keep: keeps, into: &draft.pending)
                } else {
                    reader.read(input, keep: false, into: &none)
                }
            isComplete = result.isComplete
            return result.used
        }
        if isComplete {
            finishMessage()
        } else {
            spill()
        }
        return true
    }

    private func spill() {
        do throws(Errno) {
            if message.failure == nil { try draft?.spill() }
        } catch {
            message.failure = error
            draft = nil
        }
    }

    private func finishMessage() {
        mayBeIdle = true
        if let refusal = messageRefusal {
            return conclude(refusal, nil)
        }
        let fault = strike(.dot, recipients)
        if let fault, case .reply(let code, _) = fault.action, code >= 400 {
            return conclude(Reply(code, "", "as planned"), fault)
        }
        do throws(Errno) {
            if let failure = message.failure { throw failure }
            try draft?.deliver(longLines: reader.longLines)
            conclude(Reply(250, "2.0.0", "Ok: queued as \(message.id)"), fault)
        } catch {
            complain("cannot store a message: \(error)")
            let isFull = error == .noSpace || error == .quota
            conclude(isFull ? Reply(452, "4.3.1", "Disk full") : Reply(451, "4.3.0", "Cannot store it"), nil)
        }
    }

    /// Logs what became of the message, and answers.
    private func conclude(_ reply: Reply, _ fault: Fault?) {
        server.count(size: reader.size, isAccepted: reply.isPositive)
        if server.log != nil { logMessage(reply, fault) }
        draft = nil
        dialogue.finishMessage()
        if message.isAnswered {
            mode = .command
        } else {
            answer(reply, at: .dot, fault: fault)
        }
    }

    private var recipients: [[UInt8]] {
        let concerns = server.plan.concerns(.body) || server.plan.concerns(.dot)
        return concerns ? dialogue.envelope?.recipients.map(\.address) ?? [] : []
    }

    /// Why the message as it came cannot be accepted.
    private var messageRefusal: Reply? {
        if reader.hasBareNewline { return Reply(550, "5.5.2", "CR or LF alone in the message") }
        if reader.size > server.settings.maxSize { return .tooBig }
        if server.settings.isStrict {
            if reader.longLines > 0 { return Reply(550, "5.5.2", "A line of more than 998 octets") }
            // With SMTPUTF8 the header needs no other extension: RFC 6531, section 3.6.
            let sender = dialogue.envelope?.sender
            let isUndeclared = sender?.smtpUTF8 == true ? reader.hasEightBitBody : reader.isEightBit
            if isUndeclared, sender?.body != "8BITMIME" {
                return Reply(554, "5.6.3", "Bytes above 127 without BODY=8BITMIME")
            }
        }
        return nil
    }

    private var facts: SessionFacts {
        SessionFacts(
            id: id, peer: peer.description, peerHost: peer.host, server: server.name,
            helo: (dialogue.hello ?? []).prefix(255).text, isExtended: dialogue.isExtended, tls: dialogue.tls,
            user: dialogue.user)
    }

    private func logMessage(_ reply: Reply, _ fault: Fault?) {
        let envelope = dialogue.envelope ?? Envelope(sender: .init())
        log(
            "message",
            [
                ("id", .string(message.id)), ("helo", .string((dialogue.hello ?? []).text)),
                ("from", .string(envelope.sender.address.text)),
                ("to", .array(envelope.recipients.map { .string($0.address.text) })),
                ("size", .number(.init(reader.size))), ("longLines", .number(.init(reader.longLines))),
                ("eightBit", .bool(reader.isEightBit)), ("body", envelope.sender.body.map { .string($0) } ?? .null),
                ("smtpUTF8", .bool(envelope.sender.smtpUTF8)), ("tls", dialogue.tls.map { .string($0) } ?? .null),
                ("user", dialogue.user.map { .string($0) } ?? .null),
                ("file", draft != nil && reply.isPositive ? .string(message.id) : .null),
                ("stored", .bool(reply.isPositive)), ("result", .string(reply.summary)),
                ("fault", fault.map { .string($0.name) } ?? .null),
            ])
    }
}
