internal import Message
internal import Text
internal import Time

/// One mail on its way to a report.
struct MailReading {
    private let message: FoundMessage
    private let table: FeedbackTable
    let notice: Notice
    private let original: Original
    private let subject: [UInt8]
    private var recipients: [Report.Recipient] = []
    private var clues = Report.Clues()
    private var at: Timestamp?

    init(_ message: FoundMessage, by table: FeedbackTable, alsoSentTo: [String] = []) {
        self.message = message
        self.table = table
        notice = Notice(message)
        original = Original(notice.original)
        subject = Array((message.header.value(of: "subject") ?? "").utf8.prefix(1000))
        clues.sentTo = alsoSentTo + sentTo
        clues.jobIDs = original.jobIDs
        clues.messageIDs = original.messageIDs
        clues.relayIDs = original.messageIDs.compactMap { id in
            // SES names a mail in its Message-ID as it does in its 250.
            id.ends(with: ".amazonses.com") || id.ends(with: "@amazonses.com")
                ? id.halves(at: "@").map { String($0.0) } : nil
        }
    }

    /// The report; nil where nothing was taken.
    var report: Report? {
        guard !recipients.isEmpty else { return nil }
        var report = Report(source: "mail", id: id)
        report.recipients = recipients
        report.clues = clues
        report.at = at ?? message.header.value(of: "date").flatMap { Timestamp(rfc5322: $0) }
        return report
    }

    /// The digest of what the report says of whom, and of its own name: other `Received` fields are another delivery of
    /// the same one. How the table reads it is not part of it.
    private var id: String {
        var text = "mail"
        func add(_ value: String?) { text += "\0" + (value ?? "") }
        add(message.header.value(of: "message-id") ?? message.header.value(of: "date"))
        add(clues.envelopeID)
        for id in clues.messageIDs { add(id) }
        for recipient in recipients {
            add(recipient.address)
            add(recipient.kind.rawValue)
            add(recipient.dsn)
            add(recipient.reply)
        }
        return digestID(text)
    }

    /// The addresses that the mail itself was sent to.
    var sentTo: [String] {
        var seen: Set<ExactText> = []
        var found: [String] = []
        for (name, value) in message.header.fields {
            var text = Array(value.utf8)[...]
            switch name {
            case "to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to",
                "x-delivered-to":
                break
            case "received":
                guard let place = text.indices.first(where: { text[$0...].starts(with: " for ".utf8) }) else {
                    continue
                }
                text = text[(place + 5)...].drop(while: \.isBlank).prefix { !$0.isSpace && $0 != UInt8(ascii: ";") }
            default: continue
            }
            for address in foundAddresses(in: text)
            where found.count < 20 && seen.insert(address.text.comparable).inserted {
                found.append(address.text)
            }
        }
        return found
    }

    private var from: [String] {
        ["from", "sender", "return-path"].flatMap { message.header.values(of: $0) }
            .flatMap { foundAddresses(in: Array($0.utf8)[...]) }.prefix(10).map(\.text)
    }

    // MARK: What kind of mail it is

    /// A feedback loop that writes for people: the original with a subject, or fields in the text.
    var isPlainComplaint: Bool {
        if original.messageIDs.isEmpty && original.to.isEmpty { return false }
        return PhraseSet.complaintSubjects.isIn(subject)
            || notice.lines.contains { $0.prefix(14).isSame(asLowercase: "feedback-type:") }
    }

    var isBounce: Bool {
        let header = message.header
        if header.value(of: "x-failed-recipients") != nil { return true }
        let isNull =
            header.value(of: "return-path").map { $0.utf8.allSatisfy { $0.isSpace || $0 == 0x3C || $0 == 0x3E } }
            ?? false
        let sender = (header.value(of: "from") ?? "") + " " + (header.value(of: "sender") ?? "")
        let isFromDaemon = PhraseSet.daemons.isIn(sender.utf8.prefix(500)) || isNull
        let hasSubject = PhraseSet.bounceSubjects.isIn(subject)
        let isAnswer = PhraseSet.autoReplySubjects.isIn(subject)
        if isAnswer { return false }
        let hasText = PhraseSet.bounceTexts.isIn(notice.text)
        let isFromMailer = sender.utf8.prefix(500).map(\.lowercased).text.holds("mailer-daemon")
        return (hasSubject && (isFromDaemon || hasText)) || (isFromDaemon && hasText) || isFromMailer
    }

    var isAutoReply: Bool {
        let header = message.header
        // RFC 3834, section 5.
        if let value = header.value(of: "auto-submitted")?.lowercasedASCII, value.begins(with: "auto-replied") {
            return true
        }
        let marks = [
            "x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-response-suppress", "x-autoreply-from",
            "x-mail-autoreply",
            "x-autogenerated", "x-vacation",
        ]
        let isMarked = marks.contains { header.value(of: $0) != nil }
        let precedence = header.value(of: "precedence")?.lowercasedASCII ?? ""
        let isAnswer = header.value(of: "in-reply-to") != nil || subject.prefix(3).isSame(asLowercase: "re:")
        return PhraseSet.autoReplySubjects.isIn(subject) || precedence.begins(with: "auto_reply")
            || (isMarked && header.value(of: "x-auto-response-suppress") == nil) || (isMarked && isAnswer)
    }

    // MARK: What it says

    mutating func takeStatus(_ status: DeliveryStatus) {
        clues.envelopeID = status.envelopeID
        clues.relayIDs += status.relayIDs
        addAnswered()
        at = status.recipients.compactMap(\.lastAttempt).first
        let form = OwnForm(notice, failed: status.recipients.compactMap(\.address), others: from, original: original)
        var seen: Set<ExactText> = []
        for recipient in status.recipients {
            let known = recipient.address ?? form.findings.first?.address ?? original.to.first
            guard let address = known, seen.insert(address.comparable).inserted else { continue }
            let own = form.findings.first { $0.address.comparable == address.comparable }?.text ?? []
            var evidence = Evidence(recipient.diagnostic, status: recipient.status, action: recipient.action)
            if recipient.diagnostic.isEmpty {
                evidence = Evidence(own, status: recipient.status, action: recipient.action)
            }
            let text = status.recipients.count == 1 ? notice.text : own
            recipients.append(evidence.recipient(address, notice: own + [0x0A] + text, by: table))
        }
        if recipients.isEmpty { takeOwnForm() }
    }

    mutating func takeOwnForm() {
        let failed = message.header.values(of: "x-failed-recipients").flatMap {
            foundAddresses(in: Array($0.utf8)[...])
        }
        // Some write the machine's fields for people.
        if failed.isEmpty,
            let start = notice.lines.firstIndex(where: { $0.prefix(16).isSame(asLowercase: "final-recipient:") })
        {
            var first = start
            while first > 0, notice.lines[first - 1].prefix(30).contains(UInt8(ascii: ":")) { first -= 1 }
            let status = DeliveryStatus(Array(notice.lines[first...].joined(separator: [0x0A]))[...])
            if status.recipients.first?.address != nil {
                takeStatus(status)
                return
            }
        }
        addAnswered()
        let others = from + (failed.isEmpty ? clues.sentTo : [])
        let form = OwnForm(notice, failed: failed.map(\.text), others: others, original: original)
        let isDelay = PhraseSet.delays.isIn(notice.text)
        let whole = subject + [0x0A] + notice.text
        for finding in form.findings {
            var evidence = Evidence(finding.text, action: isDelay ? "delayed" : nil)
            if evidence.code == nil, evidence.status == nil, form.findings.count == 1 {
                let all = Evidence(whole)
                (evidence.code, evidence.status) = (all.code, all.status)
            }
            recipients.append(
                evidence.recipient(finding.address, notice: form.findings.count == 1 ? whole : [], by: table))
        }
    }

    /// Takes a complaint; false where the report tells something else.
    mutating func takeComplaint(_ complaint: AbuseReport) -> Bool {
        if complaint.isNoComplaint { return false }
        clues.envelopeID = complaint.envelopeID
        for id in complaint.messageIDs where !clues.messageIDs.holds(exactly: id) { clues.messageIDs.append(id) }
        at = complaint.arrival
        var addresses = complaint.recipients
        if addresses.isEmpty {
            let named = original.envelopeTo + original.to
            addresses = named.filter { !isRedacted($0) }
        }
        var seen: Set<ExactText> = []
        for address in addresses where seen.insert(address.comparable).inserted {
            recipients.append(Report.Recipient(address, .complained, .complaint, isPermanent: false))
        }
        // It is a complaint, also where the report hides who complained.
        if recipients.isEmpty { recipients = [Report.Recipient("", .complained, .complaint, isPermanent: false)] }
        return true
    }

    /// A mail was displayed, deleted or handled by a program: RFC 8098, section 3.2.
    mutating func takeDisposition(_ fields: FoundHeader) {
        for id in fields.values(of: "original-message-id").flatMap(bareMessageIDs)
        where !clues.messageIDs.holds(exactly: id) {
            clues.messageIDs.append(id)
        }
        addAnswered()
        let address =
            (fields.value(of: "original-recipient").map(xtextDecoded) ?? fields.value(of: "final-recipient")).flatMap(
                fieldAddress)
        takeAnswer(of: address ?? from.first ?? "", text: fields.value(of: "disposition") ?? "")
    }

    mutating func takeAutoReply() {
        addAnswered()
        takeAnswer(of: from.first ?? "", text: String(decoding: subject, as: UTF8.self))
    }

    private mutating func takeAnswer(of address: String, text: String) {
        var recipient = Report.Recipient(address, .autoReply, .autoReply, isPermanent: false)
        let line = printableLine(text.utf8, limit: 500).cut(toBytes: 500)
        if !line.isEmpty { recipient.reply = line }
        recipients = [recipient]
    }

    /// The mails that this one says it answers.
    private mutating func addAnswered() {
        for name in ["in-reply-to", "references"] {
            for id in message.header.values(of: name).flatMap(bareMessageIDs)
            where clues.messageIDs.count < 20 && !clues.messageIDs.holds(exactly: id) {
                clues.messageIDs.append(id)
            }
        }
    }
}

/// 32 hexadecimal digits that the text has and no other.
func digestID(_ text: String) -> String {
    SHA256.digest(Array(text.utf8)).prefix(16).map { byte in
        String(decoding: [UInt8.hexDigit(byte >> 4), UInt8.hexDigit(byte)], as: UTF8.self).lowercasedASCII
    }.joined()
}
