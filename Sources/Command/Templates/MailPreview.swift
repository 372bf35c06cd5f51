internal import Mail
internal import Message
internal import Text

typealias ReadPart = ReadMessage.Part

/// A mail as it would go out now, and what its reader would see of it.
struct MailPreview {
    /// The part of a message's HTML that Gmail shows before it cuts it off.
    static let gmailLimit = 102 * 1024

    /// Which variant of the template; nil for the default.
    let locale: String?
    let mail: OutgoingMail
    let message: ReadMessage

    init(_ mail: OutgoingMail, in locale: String?) {
        self.mail = mail
        self.locale = locale
        message = ReadMessage(mail.bytes)
    }

    /// The fields that readers see, in their order.
    var envelope: [(name: String, value: String)] {
        ["From", "Sender", "Reply-To", "To", "Cc"].compactMap { name in message.value(of: name).map { (name, $0) } }
    }

    var subject: String { message.value(of: "Subject") ?? "" }

    /// The HTML with the files that travel with it in their places.
    var selfContainedHTML: String? {
        guard let html = message.html else { return nil }
        var files: [[UInt8]: ReadPart] = [:]
        for part in message.parts { if let cid = part.cid { files[Array(cid.utf8)] = part } }
        let source = html.content
        var out: [UInt8] = []
        var index = 0
        while index < source.count {
            guard source[index] == UInt8(ascii: "c"), source[index...].prefix(4).elementsEqual("cid:".utf8)
            else {
                out.append(source[index])
                index += 1
                continue
            }
            let name = source[(index + 4)...].prefix { $0 > 0x20 && !"\"'()<>&".utf8.contains($0) }
            if let file = files[Array(name)] { out += file.dataURI.utf8 } else { out += source[index..<name.endIndex] }
            index = name.endIndex
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// A summary of the mail for a person, and its text.
    func summarise(to output: Output, locales: [String?]) throws(Failure) {
        var lines = envelope + [("Subject", subject)]
        if !message.attachments.isEmpty {
            lines.append(("Files", message.attachments.map { $0.filename ?? $0.type }.joined(separator: ", ")))
        }
        lines.append(("Size", sizes))
        if locales.count > 1 {
            lines.append(("Locales", locales.map { $0 ?? "default" }.joined(separator: ", ")))
        }
        for (name, value) in lines {
            let padding = String(repeating: " ", count: max(1, 10 - name.utf8.count))
            let style: Output.Style? = name == "Subject" ? .bold : nil
            try output.line(output.styled(name, .dim) + padding + output.styled(printable(value), style))
        }
        try output.line("")
        guard let text = message.text else { return try output.line("no text part") }
        try output.printLines(of: text.text)
    }

    private var sizes: String {
        var parts = message.text.map { ["text \(size($0.content.count))"] } ?? []
        if let html = message.html {
            let isCut = html.content.count > MailPreview.gmailLimit
            let cut = isCut ? ", of which Gmail shows \(size(MailPreview.gmailLimit))" : ""
            parts.append("HTML \(size(html.content.count))\(cut)")
        }
        return size(mail.bytes.count) + (parts.isEmpty ? "" : ": \(parts.joined(separator: ", "))")
    }
}

/// Bytes for people: `913 B`, `7.4 KB`, `1.2 MB`.
func size(_ bytes: Int) -> String {
    if bytes < 1024 { return "\(bytes) B" }
    let (unit, name) = bytes < 1024 * 1000 ? (1024, "KB") : (1024 * 1024, "MB")
    let tenths = (bytes * 10 + unit / 2) / unit
    return tenths >= 1000 ? "\(tenths / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
}
