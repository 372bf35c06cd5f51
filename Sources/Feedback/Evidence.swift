internal import Text

/// The reason that a report gives for one recipient: code, status and words.
struct Evidence {
    var code: Int?
    var status: Status?
    /// The server's words, or those of the notice.
    var text: [UInt8]
    /// In lower case; nil where the report has no such field.
    var action: String?

    /// Finds code and status in the text; a field's own status counts where the text has none that says more.
    init(_ text: [UInt8], status: Status? = nil, action: String? = nil) {
        self.text = withoutShifts(Array(text.prefix(FeedbackTable.textLimit)))
        self.action = action
        let found = Status.first(in: self.text[...])
        let isBetter = found.map { !$0.isVague || status == nil } ?? false
        self.status = isBetter && (status?.isVague ?? true || found?.numbers[0] == status?.numbers[0]) ? found : status
        code = firstReplyCode(in: self.text[...])?.code
    }

    /// The server's words: from its code on, in one line, at most 500 bytes.
    var reply: String? {
        let start = firstReplyCode(in: text[...])?.at ?? 0
        var line: [UInt8] = []
        for byte in text[start...] where line.count < 500 {
            if !byte.isSpace { line.append(byte) } else if line.last != 0x20, !line.isEmpty { line.append(0x20) }
        }
        let shown = printableLine(line[...].trimmed(\.isSpace), limit: 500)
        // A character that is cut, or shown as another one, may take more bytes than it had.
        return shown.isEmpty ? nil : shown.cut(toBytes: 500)
    }

    /// Reads the evidence: by itself first, then in the light of what else the notice says.
    func recipient(_ address: String, notice: [UInt8], by table: FeedbackTable) -> Report.Recipient {
        var kind = Report.Kind.bounced
        switch action {
        case "delayed": kind = .delayed
        case "delivered", "relayed", "expanded": kind = .delivered
        default: break
        }
        var told = Report.Recipient(address, kind, .delivered, isPermanent: false)
        if kind != .delivered {
            let reading =
                table.reading(code: code, status: status, text: text)
                ?? (notice.isEmpty ? nil : table.reading(code: code, status: status, text: notice))
            told.class = reading?.class ?? (isTransient ? .temporary : .unknown)
            if kind == .bounced { told.isPermanent = reading?.isPermanent ?? !isTransient }
        }
        told.code = code
        told.dsn = status?.description
        told.reply = reply
        return told
    }

    private var isTransient: Bool {
        if let status, !status.isVague || code == nil { return status.numbers[0] == 4 }
        return code.map { $0 / 100 == 4 } ?? false
    }
}

extension String {
    /// The longest beginning of whole characters that takes at most so many bytes.
    func cut(toBytes limit: Int) -> String {
        if utf8.count <= limit { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        while end > utf8.startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
