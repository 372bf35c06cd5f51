internal import Linux
internal import Mail
internal import Spool
internal import Time

/// Where the fate of every job is entered: a line of the log in Postfix's words, a count, and word of each dead letter
/// to whoever is to hear of it.
final class Ledger {
    let log: Log
    var counters = Counters()
    /// Told of each dead letter, once its file is in `dead/`.
    var onDead: (DeadLetter) -> Void = { _ in }
    /// Whether a job came from a drop box, where it was entered when it was taken in.
    var isFromBox: (JobID) -> Bool = { _ in false }
    /// Whether a template of that name is there: a producer may write any name into its jobs, and each one
    /// would be a time series.
    var isTemplate: (String) -> Bool = { _ in true }
    /// Whether a template is a task, of which the log speaks in other words.
    var isTask: (String) -> Bool = { _ in false }
    /// Whose file an adopted job was, until it is entered.
    private var adopted: [JobID: UInt32] = [:]

    init(_ log: Log) { self.log = log }

    private static let unknown = "(unknown)"

    private func count(_ template: String?, in counts: inout Counters.Labelled) {
        let name = template ?? ""
        counts.count(name.isEmpty || counts[name] > 0 || isTemplate(name) ? name : Ledger.unknown)
    }

    // The way in.

    /// A job that another user put into `new/` was replaced by a copy of the spool's owner.
    func adopted(_ id: JobID, owner: UInt32) { if adopted.count < 10_000 { adopted[id] = owner } }

    /// A drop box's job was taken in.
    func pickedUp(_ id: JobID, owner: UInt32, box: String, size: Int) {
        counters.received += 1
        log.write(.pickup, job: id.text, [("uid", .count(Int(owner))), ("box", .word(box)), ("size", .count(size))])
    }

    /// A job without a history is claimed from `new/` for the first time: the moment that comes once for each job,
    /// however often the daemon is started while it waits. `sender` is nil when its mail could not be made.
    func received(_ id: JobID, owner: UInt32, sender: String?) {
        let owner = adopted.removeValue(forKey: id) ?? owner
        if isFromBox(id) { return }
        counters.received += 1
        log.write(
            .pickup, job: id.text, [("uid", .count(Int(owner)))] + (sender.map { [("from", .address($0))] } ?? []))
    }

    /// The mail was made and goes to a connection; `redirect_all_to` is told of with whom it keeps it from.
    func active(_ delivery: Delivery) {
        let id = delivery.id.text
        if delivery.attempt.number == 1, let messageID = delivery.mail.messageID {
            log.write(.cleanup, job: id, [("message-id", .word(messageID))])
        }
        log.write(
            .qmgr, job: id,
            [
                ("from", .address(delivery.mail.sender)), ("size", .count(delivery.mail.bytes.count)),
                ("nrcpt", .count(delivery.recipients.count)),
            ], note: "queue active")
        for original in delivery.mail.redirected {
            log.write(.qmgr, job: id, [("orig_to", .address(original))], note: "redirected by redirect_all_to")
        }
    }

    // Attempts.

    /// An attempt has ended; the job's end is entered apart.
    func attempted(_ delivery: Delivery, _ verdict: Verdict, now: Timestamp) {
        for line in DeliveryRecord(delivery, verdict, now: now).lines {
            log.write(.smtp, job: delivery.id.text, line.members, note: line.note)
        }
        let relay = delivery.attempt.relay ?? ""
        if case .new = verdict.target {
            counters.returned.count(relay)
            return
        }
        counters.attempts.count(relay)
        counters.attemptTime.observe(Double(max(Clock.monotonic - delivery.startedAt, 0)) / 1e9)
        for event in verdict.events where event.attempt != nil { counters.recipients.count(event.kind.rawValue) }
        if case .retry = verdict.target { count(delivery.template, in: &counters.deferred) }
    }

    /// `allow_recipients` kept every recipient that was left from the relay: refused by us, without an attempt.
    func heldBack(_ id: JobID, _ verdict: Verdict, submitted: Timestamp, now: Timestamp) {
        for line in DeliveryRecord(verdict, submitted: submitted, now: now).lines {
            log.write(.smtp, job: id.text, line.members, note: line.note)
        }
        for event in verdict.events { counters.recipients.count(event.kind.rawValue) }
    }

    /// A task was put into a bucket.
    func countDeferred(_ template: String) { count(template, in: &counters.deferred) }

    func blocked(_ template: String?) { count(template, in: &counters.blocked) }

    // Ends.

    /// What is known of a job that ended without a delivery.
    struct Past {
        var recipients: [String]
        var submitted: Timestamp?
        var history: [Event] = []
        /// Whether the log has its end already.
        var isReported = false
    }

    /// A job that was tried has been put where it belongs; states in which it goes on waiting are no end.
    func ended(
        _ id: JobID, in state: State?, _ verdict: Verdict, _ delivery: Delivery?, template: String?, past: Past? = nil,
        now: Timestamp
    ) {
        switch state {
        case .done?:
            count(template, in: &counters.done)
            if let delivery { counters.observeLatency(now - delivery.submitted, delivery.priority) }
            log.write(.qmgr, job: id.text, [], text: "removed")
        case .hold?: held(id, template, verdict.events, sender: delivery?.mail.sender)
        case .dead?:
            let history = past?.history ?? delivery?.attempt.history.events ?? []
            let letter = DeadLetter(
                id.text, template: template, events: history + verdict.events,
                recipients: past?.recipients ?? delivery?.mail.recipients ?? [],
                submitted: past?.submitted ?? delivery?.submitted, at: now)
            // A refused recipient has its line already.
            buried(letter, isReported: letter.event == .refused || past?.isReported == true)
        default: break
        }
    }

    /// A job is in `hold/`: in the words of Postfix's content inspection, which is what pflogsumm counts as held.
    func held(_ id: JobID, _ template: String?, _ events: [Event], sender: String?) {
        count(template, in: &counters.held)
        let event = events.last { $0.kind == .inDoubt || $0.kind == .held } ?? events.last
        let from = sender.map { " from=\(LogValue.address($0).text)" } ?? ""
        let to = (event?.to.first).map { " to=\(LogValue.address($0).text)" } ?? ""
        log.write(
            .cleanup, job: id.text, [],
            text: "hold: END-OF-MESSAGE \(event?.kind.rawValue ?? "held");\(from)\(to): \(event?.reason ?? "")")
    }

    /// A job is in `dead/`. Without a reply that says so it has bounced all the same.
    func buried(_ letter: DeadLetter, isReported: Bool = false) {
        count(letter.template, in: &counters.dead[letter.event, default: Counters.Labelled()])
        if letter.event == .expired {
            log.write(.qmgr, job: letter.id, [("status", .word("expired"))], note: letter.reason)
        } else if !isReported, let task = letter.template, isTask(task) {
            log.write(.task, job: letter.id, [("task", .word(task)), ("status", .word("dead"))], note: letter.reason)
        } else if !isReported {
            let delay = letter.submitted.map { max((letter.at - $0).inSeconds, 0) } ?? 0
            for recipient in letter.recipients.isEmpty ? [""] : letter.recipients {
                log.write(
                    .error, job: letter.id,
                    [
                        ("to", .address(recipient)), ("relay", .word("none")), ("delay", .seconds(delay)),
                        ("delays", .spans([delay, 0, 0, 0])), ("dsn", .word(letter.dsn ?? "5.3.0")),
                        ("status", .word("bounced")),
                    ], note: letter.reason)
            }
        }
        log.write(.qmgr, job: letter.id, [], text: "removed")
        onDead(letter)
    }

    /// What is no job, or has another's id, went to `dead/` with one event.
    func buried(_ id: JobID, _ reason: String, template: String? = nil, recipients: [String] = []) {
        var event = Event(.dead, at: .now)
        event.reason = reason
        buried(
            DeadLetter(
                id.text, template: template, events: [event], recipients: recipients, submitted: nil, at: .now))
    }
}
