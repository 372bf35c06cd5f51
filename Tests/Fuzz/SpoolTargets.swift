@testable internal import Command
internal import IDNA
internal import JSON
internal import Message
internal import Spool
internal import Text
internal import Time

/// A job's file is taken apart and put together, whatever its tail; an event that is appended is read back.
func fuzzJob(_ input: [UInt8]) {
    let file: JobFile
    do { file = try JobFile(input) } catch { return }
    must(file.size == input.count && Array(file.object) == Array(input[..<file.object.endIndex]), "no byte is changed")
    must((try? JSON(parsing: Array(file.object)))?.encoded == file.value.encoded, "the object alone is the same object")

    var event = Event(.deferred, at: Timestamp(seconds: 1_700_000_000))
    (event.attempt, event.to, event.reply) = (1, ["zoe@example.com"], "Later,\nplease")
    let appended = input + (file.endsInNewline ? [] : [0x0A]) + event.line
    guard let longer = try? JobFile(appended) else { return must(false, "a job stays one with its history") }
    must(longer.value.encoded == file.value.encoded, "a history changes nothing in the object")
    must(longer.history.events == file.history.events + [event], "what was appended is the last event")

    guard let job = try? Job(file.value) else { return }
    must((try? Job(try JSON(parsing: file.value.encoded))) != nil, "a job that was written again is one")
    for field in [job.to, job.cc, job.bcc, job.from, job.replyTo, job.sender] {
        guard let field, let mailboxes = try? Mailbox.list(json: field) else { continue }
        for mailbox in mailboxes { isSafe(mailbox) }
    }
}

/// What a history says is the same after it was written again, and no recipient is both open and accepted.
func fuzzHistory(_ input: [UInt8]) {
    let history = History(input[...])
    var lines: [UInt8] = []
    for event in history.events {
        let line = event.line
        must(line.last == 0x0A && line.count { $0 == 0x0A } == 1, "one event is one line")
        let again = History(line[...]).events
        must(again.count == 1 && again[0].line == line, "written and read, an event is the same")
        lines += line
    }
    let again = History(lines[...])
    must(again.events.count == history.events.count, "no event is lost")
    must(again.attempts == history.attempts && again.doubts == history.doubts, "as many attempts")
    must(again.isMovedByHand == history.isMovedByHand && again.recoveries == history.recoveries, "the same last word")
    must(history.attempts >= 0 && history.attempts <= 1_000_000, "attempts are counted within bounds")
    let recipients = Array(Set(history.events.flatMap(\.to))).sorted()
    let open = history.open(of: recipients)
    must(Set(open).isSubset(of: recipients), "only who was asked about is open")
    for recipient in recipients {
        must(!(history.isSent(to: [recipient]) && open.contains(recipient)), "who was accepted is not tried again")
    }
    if let sending = history.openSending {
        must(sending.kind == .sending && Set(sending.to).isSubset(of: recipients), "an open sending names recipients")
    }
    var recovered = history
    recovered.append(Event(.recovered, at: Timestamp(seconds: 1_700_000_000)))
    must(recovered.recoveries == history.recoveries + 1, "each recovery counts")
    must(recovered.open(of: recipients) == open, "a recovery changes no recipient")
}

/// A file of `suppressed/` says the same after it was written again, and each address has one name that is no path.
func fuzzSuppression(_ input: [UInt8]) {
    let now = Timestamp(seconds: 1_700_000_000)
    let record = SuppressionRecord(reading: input, of: "zoe@example.com", modified: now)
    must(!record.entries.isEmpty, "a file that is there says something")
    let again = SuppressionRecord(reading: record.bytes, of: "zoe@example.com", modified: now)
    if record.bytes.count <= SuppressionRecord.sizeLimit {
        must(again.bytes == record.bytes, "written and read, it is the same")
    }
    for entry in record.entries {
        must(entry.line.last == 0x0A && entry.line.count { $0 == 0x0A } == 1, "one entry is one line")
        must(
            !entry.refusal.unicodeScalars.contains { $0.properties.generalCategory == .control }, "a reason is one line"
        )
        let name = SuppressionName(entry.address).text
        must(name.utf8.count <= 255 && !name.utf8.contains(0x2F) && !name.utf8.contains(0), "a name is one component")
        must(name.isEmpty || name.utf8.first != 0x2E, "no name begins with a dot")
        if let address = SuppressionName.address(of: name) {
            must(Array(address.utf8) == Array(entry.address.utf8), "a name is of one address")
        }
    }
    let lesson = SuppressionPolicy.Lesson(.complaint, job: "j", stream: "s", at: now)
    var entries = record.entries
    for _ in 0..<2 {
        switch SuppressionPolicy().change(
            by: lesson, of: SuppressionRecord(entries), address: "zoe@example.com", now: now)
        {
        case .append(let more): entries += more
        case .keep(let kept): entries = kept
        case .nothing: break
        }
    }
    must(entries.count <= record.entries.count + 1, "a complaint is entered once")
    must(SuppressionRecord(entries).objection(to: .init(stream: "s"), now: now) != nil, "and holds")
}

/// A table of addresses is read alike however it is cut, and what is read of it is written and read again.
func fuzzCSV(_ input: [UInt8]) {
    func records(by size: Int) -> [CSVReader.Record]? {
        var reader = CSVReader()
        var records: [CSVReader.Record] = []
        do throws(CSVReader.Fault) {
            for start in stride(from: 0, to: input.count, by: size) {
                try reader.read(input[start..<min(start + size, input.count)], failing: { $0 }) {
                    (record) throws(CSVReader.Fault) in records.append(record)
                }
            }
            try reader.end(failing: { $0 }) { (record) throws(CSVReader.Fault) in records.append(record) }
        } catch {
            must(error.line >= 1 && !error.description.utf8.contains(0x0A), "a fault is told in one line")
            return nil
        }
        return records
    }
    let all = records(by: max(input.count, 1))
    must(all == records(by: 3), "the chunks do not matter")
    guard let all, let first = all.first, let table = SuppressionTable(header: first.fields) else { return }
    for record in all.dropFirst() {
        guard let entry = try? table.entry(record.fields, now: Timestamp(seconds: 1_700_000_000)) else { continue }
        let own = SuppressionTable(header: SuppressionTable.columns)
        let again = try? own?.entry(SuppressionTable.row(entry), now: Timestamp(seconds: 0))
        must(again?.address == entry.address && again?.why == entry.why, "exported, it is the same")
    }
}
