internal import IDNA
internal import JSON
internal import Message
internal import SMTP
internal import Text
internal import Time

/// An address that was accepted can stand in a command and in a header field, and is read as itself.
func isSafe(_ mailbox: Mailbox) {
    let address = mailbox.address
    let text = address.text
    must(!text.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "no control character in an address")
    must(address.domain.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a domain is ASCII")
    if !address.domain.hasPrefix("[") {
        for label in address.domain.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            must(
                (1...63).contains(label.count) && label.allSatisfy { $0.isLetterOrDigit || "-_".utf8.contains($0) }
                    && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-"), "a label can exist")
        }
    }
    must(address.needsSMTPUTF8 != text.utf8.allSatisfy { $0 < 0x80 }, "what is not ASCII is known")
    if text.utf8.first != UInt8(ascii: "\"") {
        must(!text.utf8.contains { [0x20, 0x22, 0x3C, 0x3E, 0x5C].contains($0) }, "no space outside of quotes")
    }
    let again = try? Address(parsing: text)
    must(again == address && again?.text.utf8.elementsEqual(text.utf8) == true, "read again, it is the same")
    let envelope = try? Envelope(sender: text, recipients: [text], size: 1)
    must(envelope?.needsSMTPUTF8 == address.needsSMTPUTF8, "the envelope takes it")
    if let name = mailbox.name {
        must(
            !name.isEmpty && !name.unicodeScalars.contains { $0.properties.generalCategory == .control },
            "a name is text")
    }
}

func fuzzAddress(_ input: [UInt8]) {
    let text = input.text
    if let address = try? Address(parsing: text) {
        guard let mailbox = try? Mailbox(parsing: text) else { return must(false, "an address is a mailbox") }
        must(mailbox.address == address, "with or without a name")
    }
    if let mailbox = try? Mailbox(parsing: text) {
        isSafe(mailbox)
        must((try? Mailbox.list(parsing: text))?.map(\.address) == [mailbox.address], "one is a list of one")
    }
    do {
        let mailboxes = try Mailbox.list(parsing: text)
        mailboxes.forEach(isSafe)
        must(
            (try? Mailbox.list(parsing: text, origin: "example.com")) == mailboxes, "an origin completes, nothing else")
    } catch {
        must(!"\(error)".contains("\n"), "a fault is told in one line")
        ((try? Mailbox.list(parsing: text, origin: "example.com")) ?? []).forEach(isSafe)
    }
    if let address = try? Address(user: text, at: "example.com"),
        let mailbox = try? Mailbox(name: text, address: address)
    {
        must(address.local == text, "a user's name is taken as it is")
        isSafe(mailbox)
    }
    if let envelope = try? Envelope(sender: text, recipients: [text], size: 1) {
        must(!envelope.sender.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "no command is ended by an address")
    }
    if let id = MessageID(text) { must(!id.text.utf8.contains { $0 <= 0x20 || $0 >= 0x7F }, "an id is one word") }
}

private let author = try? Mailbox(parsing: "Proof <proof@example.com>")
private let date = Timestamp(seconds: 1_700_000_000)

/// A message as it came, from a job or from sendmail's standard input.
func fuzzMessage(_ input: [UInt8]) {
    _ = ReadMessage(input)
    let id = MessageID(job: "fuzz", at: "example.com")
    if let message = try? WholeMessage(parsing: input),
        let sent = try? message.completed(from: author, date: date, messageID: id)
    {
        isMessage(sent.bytes)
        guard let again = try? WholeMessage(parsing: sent.bytes),
            let twice = try? again.completed(from: author, date: date, messageID: id)
        else { return must(false, "a completed message is one") }
        must(twice.bytes == sent.bytes, "what is complete stays as it is")
        let names = again.fields.map { $0.name.lowercased() }
        must(!names.contains("bcc") && !names.contains("return-path"), "nobody learns of Bcc")
        for name in ["from", "date", "message-id"] { must(names.contains(name), "\(name) is there") }
        must(sent.needs8Bit == sent.bytes.contains { $0 >= 0x80 }, "8 bits are known")
        for address in (try? again.recipients()) ?? [] { isSafe(mailbox(address)) }
    }
    guard let posted = try? PostedMessage(input, origin: "host.example") else { return }
    let completed = posted.completed()
    must(!completed.contains(0) && !completed.contains(0x0D), "lines end in LF")
    must(completed.split(separator: 0x0A).allSatisfy { $0.count <= 998 }, "no line is longer than SMTP carries")
    guard let whole = try? WholeMessage(parsing: completed) else { return must(false, "what was posted is a message") }
    for recipient in posted.recipients().addresses { isSafe(mailbox(recipient)) }
    if let sent = try? whole.completed(from: author, date: date, messageID: id) { isMessage(sent.bytes) }
}

private func mailbox(_ address: Address) -> Mailbox {
    guard let mailbox = try? Mailbox(name: nil, address: address) else { fatalError("not so: an address is a mailbox") }
    return mailbox
}

private func isMessage(_ bytes: [UInt8]) {
    must(hasOnlyCRLF(bytes), "every line ends in CRLF")
    must(!bytes.contains(0), "no NUL")
}

/// A message for a relay without 8BITMIME.
func fuzzSevenBit(_ input: [UInt8]) {
    let (id, plain) = (MessageID(job: "fuzz", at: "example.com"), input.filter { $0 != 0 })
    guard let message = try? WholeMessage(parsing: plain).completed(from: author, date: date, messageID: id) else {
        return
    }
    let bytes = sevenBit(message.bytes)
    isMessage(bytes)
    must(message.needs8Bit || bytes == message.bytes, "what has seven bits stays")
    must(sevenBit(bytes) == bytes, "what was converted stays")
    let (before, after) = (ReadMessage(message.bytes), ReadMessage(bytes))
    must(before.fields.count <= after.fields.count, "no field goes")
    must(after.text == nil || before.parts.count == after.parts.count, "no part goes")
}

/// Subject, text, HTML, a name, a header's name and value, a file's name and content: no field brings another.
func fuzzComposition(_ input: [UInt8]) {
    let parts = input.parts(8)
    let text = parts.map(\.text)
    guard let author else { return }
    var composition = Composition(
        from: (try? Mailbox(name: text[3], address: author.address)) ?? author, subject: text[0], date: date,
        messageID: MessageID(job: "fuzz", at: "example.com"))
    composition.to = [composition.from]
    composition.text = text[1]
    if !text[2].isEmpty { composition.html = text[2] }
    let hasHeader = !text[4].isEmpty
    if hasHeader { composition.headers = [ExtraHeader(name: text[4], value: text[5])] }
    if !text[6].isEmpty {
        composition.attachments = [
            Attachment(filename: text[6], cid: text[5].isEmpty ? nil : text[5], content: parts[7])
        ]
    }
    let composed: ComposedMessage
    do { composed = try composition.compose() } catch {
        return must(!"\(error)".contains("\n"), "a fault is told in one line")
    }
    isMessage(composed.bytes)
    must(composed.bytes.split(separator: 0x0A).allSatisfy { $0.count <= 999 }, "no line is longer than SMTP carries")
    guard let read = try? WholeMessage(parsing: composed.bytes) else { return must(false, "a composed message is one") }
    let allowed: Set = [
        "date", "from", "to", "subject", "message-id", "auto-submitted", "mime-version", "content-type",
        "content-transfer-encoding", text[4].lowercased(),
    ]
    let names = read.fields.map { $0.name.lowercased() }
    must(Set(names).isSubset(of: allowed), "no field brings another: \(names)")
    must(Set(names).count == names.count, "each field once: \(names)")
    must((try? read.recipients()) == [author.address], "the recipient is who it was")
    must((try? composition.compose())?.bytes == composed.bytes, "the same bytes each time")
    _ = ReadMessage(composed.bytes)
}

func fuzzHTML(_ input: [UInt8]) {
    let bytes = HTMLText.text(of: input.text)
    guard let text = String(validating: bytes, as: UTF8.self) else { return must(false, "UTF-8 in, UTF-8 out") }
    // A tab may stand in <pre>.
    must(
        !text.unicodeScalars.contains { $0 != "\n" && $0 != "\t" && $0.properties.generalCategory == .control },
        "text without controls")
    must(text.isEmpty || text.hasSuffix("\n"), "its last line ends")
    must(HTMLText.text(of: input.text) == bytes, "the same each time")
    must(bytes.count <= 100 * (input.count + 100), "bounded by what it is made of")
    for name in ContentReferences.names(in: input.text) { must(!name.isEmpty, "a reference names something") }
}
