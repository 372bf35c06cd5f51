internal import JSON
internal import SMTPServer
internal import Time

/// Commands and their replies.
extension Session {
    /// Takes one line and answers it; false when none is complete.
    func takeCommand() -> Bool {
        switch inbox.takeLine() {
        case .incomplete: return false
        case .tooLong: refuse(.lineTooLong)
        case .bareNewline: refuse(Reply(500, "5.5.2", "Line ends with LF alone"))
        case .line(let line):
            if case .auth(let exchange) = mode {
                respond(to: line, exchange)
            } else if !dialogue.offers(.pipelining), !inbox.isEmpty {
                answer(Reply(554, "5.5.0", "PIPELINING was not offered"), then: .closing)
                log("refused", [("reply", "PIPELINING was not offered")])
            } else {
                perform(Command(line))
            }
        }
        return true
    }

    private func perform(_ command: Command) {
        let phase = command.phase
        if let refusal = refusal(of: command) { return refuse(refusal, at: phase) }
        let fault = phase.flatMap { strike($0, addresses(in: command)) }
        if let fault, fault.action.prevents || (command.isAuth && fault.action.isReply) {
            return answer(.mailOk, at: phase, fault: fault)
        }
        if case .auth(let mechanism, let initial) = command {
            var exchange = AuthExchange(mechanism: mechanism, credentials: server.settings.credentials)
            let outcome = exchange.begin(initial: initial)
            return proceed(outcome, exchange, fault: fault)
        }
        let reply = dialogue.accept(command)
        switch command {
        case .data:
            beginMessage()
            answer(reply, at: phase, then: .message, fault: fault)
        case .quit: answer(reply, at: phase, then: .closing, fault: fault)
        case .startTLS: answer(reply, at: phase, then: .startTLS, fault: fault)
        case .rset:
            mayBeIdle = true
            answer(reply, at: phase, fault: fault)
        default: answer(reply, at: phase, fault: fault)
        }
    }

    /// The dialogue's objection to the command, and those that can only be seen from the bytes.
    private func refusal(of command: Command) -> Reply? {
        if let reply = dialogue.refusal(of: command) { return reply }
        switch command {
        case .startTLS where !inbox.isEmpty:
            return Reply(554, "5.5.1", "Commands after STARTTLS in the same group")
        case .data where server.settings.isStrict && !inbox.isEmpty:
            return Reply(503, "5.5.0", "Data before the reply to DATA")
        default: return nil
        }
    }

    private func addresses(in command: Command) -> [[UInt8]] {
        switch command {
        case .mail(let sender): [sender.address]
        case .rcpt(let recipient): [recipient.address]
        case .data: dialogue.envelope?.recipients.map(\.address) ?? []
        default: []
        }
    }

    private func respond(to line: ArraySlice<UInt8>, _ exchange: AuthExchange) {
        var exchange = exchange
        let outcome = exchange.respond(line)
        proceed(outcome, exchange, fault: nil)
    }

    private func proceed(_ outcome: AuthExchange.Outcome, _ exchange: AuthExchange, fault: Fault?) {
        switch outcome {
        case .challenge(let text): answer(Reply(334, "", text), at: .auth, then: .auth(exchange), fault: fault)
        case .authenticated(let user):
            dialogue.authenticated(as: user)
            answer(.authenticated, at: .auth, fault: fault)
        case .refused(let reply):
            log("refused", [("reply", .string(reply.summary))])
            answer(reply, at: .auth, fault: fault)
        }
    }

    /// Answers and notes in the log that the client was told off.
    private func refuse(_ reply: Reply, at phase: Phase? = nil) {
        log("refused", [("reply", .string(reply.summary))])
        answer(reply, at: phase)
    }

    /// Sends the reply after the phase's delay, or what the fault makes of it, and goes on in `next`.
    func answer(_ reply: Reply, at phase: Phase? = nil, then next: Mode = .command, fault: Fault? = nil) {
        let delay = phase.map { server.settings.delays[$0.index] } ?? .zero
        if delay > .zero {
            pause(for: delay) { [unowned self] in self.send(reply, at: phase, then: next, fault: fault) }
        } else {
            send(reply, at: phase, then: next, fault: fault)
        }
    }

    private func send(_ reply: Reply, at phase: Phase?, then next: Mode, fault: Fault?) {
        if let fault { return misbehave(fault, reply, then: next) }
        let bit = phase?.bit ?? 0
        if earlyReplies & bit != 0 {
            earlyReplies &= ~bit
        } else {
            reply.write(to: &outbox, enhancedCodes: usesEnhancedCodes)
        }
        mode = reply.code == 421 ? .closing : next
        if let phase, reply.isPositive { sendEarly(after: phase) }
    }
}

extension Command {
    fileprivate var isAuth: Bool { if case .auth = self { true } else { false } }
}
