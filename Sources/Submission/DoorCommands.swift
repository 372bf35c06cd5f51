internal import IDNA
internal import Message
internal import SMTPServer
internal import Text

/// Commands and their replies.
extension Door {
    /// Answers one line, of a command or of an exchange of AUTH.
    mutating func take(_ line: ArraySlice<UInt8>) -> Action? {
        if case .login(var exchange, let mechanism) = mode {
            return proceed(exchange.respond(line), exchange, mechanism)
        }
        if isOfAnotherProtocol(line) {
            notes.append("warning: non-SMTP command from \(client): \(printableLine(line, limit: 100))")
            end(Reply(421, "4.7.0", "\(rules.name) Error: this is SMTP"))
            return nil
        }
        let command = Command(line, isLenient: true)
        if let refusal = refusal(of: command) {
            counts.add(command.countName, isGood: false)
            refuse(refusal)
            return nil
        }
        switch command {
        case .mail(let sender): begin(sender)
        case .rcpt(let recipient): add(recipient)
        case .auth(let mechanism, let initial):
            var exchange = LoginExchange(mechanism)
            return proceed(exchange.begin(initial: initial), exchange, mechanism)
        case .startTLS:
            counts.add("starttls", isGood: true)
            write(Reply(220, "2.0.0", "Ready to start TLS"))
            mode = .waiting
            return .startTLS
        default:
            counts.add(command.countName, isGood: true)
            accept(command)
        }
        return nil
    }

    private mutating func accept(_ command: Command) {
        switch command {
        case .ehlo(let name): greet(name, extended: true)
        case .helo(let name): greet(name, extended: false)
        case .data:
            write(Reply(354, "", "End data with <CR><LF>.<CR><LF>"))
            reader = DataReader()
            (body, doom, mode) = ([], nil, .message)
        case .rset:
            transaction = nil
            write(.ok)
            idle()
        case .quit:
            write(Reply(221, "2.0.0", "Bye"))
            mode = .closing
        case .vrfy:
            write(Reply(252, "2.0.0", "Send some mail and see"))
            idle()
        case .help:
            write(Reply(214, "2.0.0", "See outspool-smtpd(8)"))
            idle()
        default:
            write(.ok)
            idle()
        }
    }

    private mutating func greet(_ name: [UInt8], extended: Bool) {
        hello = String(decoding: name, as: UTF8.self)
        isExtended = extended
        transaction = nil
        idle()
        guard extended else { return write(Reply(250, "", rules.name)) }
        var lines = ["PIPELINING", "SIZE \(rules.maxMessageSize)"]
        if offers(.startTLS) { lines.append("STARTTLS") }
        if offers(.auth) { lines.append("AUTH " + LoginExchange.mechanisms.joined(separator: " ")) }
        lines += ["ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "DSN", "LIMITS RCPTMAX=\(rules.maxRecipients)"]
        write(Reply(250, "", rules.name, more: lines))
    }

    private mutating func proceed(_ step: LoginExchange.Step, _ exchange: LoginExchange, _ mechanism: String) -> Action?
    {
        switch step {
        case .challenge(let text):
            write(Reply(334, "", text))
            mode = .login(exchange, mechanism: mechanism)
        case .credentials(let user, let password):
            mode = .waiting
            return .login(user: user, password: password, mechanism: mechanism)
        case .refused(let reply):
            mode = .command
            counts.add("auth", isGood: false)
            refuse(reply)
        }
        return nil
    }

    /// Why the command is not possible now; nil when it is. What addresses say is judged later.
    private func refusal(of command: Command) -> Reply? {
        switch command {
        case .malformed(let reply): return reply
        case .ehlo, .helo, .noop, .help, .vrfy, .rset, .quit: return nil
        case .startTLS:
            if !offers(.startTLS) { return Reply(502, "5.5.1", "Error: STARTTLS is not offered") }
            // They came in clear, and would be taken as if TLS had protected them.
            return hasWaitingInput ? Reply(554, "5.5.1", "Error: commands behind STARTTLS") : nil
        case .auth(let mechanism, _):
            if !isExtended { return Reply(503, "5.5.1", "Error: send EHLO first") }
            if login != nil { return Reply(503, "5.5.1", "Error: already authenticated") }
            if transaction != nil { return Reply(503, "5.5.1", "Error: MAIL transaction in progress") }
            if !offers(.auth) {
                return rules.offersLogin
                    ? Reply(538, "5.7.11", "Encryption required for authentication")
                    : Reply(503, "5.5.1", "Error: authentication not enabled")
            }
            let isKnown = LoginExchange.mechanisms.holds(exactly: mechanism)
            return isKnown ? nil : Reply(504, "5.5.4", "Error: unknown mechanism")
        case .mail(let sender):
            if hello == nil { return Reply(503, "5.5.1", "Error: send HELO/EHLO first") }
            if transaction != nil { return Reply(503, "5.5.1", "Error: nested MAIL command") }
            if rules.requiresLogin, login == nil { return Reply(530, "5.7.0", "Authentication required") }
            if let size = sender.size, size > rules.maxMessageSize { return .tooBig }
            return sender.address.contains { $0 >= 0x80 } && !sender.smtpUTF8 ? .needsUTF8 : nil
        case .rcpt(let recipient):
            guard let transaction else { return Reply(503, "5.5.1", "Error: need MAIL command") }
            if transaction.recipients.count >= rules.maxRecipients {
                return Reply(452, "4.5.3", "Error: too many recipients")
            }
            return recipient.address.contains { $0 >= 0x80 } && !transaction.said.smtpUTF8 ? .needsUTF8 : nil
        case .data:
            guard let transaction else { return Reply(503, "5.5.1", "Error: need RCPT command") }
            return transaction.recipients.isEmpty ? Reply(554, "5.5.1", "Error: no valid recipients") : nil
        }
    }

    /// MAIL: the sender is read, and held against what the client may use.
    private mutating func begin(_ said: Envelope.Sender) {
        didWork()
        let text = String(decoding: said.address, as: UTF8.self)
        var own = Transaction(sender: nil, senderText: text, said: said)
        if !said.address.isEmpty {
            guard let address = address(text) else {
                counts.add("mail", isGood: false)
                return refuse(Reply(501, "5.1.7", "<\(replyText(text))>: Bad sender address syntax"))
            }
            own.sender = access.envelopeFrom ?? address
            if access.envelopeFrom == nil, !access.allows(address) {
                transaction = own
                let reply = Reply(553, "5.7.1", "<\(replyText(text))>: Sender address rejected: not owned by user")
                noteRefusal("MAIL", reply)
                transaction = nil
                counts.add("mail", isGood: false)
                return refuse(reply)
            }
        }
        transaction = own
        counts.add("mail", isGood: true)
        write(Reply(250, "2.1.0", "Ok"))
    }

    private mutating func add(_ recipient: Envelope.Recipient) {
        let text = String(decoding: recipient.address, as: UTF8.self)
        guard let address = address(text) else {
            let reply = Reply(501, "5.1.3", "<\(replyText(text))>: Bad recipient address syntax")
            noteRefusal("RCPT", reply, to: text)
            counts.add("rcpt", isGood: false)
            return refuse(reply)
        }
        transaction?.recipients.append(
            Posting.Recipient(address, notify: recipient.notify, original: recipient.original))
        counts.add("rcpt", isGood: true)
        write(Reply(250, "2.1.5", "Ok"))
    }

    /// One address, its domain completed where it has none.
    private func address(_ text: String) -> Address? {
        // A name before an address has no place in an envelope.
        if text.utf8.contains(where: \.isBlank), text.utf8.first != UInt8(ascii: "\"") { return nil }
        let (mailboxes, faults) = Mailbox.posted(text, origin: rules.origin)
        return faults.isEmpty && mailboxes.count == 1 ? mailboxes[0].address : nil
    }

    /// A browser or a program that was made to speak to this port by others: its next lines may look like SMTP.
    private func isOfAnotherProtocol(_ line: ArraySlice<UInt8>) -> Bool {
        let word = line.prefix { $0 != 0x20 }
        if word.last == UInt8(ascii: ":"), word.count > 1 { return true }
        if line.first == 0x16 { return true }
        return ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PRI", "PUT"].contains { name in
            word.elementsEqual(name.utf8)
        }
    }
}

/// Untrusted text for a reply: ASCII, on one line, cut.
func replyText(_ text: String, limit: Int = 200) -> String {
    String(
        decoding: printableLine(text.utf8, limit: limit).unicodeScalars.map { $0.isASCII ? UInt8($0.value) : 0x3F },
        as: UTF8.self)
}
