internal import SMTP

/// A server's bytes give the same replies in whatever pieces they come, and nothing in them reaches a log raw.
func fuzzReply(_ input: [UInt8]) {
    func replies(inPiecesOf size: Int) -> (replies: [Reply], error: ReplyError?) {
        var parser = ReplyParser()
        var found: [Reply] = []
        var rest = input[...]
        while !rest.isEmpty {
            parser.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
            do throws(ReplyError) {
                while let reply = try parser.next() { found.append(reply) }
            } catch { return (found, error) }
        }
        return (found, nil)
    }
    let whole = replies(inPiecesOf: input.count + 1)
    for size in [1, 7, 1 + Int(input.last ?? 0)] {
        let pieces = replies(inPiecesOf: size)
        must(pieces.replies == whole.replies && pieces.error == whole.error, "the same in pieces of \(size)")
    }
    if let error = whole.error { must(isLine(error.description), "a fault is told in one line") }
    for reply in whole.replies {
        must((0...999).contains(reply.code), "three digits")
        must(isLine(reply.description) && reply.text.count <= Reply.textLimit, "a reply is one line in the log")
        if let status = reply.enhanced { must(status.class == reply.code / 100, "a status has its reply's class") }
        let capabilities = Capabilities(reply)
        if let limit = capabilities.sizeLimit { must(limit > 0, "no limit is none") }
    }
}

private func isLine(_ text: String) -> Bool {
    !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
}

/// What is stuffed is unstuffed to the same lines, in buffers of whatever size, and ends where it ends.
func fuzzDots(_ input: [UInt8]) {
    var lines: [UInt8] = []
    for (index, byte) in input.enumerated() {
        switch byte {
        case 0x0D: lines += [0x0D, 0x0A]
        case 0x0A: if index == 0 || input[index - 1] != 0x0D { lines += [0x0D, 0x0A] }
        default: lines.append(byte)
        }
    }
    if !lines.isEmpty, lines.last != 0x0A { lines += [0x0D, 0x0A] }
    let wire = DotStuffing.wire(input)
    must(hasOnlyCRLF(wire), "every line ends in CRLF")
    var unstuffed: [UInt8] = []
    var start = 0
    while true {
        guard let end = wire[start...].firstIndex(of: 0x0A) else { return must(false, "a line with a dot ends it") }
        let line = wire[start...end]
        if line.elementsEqual([0x2E, 0x0D, 0x0A]) {
            must(end == wire.count - 1, "nothing follows the end")
            break
        }
        unstuffed += line.first == 0x2E ? line.dropFirst() : line
        start = end + 1
    }
    must(unstuffed == lines, "unstuffed, it is the message")
    for size in [DotStuffing.minimumBuffer, DotStuffing.minimumBuffer + Int(input.first ?? 0)] {
        var stuffing = DotStuffing(input)
        var pieces: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: size)
        while !stuffing.isFinished {
            let count = buffer.withUnsafeMutableBytes { stuffing.read(into: $0) }
            must(count > 0 && count <= size, "it goes on")
            pieces += buffer[..<count]
        }
        must(pieces == wire, "the same in buffers of \(size)")
    }
}

/// A server that answers anything at any time: each transaction ends once, no body goes without a commit, and
/// `sent` needs a body that was written.
func fuzzSession(_ input: [UInt8]) {
    guard let first = input.first else { return }
    var capabilities = Capabilities()
    capabilities.pipelining = first & 1 != 0
    capabilities.smtpUTF8 = first & 2 != 0
    capabilities.size = first & 4 != 0
    if first & 8 != 0 { capabilities.sizeLimit = 1000 }
    if first & 16 != 0 { capabilities.language = .lmtp }
    capabilities.dsn = first & 32 != 0
    if first & 64 != 0 { capabilities.server = "mx" }
    var dialogue = Dialogue(capabilities)
    for byte in input.dropFirst() { dialogue.take(byte) }
    dialogue.end()
}

private struct Dialogue {
    private struct Course {
        let recipients: Int
        var isCommitted = false
        var isBodyAllowed = false
        var isWritten = false
    }

    private var session: Session
    /// Of the transaction that is under way.
    private var course: Course?
    private var isWriting = false
    private var isAsked = false
    private var isClosed = false

    init(_ capabilities: Capabilities) { session = Session(capabilities) }

    private static let codes = [220, 250, 250, 250, 251, 354, 354, 421, 450, 451, 452, 550, 552, 554, 150, 999]

    mutating func take(_ byte: UInt8) {
        if isClosed { return }
        // An answer to what was asked comes first: nothing else may happen in between.
        if isAsked {
            isAsked = false
            if byte & 7 == 0 { return act(on: session.abort()) }
            course?.isBodyAllowed = true
            return act(on: session.proceed())
        }
        switch byte >> 5 {
        case 0, 1: begin(byte)
        case 2:
            if isWriting {
                isWriting = false
                course?.isWritten = true
                session.bodyWritten()
            }
        case 3 where byte & 31 == 0: act(on: session.interrupted(.timedOut))
        case 3 where byte & 31 == 1: act(on: session.interrupted(.closed("reset")))
        default:
            let text = byte & 16 == 0 ? "2.0.0 Ok" : byte & 64 == 0 ? "" : "mx\nPIPELINING"
            act(on: session.received(Reply(code: Dialogue.codes[Int(byte & 15)], text)))
        }
    }

    private mutating func begin(_ byte: UInt8) {
        guard session.isIdle else { return }
        must(course == nil, "what is idle has nothing under way")
        let count = 1 + Int(byte & 3)
        let recipients = (0..<count).map { byte & 16 == 0 ? "r\($0)@example.com" : "ü\($0)@example.com" }
        guard
            let envelope = try? Envelope(
                sender: "", recipients: recipients, size: byte & 8 == 0 ? 10 : 5000,
                dsn: byte & 32 == 0 ? nil : DSN(notify: [.failure], envelopeID: "\(byte)"))
        else { return must(false, "these are addresses") }
        course = Course(recipients: count)
        act(on: session.begin(envelope))
    }

    private mutating func act(on actions: [Session.Action]) {
        for action in actions {
            must(!isClosed, "closing is the last action")
            switch action {
            case .write(let bytes):
                must(hasOnlyCRLF(bytes) && !bytes.isEmpty, "commands are lines")
                must(!isWriting, "no command is in the middle of a body")
            case .commit(let accepted):
                guard let now = course, !now.isCommitted else {
                    return must(false, "asked once, while it is under way")
                }
                must(!accepted.isEmpty && accepted.allSatisfy { $0 < now.recipients }, "somebody is to have it")
                course?.isCommitted = true
                isAsked = true
            case .writeBody:
                must(course?.isBodyAllowed == true && !isWriting, "no body without a commit, and one at a time")
                isWriting = true
            case .finish(let outcome): finish(outcome)
            case .close: isClosed = true
            }
        }
    }

    private mutating func finish(_ outcome: TransactionOutcome) {
        guard let course else { return must(false, "what ends was begun, and ends once") }
        must(outcome.recipients.count == course.recipients, "every recipient has an outcome")
        must(!outcome.committed || course.isBodyAllowed, "no commit that was not given")
        for recipient in outcome.recipients {
            switch recipient {
            case .sent(let reply):
                must(course.isWritten && reply.kind == .positive, "sent is a body that was written and taken")
            case .inDoubt: must(course.isWritten, "in doubt is a body that was written")
            case .refused(.reply(let reply)): must(reply.kind == .permanent, "refused is 5yz")
            case .deferred(.reply(let reply)), .tooMany(let reply): must(reply.kind != .positive, "deferred is no 2yz")
            case .refused, .deferred, .notTried: break
            }
        }
        self.course = nil
        (isWriting, isAsked) = (false, false)
    }

    /// However it went, nothing is left without an outcome.
    mutating func end() {
        act(on: session.interrupted(.closed("the end")))
        must(course == nil, "no transaction is left")
        must(session.interrupted(.timedOut).isEmpty && session.received(Reply(code: 250, "")).isEmpty, "it is over")
    }
}
