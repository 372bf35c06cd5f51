internal import IDNA
internal import JSON
internal import Message
internal import Spool
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
