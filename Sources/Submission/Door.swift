internal import Message
package import SMTPServer
internal import Text

/// One SMTP session of a door, without its I/O: bytes in, replies and actions out (RFC 5321, RFC 6409).
///
/// The caller gives it what came (``receive(_:)``), does what ``next()`` asks for until that is nil, and sends
/// ``output``. It holds at most ``Inbox/limit`` bytes of commands, one message of ``DoorRules/maxMessageSize`` and
/// ``outputLimit`` bytes of replies and some.
package struct Door {
    /// The next action for the caller. After ``startTLS``, ``login(user:password:mechanism:)`` and ``post(_:)`` nothing
    /// is read until the caller has reported the result.
    package enum Action: Sendable {
        /// A line for the log.
        case log(String)
        /// Send what is in ``output``, then begin TLS, then ``becameEncrypted()``.
        case startTLS
        /// Judge the credentials, then ``finishLogin(_:)``.
        case login(user: String, password: String, mechanism: String)
        /// Queue the message, then ``finishPosting(_:)``.
        case post(Posting)
        /// Send what is in ``output``, and close the connection.
        case close
    }

    enum Mode {
        case command
        case login(LoginExchange, mechanism: String)
        case message
        /// For what the caller does.
        case waiting
        case closing
        case closed
    }

    /// Commands are not read while more bytes of replies wait.
    package static let outputLimit = 16 << 10

    let rules: DoorRules
    /// The client in the words of the log: `localhost[127.0.0.1]`.
    let client: String
    var access: Access
    package var output: [UInt8] = []
    var mode = Mode.command
    private var inbox = Inbox()
    var notes: [String] = []
    var counts = CommandCounts()

    /// The name that the client gave; nil before EHLO or HELO.
    var hello: String?
    var isExtended = false
    var isEncrypted = false
    var login: (user: String, mechanism: String)?
    var transaction: Transaction?
    var reader = DataReader()
    var body: [UInt8] = []
    /// The reply that the message gets whatever it is; its bytes are dropped.
    var doom: Reply?
    private var errors = 0
    private var idleCommands = 0

    /// The envelope, from MAIL on.
    struct Transaction {
        var sender: Address?
        var senderText: String
        var said: Envelope.Sender
        var recipients: [Address] = []
        /// Of the first recipient: all others say the same.
        var notify: String?
    }

    /// Begins with the greeting.
    /// - Parameter access: what a client may do that has not logged in.
    package init(_ rules: DoorRules, client: String, access: Access) {
        self.rules = rules
        self.client = client
        self.access = access
        Reply(220, "", "\(rules.name) ESMTP Outspool").write(to: &output, enhancedCodes: true)
    }

    /// Whether more bytes are wanted: less than ``Inbox/limit`` wait.
    package var wantsInput: Bool { inbox.hasRoom && !isClosed }
    package var isClosed: Bool { if case .closed = mode { true } else { false } }
    /// Whether the caller still owes an answer.
    package var isWaiting: Bool { if case .waiting = mode { true } else { false } }
    /// How many octets of a message are held.
    package var heldSize: Int { body.count }
    /// Whether the client is within a message.
    package var isReceiving: Bool { if case .message = mode { true } else { false } }
    /// `ehlo=1 mail=1 …`, for the line that says the client has gone.
    package var summary: String { counts.text }

    package mutating func receive(_ bytes: UnsafeRawBufferPointer) { inbox.append(bytes) }

    /// Takes commands and messages from what came, and returns the next action; nil when more must come, or replies
    /// must be sent first.
    package mutating func next() -> Action? {
        while true {
            if !notes.isEmpty { return .log(notes.removeFirst()) }
            switch mode {
            case .waiting, .closed: return nil
            case .closing:
                mode = .closed
                return .close
            case .message:
                if inbox.isEmpty { return nil }
                if let action = takeMessage() { return action }
            case .command, .login:
                if output.count >= Door.outputLimit { return nil }
                switch inbox.takeLine() {
                case .incomplete: return nil
                case .tooLong: refuse(.lineTooLong)
                case .bareNewline: refuse(Reply(500, "5.5.2", "Error: a line ends with LF alone"))
                case .line(let line): if let action = take(line) { return action }
                }
            }
        }
    }

    /// The caller has no room for more of the message: it is refused, and the client may try again.
    package mutating func shed() {
        doom = doom ?? .busy
        body = []
    }

    /// Ends the session with a reply, whatever is under way.
    package mutating func end(_ reply: Reply) {
        if isClosed { return }
        write(reply)
        body = []
        mode = .closing
    }

    /// TLS is in place: what the client said before counts no more (RFC 3207, section 4.2).
    package mutating func becameEncrypted() {
        isEncrypted = true
        hello = nil
        login = nil
        transaction = nil
        inbox.removeAll()
        mode = .command
    }

    /// - Parameter access: what the user may do; nil: the credentials are wrong.
    package mutating func finishLogin(_ user: String, mechanism: String, _ access: Access?) {
        mode = .command
        counts.add("auth", isGood: access != nil)
        guard let access else {
            notes.append(
                "warning: \(client): SASL \(mechanism) authentication failed: user=\(printable(user, limit: 100))")
            return refuse(.noCredentials, counted: true)
        }
        self.access = access
        login = (user, mechanism)
        write(Reply(235, "2.7.0", "Authentication successful"))
    }

    /// - Parameter result: the job's id, as it is called in the spool; or the refusal's reply.
    /// - Parameter messageID: the message's, for the log.
    package mutating func finishPosting(_ result: Result<String, PostingRefusal>, messageID: String? = nil) {
        mode = .command
        switch result {
        case .success(let id):
            let user = login.map { ", sasl_method=\($0.mechanism), sasl_username=\(printable($0.user, limit: 100))" }
            notes.append("\(id): client=\(client)\(user ?? "")")
            if let messageID { notes.append("\(id): message-id=\(printable(messageID, limit: 250))") }
            write(Reply(250, "2.0.0", "Ok: queued as \(id)"))
            transaction = nil
        case .failure(let refusal): refuseMessage(refusal.reply)
        }
    }

    func offers(_ extension: Extensions) -> Bool {
        switch `extension` {
        case .startTLS: rules.offersTLS && !isEncrypted
        case .auth: rules.offersLogin && (isEncrypted || rules.allowsLoginWithoutTLS)
        default: true
        }
    }

    var hasWaitingInput: Bool { !inbox.isEmpty }

    mutating func write(_ reply: Reply) { reply.write(to: &output, enhancedCodes: true) }

    /// Takes what has come of the message.
    private mutating func takeMessage() -> Action? {
        var isComplete = false
        if doom == nil, reader.hasBareNewline {
            doom = Reply(550, "5.5.2", "Error: a CR or LF alone in the message; lines end with CR LF")
        }
        if doom == nil, reader.size > rules.maxMessageSize { doom = .tooBig }
        let keeps = doom == nil
        if !keeps { body = [] }
        inbox.take { input in
            let result = reader.read(input, keep: keeps, into: &body)
            isComplete = result.isComplete
            return result.used
        }
        return isComplete ? finishMessage() : nil
    }

    /// A command that did nothing for a mail.
    mutating func idle() {
        idleCommands += 1
        if idleCommands > rules.maxIdleCommands { giveUp() }
    }

    mutating func didWork() { idleCommands = 0 }

    /// Answers with an error; after too many of them the session ends.
    mutating func refuse(_ reply: Reply, counted: Bool = true) {
        write(reply)
        guard counted else { return }
        errors += 1
        if errors >= rules.maxErrors { giveUp() }
    }

    private mutating func giveUp() {
        notes.append("too many errors from \(client)")
        end(Reply(421, "4.7.0", "\(rules.name) Error: too many errors"))
    }

    /// A line about a refusal, as Postfix has it.
    mutating func noteRefusal(_ step: String, _ reply: Reply, to recipient: String? = nil) {
        var line = "NOQUEUE: reject: \(step) from \(client): \(printable(reply.summary, limit: 400));"
        if let transaction { line += " from=<\(printable(transaction.senderText, limit: 320))>" }
        if let recipient { line += " to=<\(printable(recipient, limit: 320))>" }
        line += " proto=\(isExtended ? "ESMTP" : "SMTP")"
        if let hello { line += " helo=<\(printable(hello, limit: 255))>" }
        notes.append(line)
    }
}
