import EventLoop
import Linux
import Relay
import SMTP
import Testing
import Time

/// One connection and its messages, run to the end on this thread; what happened, as words.
final class Exchange {
    let loop: EventLoop
    let curl: CurlLoop
    var settings: RelaySettings
    var body = Array("Subject: x\n\n.Hello\n".utf8)
    var recipients = ["r@example.com"]
    /// How many messages are sent.
    var messages = 1
    /// What is called when the connection is ready, in place of sending.
    var onReady: ((RelayConnection) -> Void)?
    var commit: (RelayConnection, [Int]) -> Bool = { _, _ in true }
    /// QUIT when all is sent.
    var quits = true
    private(set) var events: [String] = []
    private(set) var failure: ConnectionFailure?
    private(set) var outcomes: [TransactionOutcome] = []

    /// Kept as long as it is talked to.
    private var server: TestServer?

    convenience init(_ server: TestServer, scheme: String = "smtp") throws {
        try self.init(port: server.port, scheme: scheme)
        self.server = server
    }

    init(port: Int, scheme: String = "smtp") throws {
        Linux.Process.ignoreBrokenPipe()
        loop = try EventLoop()
        curl = try CurlLoop(loop)
        settings = try RelaySettings(url: "\(scheme)://127.0.0.1:\(port)")
        settings.tls = .none
        settings.connectTimeout = .seconds(10)
        settings.helo = "client.test"
    }

    @discardableResult
    func run() throws -> [String] {
        let connection = RelayConnection(curl, to: settings)
        connection.onReady = { [unowned self] _ in
            events.append("ready")
            if let onReady { onReady(connection) } else { next(connection) }
        }
        connection.onIdle = { [unowned self] in next(connection) }
        connection.onFailure = { [unowned self] in
            failure = $0
            events.append(
                "failed \($0.phase) \($0.code.map(String.init) ?? "-")\($0.isConfigurationFault ? " config" : "")")
            loop.stop()
        }
        connection.onClosed = { [unowned self] in
            switch $0 {
            case .retired: events.append("retired")
            case .idle: events.append("idle")
            case .lost: events.append("lost")
            }
            loop.stop()
        }
        connection.connect()
        let guardian = loop.schedule(after: .seconds(20)) { [unowned self] in
            Issue.record("nothing more happened after \(events)")
            loop.stop()
        }
        try loop.run()
        guardian.cancel()
        connection.close()
        return events
    }

    private func next(_ connection: RelayConnection) {
        if messages == 0 {
            if quits { connection.quit() }
            return
        }
        while messages > 0, connection.isIdle { send(connection) }
    }

    func send(_ connection: RelayConnection) {
        messages -= 1
        do {
            let envelope = try Envelope(sender: "s@example.com", recipients: recipients, size: body.count)
            connection.send(envelope: envelope, body: body, commit: { [unowned self] in commit(connection, $0) }) {
                [unowned self] outcome in
                outcomes.append(outcome)
                events.append(outcome.recipients.map(word).joined(separator: ",") + word(outcome.fault))
            }
        } catch { Issue.record(error) }
    }

    private func word(_ recipient: RecipientOutcome) -> String {
        switch recipient {
        case .sent: "sent"
        case .deferred(let cause): "deferred\(cause.code.map { " \($0)" } ?? "")"
        case .refused(let cause): "refused\(cause.code.map { " \($0)" } ?? "")"
        case .inDoubt: "inDoubt"
        case .tooMany: "tooMany"
        case .notTried: "notTried"
        }
    }

    private func word(_ fault: Fault) -> String {
        switch fault {
        case .none: ""
        case .outOfStep: " outOfStep"
        case .unordered: " unordered"
        case .stale: " stale"
        case .silent(let phase, _): " silent(\(phase))".replacing("waiting for the reply to ", with: "")
        case .interrupted(let phase, _): " interrupted(\(phase))".replacing("waiting for the reply to ", with: "")
        case .aborted: " aborted"
        }
    }
}
