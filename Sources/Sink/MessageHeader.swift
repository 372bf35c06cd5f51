internal import SMTPServer
internal import Time

/// The lines that go before a captured message: its envelope and how it came.
struct MessageHeader {
    let envelope: Envelope
    let session: SessionFacts
    /// The file's name, which is also the id in the reply.
    let id: String
    let time: Timestamp

    /// Digits in the field that counts long lines.
    static let longLinesWidth = 7

    /// The header, and where in it the digits of the long lines begin.
    func encoded() -> (bytes: [UInt8], longLinesOffset: Int) {
        var out: [UInt8] = []
        field("Return-Path", "<".utf8, envelope.sender.address, ">".utf8, to: &out)
        for recipient in envelope.recipients {
            field("Delivered-To", recipient.address, to: &out)
            field("X-Original-To", recipient.address, to: &out)
        }
        for recipient in envelope.recipients where recipient.notify != nil || recipient.original != nil {
            let notify = recipient.notify.map { " notify=\($0);" } ?? ""
            let original = recipient.original.map { " orcpt=\($0);" } ?? ""
            field("X-Sink-DSN", "<".utf8, recipient.address, ">;\(notify)\(original)".utf8, to: &out)
        }
        field(
            "Received", "from \(session.helo) ([\(session.peerHost)])\r\n\tby \(session.server) with ".utf8,
            "\(session.protocolName(envelope.sender)) id \(id);\r\n\t\(Self.date(time))".utf8, to: &out)
        field("X-Sink-Session", facts.utf8, to: &out)
        out += "X-Sink-Long-Lines: ".utf8
        let offset = out.count
        out += Self.longLines(0)
        out += [0x0D, 0x0A]
        return (out, offset)
    }

    /// The count in exactly ``longLinesWidth`` digits.
    static func longLines(_ count: Int) -> [UInt8] {
        let digits = String(min(count, 9_999_999))
        return Array((String(repeating: "0", count: longLinesWidth - digits.count) + digits).utf8)
    }

    /// RFC 5322, section 3.3, in UTC.
    static func date(_ time: Timestamp) -> String {
        let parts = CalendarTime(time)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(days[parts.weekday]), \(parts.day) \(months[parts.month - 1]) \(parts.year) "
            + "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)) +0000"
    }

    private var facts: String {
        let sender = envelope.sender
        var facts = ["id=\(session.id)", "peer=\(session.peer)", "helo=\(session.helo)"]
        facts.append("tls=\(session.tls ?? "none")")
        facts.append("user=\(session.user ?? "none")")
        facts.append("body=\(sender.body ?? "none")")
        facts.append("smtputf8=\(sender.smtpUTF8 ? "yes" : "no")")
        if let size = sender.size { facts.append("size=\(size)") }
        if let ret = sender.ret { facts.append("ret=\(ret)") }
        if let id = sender.envelopeID { facts.append("envid=\(id)") }
        if let auth = sender.auth { facts.append("auth=\(auth)") }
        return facts.joined(separator: "; ")
    }

    private func field(_ name: String, _ parts: any Collection<UInt8>..., to out: inout [UInt8]) {
        out += name.utf8
        out += [0x3A, 0x20]
        for part in parts { out += part }
        out += [0x0D, 0x0A]
    }
}

/// The facts of a session besides the message.
struct SessionFacts {
    let id: Int
    /// `127.0.0.1:40112`
    let peer: String
    let peerHost: String
    let server: String
    let helo: String
    let isExtended: Bool
    let tls: String?
    let user: String?

    /// RFC 3848 and RFC 6531, section 4.3.
    func protocolName(_ sender: Envelope.Sender) -> String {
        if !isExtended { return "SMTP" }
        return (sender.smtpUTF8 ? "UTF8SMTP" : "ESMTP") + (tls == nil ? "" : "S") + (user == nil ? "" : "A")
    }
}
