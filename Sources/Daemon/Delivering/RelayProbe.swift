package import EventLoop
package import JSON
internal import Linux
internal import Mail
internal import Relay
internal import SMTP
internal import Spool
internal import Time

/// One look at a relay, as the daemon's connections see it: lookup, TLS, greeting, EHLO, AUTH. And, if it is asked
/// for, one mail. Nothing of the spool is touched.
package final class RelayProbe {
    /// For each reply up to the login, at most.
    private static let patience = Span.minutes(1)

    private let curl: CurlLoop
    private let connection: RelayConnection
    private let settings: Settings
    private let relay: Settings.Relay
    private let mailTo: String?
    private let began = Clock.monotonic
    private let finish: (_ isUp: Bool, _ result: JSON) -> Void

    /// Nil when the configuration has no relay of that name. `finish` comes once, from the loop, within the relay's
    /// timeouts.
    package init?(
        _ name: String, mailTo: String?, _ settings: Settings, loop: EventLoop,
        finish: @escaping (_ isUp: Bool, _ result: JSON) -> Void
    ) throws {
        guard let relay = settings.relays.first(where: { $0.name == name }) else { return nil }
        self.relay = relay
        self.settings = settings
        self.mailTo = mailTo
        self.finish = finish
        curl = try CurlLoop(loop)
        var way = relay.connection
        // A person waits for the answer.
        way.greetingTimeout = min(way.greetingTimeout, Self.patience)
        connection = RelayConnection(curl, to: way)
    }

    package func start() {
        connection.onReady = { [self] in ready($0) }
        connection.onFailure = { [self] failure in
            var result = head(isUp: false)
            result["phase"] = .string(failure.phase.rawValue)
            result["code"] = failure.code.map { .number(.init($0)) }
            result["reason"] = .string(failure.reason)
            result["address"] = failure.address.map { .string($0) }
            result["configurationFault"] = .bool(failure.isConfigurationFault)
            end(false, result)
        }
        connection.connect()
    }

    private func head(isUp: Bool) -> JSON.Object {
        return JSON.Object([
            ("relay", .string(relay.name)), ("url", .string(relay.connection.url)), ("ok", .bool(isUp)),
            ("milliseconds", .number(.init(Int((Clock.monotonic - began) / 1_000_000)))),
        ])
    }

    private func ready(_ capabilities: Capabilities) {
        var result = head(isUp: true)
        result["address"] = connection.address.map { .string($0) }
        result["tls"] = .bool(connection.isSecure)
        result["loggedIn"] = .bool(relay.connection.user != nil)
        result["capabilities"] = .array(capabilities.words.map { .string($0) })
        result["sizeLimit"] = capabilities.sizeLimit.map { .number(.init($0)) }
        if let date = connection.certificateEnd {
            result["certificateEnds"] = .string(date.rfc3339Seconds)
            result["certificateDaysLeft"] = .number(.init(Int((date.seconds - Timestamp.now.seconds) / 86400)))
        }
        guard let mailTo else { return end(true, result) }
        send(to: mailTo, result)
    }

    private func send(to address: String, _ result: JSON.Object) {
        let (envelope, mail): (Envelope, OutgoingMail)
        do {
            let job = try Job(
                .object(
                    .init([
                        ("subject", .string("Test from outspool on \(Process.hostName)")), ("to", .string(address)),
                        (
                            "text",
                            .string("This mail was sent through the relay \(relay.name) to see whether that works.\n")
                        ),
                    ])))
            mail = try OutgoingMail(
                job, id: JobID.make(at: .now), date: .now, rendered: nil, defaults: settings.mail)
            envelope = try Envelope(
                sender: mail.sender, recipients: mail.recipients, size: mail.bytes.count, needs8Bit: mail.needs8Bit,
                needsSMTPUTF8: mail.needsSMTPUTF8)
        } catch {
            return end(false, failed(result, "\(error)"))
        }
        connection.send(envelope: envelope, body: mail.bytes, commit: { _ in true }) { [self] outcome in
            switch outcome.recipients.first {
            case .sent(let reply)?:
                var result = result
                result["sent"] = .string(reply.description)
                end(true, result)
            case .deferred(let cause)?, .refused(let cause)?:
                let words = [cause.code.map { String($0) }, cause.enhanced?.description, cause.text].compactMap { $0 }
                end(false, failed(result, words.joined(separator: " ")))
            default: end(false, failed(result, outcome.fault.reason ?? "no reply"))
            }
        }
    }

    private func failed(_ result: JSON.Object, _ reason: String) -> JSON.Object {
        var result = result
        result["ok"] = false
        result["phase"] = "mail"
        result["reason"] = .string(reason)
        return result
    }

    private func end(_ isUp: Bool, _ result: JSON.Object) {
        connection.onClosed = { [self] _ in finish(isUp, .object(result)) }
        connection.onFailure = { _ in }
        guard isUp else {
            // What failed has no connection any more, or none that is worth a farewell.
            connection.close()
            return finish(isUp, .object(result))
        }
        connection.quit()
    }
}
