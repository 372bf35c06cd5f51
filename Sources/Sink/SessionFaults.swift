internal import EventLoop
internal import JSON
internal import SMTPServer
internal import ServerSocket
internal import Time

/// Greeting, TLS, idleness, and everything that goes wrong on purpose.
extension Session {
    /// The connection is there, and nothing has been sent.
    func connected() {
        reach(.connect, then: .command) { [unowned self] in
            if self.server.settings.isImplicitTLS { self.beginTLS() } else { self.greet() }
        }
    }

    private func greet() {
        reach(.greeting, reply: dialogue.greeting, then: .command) { [unowned self] in
            self.dialogue.greeting.write(to: &self.outbox, enhancedCodes: false)
            self.sendEarly(after: .greeting)
        }
    }

    /// Waits for the phase's delay, then misbehaves or goes on.
    private func reach(_ phase: Phase, reply: Reply = .mailOk, then next: Mode, _ goOn: @escaping () -> Void) {
        let act = { [unowned self] in
            guard let fault = self.strike(phase) else { return goOn() }
            if case .reply(let code, _) = fault.action, code >= 400 { self.dialogue.isRefusing = true }
            self.misbehave(fault, reply, then: next)
        }
        let delay = server.settings.delays[phase.index]
        if delay > .zero { pause(for: delay, act) } else { act() }
    }

    /// Everything that was to be sent in clear has been sent.
    func beginTLS() {
        // Bytes from before the handshake must not be trusted after it (RFC 3207, section 4.2).
        inbox.removeAll()
        mode = .handshake
    }

    /// Misbehaves when the client's first bytes are there: what came earlier it could take for a
    /// part of the reply to STARTTLS. False when it waits for them.
    private func meetClient() -> Bool {
        let isWaiting = server.plan.concerns(.tls) && !wire.hasInput
        handshakeInterest = .read
        if isWaiting { return false }
        reach(.tls, then: .mute) { [unowned self] in
            guard let context = self.server.tlsContext, let tls = self.wire.startTLS(context) else {
                return self.end()
            }
            self.tls = tls
        }
        return !isOver
    }

    /// Takes the handshake as far as it goes; false when it waits.
    func shakeHands() -> Bool {
        guard let tls else { return meetClient() }
        switch tls.handshake() {
        case .done:
            dialogue.becameEncrypted(version: tls.version)
            mode = .command
            if server.settings.isImplicitTLS { greet() }
            server.loop.later { [weak self] in self?.resume() }
            return true
        case .waitToRead: handshakeInterest = .read
        case .waitToWrite: handshakeInterest = .write
        case .ended: end()
        case .failed(let reason):
            log("refused", [("reply", .string("TLS handshake: \(reason)"))])
            end()
        }
        return false
    }

    /// The fault that is due, if any; it is counted and logged.
    func strike(_ phase: Phase, _ addresses: @autoclosure () -> [[UInt8]] = []) -> Fault? {
        guard server.plan.concerns(phase), let fault = server.plan.strike(phase, addresses()) else { return nil }
        note(fault.name, phase)
        return fault
    }

    private func note(_ name: String, _ phase: Phase) {
        server.faultCount += 1
        log("fault", [("phase", .string(phase.rawValue)), ("action", .string(name))])
    }

    /// Carries out the fault instead of `reply`.
    func misbehave(_ fault: Fault, _ reply: Reply, then next: Mode) {
        switch fault.action {
        case .reply(let code, let lines):
            outbox += lines.utf8
            mode = code == 421 ? .closing : next
        case .close: mode = .closing
        case .reset: mode = .resetting
        case .silence: mode = .mute
        case .garbage:
            outbox += Self.garbage
            mode = next
        case .endless: mode = .endless
        case .half:
            let bytes = encoded(reply)
            outbox += bytes[..<(bytes.count / 2)]
            mode = .mute
        case .drip: drip(encoded(reply)[...], then: next)
        case .early: mode = next
        }
    }

    private func encoded(_ reply: Reply) -> [UInt8] {
        var bytes: [UInt8] = []
        reply.write(to: &bytes, enhancedCodes: usesEnhancedCodes)
        return bytes
    }

    /// The first byte goes out at once, each other after the interval.
    private func drip(_ bytes: ArraySlice<UInt8>, then next: Mode) {
        if let first = bytes.first { outbox.append(first) }
        // With the last one, not after it: what the client says next belongs to the next mode.
        if bytes.count <= 1 {
            mode = next
            return
        }
        pause(for: server.settings.dripInterval) { [unowned self] in self.drip(bytes.dropFirst(), then: next) }
    }

    /// Sends the replies that are to come before their commands, where those may follow `phase`.
    func sendEarly(after phase: Phase) {
        for next in phase.followers where server.plan.strikeEarly(next) {
            note("early", next)
            earlyReplies |= next.bit
            usualReply(next).write(to: &outbox, enhancedCodes: usesEnhancedCodes)
        }
    }

    private func usualReply(_ phase: Phase) -> Reply {
        switch phase {
        case .ehlo: dialogue.ehloReply
        case .startTLS: .readyForTLS
        case .auth: .authenticated
        case .mail: .mailOk
        case .rcpt: .rcptOk
        case .data: .startMail
        case .dot: Reply(250, "2.0.0", "Ok: queued as \(message.id)")
        case .quit: .bye
        default: .resetOk
        }
    }

    /// After a message or RSET, when nothing is left to do.
    func watchForIdleness() {
        guard mayBeIdle, server.plan.concerns(.idle), !isPaused, inbox.isEmpty, outbox.isEmpty, case .command = mode
        else { return }
        mayBeIdle = false
        let count = readCount
        server.loop.schedule(after: server.settings.delays[Phase.idle.index]) { [weak self] in
            guard let self, !self.isOver, self.readCount == count, case .command = self.mode,
                let fault = self.strike(.idle)
            else { return }
            self.misbehave(fault, .mailOk, then: .command)
            self.pump()
        }
    }

    static let endlessLines = Array(String(repeating: "250-and so on, and so on, and so on\r\n", count: 200).utf8)
    /// Every byte but CR and LF, and then a CRLF: neither digits nor UTF-8.
    static let garbage = (UInt8.min...UInt8.max).reversed().filter { $0 != 0x0D && $0 != 0x0A } + [0x0D, 0x0A]
}

extension Fault.Action {
    var isReply: Bool { if case .reply = self { true } else { false } }

    /// The command does not take effect.
    var prevents: Bool {
        switch self {
        case .reply(let code, _): code >= 400
        case .garbage: true
        default: false
        }
    }
}
