internal import Linux
internal import Mail
internal import Spool
internal import Time

/// Enters the fate of every job: a line of the log in Postfix's words, a count, and a notice of each dead letter.
final class Ledger {
    let log: Log
    var counters = Counters()
    /// The files that wait and are not touched.
    var stopped = StoppedFiles()
    /// The drop boxes that are open. Their jobs were entered when they were taken in.
    var boxes: Set<String> = []  // exact: names of boxes are ASCII
    /// Whether another process of this daemon serves a drop box, and entered its jobs.
    var isOpenElsewhere: (String) -> Bool = { _ in false }
    /// Called with each dead letter, once its file is in `dead/`.
    private let isBuried: (DeadLetter) -> Void
    /// The kind of a template's jobs; nil for an unknown template.
    private let kind: (String) -> WaitingJob.Kind?
    /// The former owner of a file that was made the daemon's own, until its job is entered.
    private var formerOwners: [JobID: UInt32] = [:]

    /// Enters into `log`. `kind` gives the kind of a template's jobs, nil for an unknown template: a producer may write
    /// any name into its jobs, and each one would be a time series.
    init(
        _ log: Log, kind: @escaping (String) -> WaitingJob.Kind? = { _ in .mail },
        buried: @escaping (DeadLetter) -> Void = { _ in }
    ) {
        self.log = log
        self.kind = kind
        isBuried = buried
    }

    private static let unknown = "(unknown)"

    private func count(_ template: String?, in counts: inout Counters.Labelled) {
        let name = template ?? ""
        counts.count(name.isEmpty || counts[name] > 0 || kind(name) != nil ? name : Ledger.unknown)
    }

    // The way in.

    /// A job that another user put into `new/` was replaced by a copy of the spool's owner.
    func madeOwn(_ id: JobID, owner: UInt32) { if formerOwners.count < 10_000 { formerOwners[id] = owner } }

    /// A file waits and is not touched, for a reason that is said once.
    func stop(_ path: String, _ reason: String) {
        if stopped.note(path, reason, at: Clock.monotonic) { log.write("\(path): \(reason)", .warning) }
    }

    /// A file waits because the system refuses it to the daemon, which runs as `user`.
    func stop(_ path: String, _ error: SpoolError, of user: UInt32) {
        stop(
            path, "\(error.reason); it waits, and is looked at every minute, until user \(user) may read and change it")
    }

    /// A drop box's job was taken in.
    func pickedUp(_ id: JobID, owner: UInt32, box: String, size: Int) {
        counters.received += 1
        log.write(.pickup, job: id.text, [("uid", .count(Int(owner))), ("box", .word(box)), ("size", .count(size))])
    }

    /// A job without a history is claimed from `new/` for the first time: the moment that comes once for each job,
    /// however often the daemon is started while it waits. `sender` is nil when its mail could not be made.
    func received(_ id: JobID, owner: UInt32, sender: String?) {
        let owner = formerOwners.removeValue(forKey: id) ?? owner
        if let box = id.box, boxes.contains(box) || isOpenElsewhere(box) { return }
        counters.received += 1
        log.write(
            .pickup, job: id.text, [("uid", .count(Int(owner)))] + (sender.map { [("from", .address($0))] } ?? []))
    }

    /// The mail was made and goes to a connection. `redirect_all_to` is logged with the recipients that it replaces.
    func active(_ job: ClaimedJob) {
        guard let letter = job.letter else { return }
        let id = job.id.text
        if job.attempt.number == 1, let messageID = letter.mail.messageID {
            log.write(.cleanup, job: id, [("message-id", .word(messageID))])
        }
        log.write(
            .qmgr, job: id,
            [
                ("from", .address(letter.mail.sender)), ("size", .count(letter.mail.bytes.count)),
                ("nrcpt", .count(letter.recipients.count)),
            ], note: "queue active")
        for original in letter.mail.redirected {
            log.write(.qmgr, job: id, [("orig_to", .address(original))], note: "redirected by redirect_all_to")
        }
    }

    // Attempts.

    /// An attempt has ended; the job's end is entered apart.
    func attempted(_ job: ClaimedJob, _ verdict: Verdict, now: Timestamp) {
        for line in DeliveryRecord(job, verdict, now: now).lines {
            log.write(.smtp, job: job.id.text, line.members, note: line.note)
        }
        let relay = job.attempt.relay ?? ""
        if case .new = verdict.target {
            counters.returned.count(relay)
            return
        }
        counters.attempts.count(relay)
        counters.attemptTime.observe(Double(max(Clock.monotonic - job.startedAt, 0)) / 1e9)
        count(verdict)
        if case .retry = verdict.target { count(job.template, in: &counters.deferred) }
    }

    /// `allow_recipients` kept every recipient that was left from the relay: refused by us, without an attempt.
    func disallowed(_ job: ClaimedJob, _ verdict: Verdict, now: Timestamp) {
        for line in DeliveryRecord(verdict, submitted: job.submitted, now: now).lines {
            log.write(.smtp, job: job.id.text, line.members, note: line.note)
        }
        count(verdict)
    }

    /// Some recipients of an attempt that goes on have their outcome.
    func reported(_ job: ClaimedJob, _ verdict: Verdict, now: Timestamp) {
        for line in DeliveryRecord(job, verdict, now: now).lines {
            log.write(.smtp, job: job.id.text, line.members, note: line.note)
        }
        count(verdict)
    }

    private func count(_ verdict: Verdict) {
        for event in verdict.events where event.attempt != nil {
            for _ in event.to { counters.recipients.count(event.kind.rawValue) }
        }
    }

    /// A task was put into a bucket.
    func countDeferred(_ template: String) { count(template, in: &counters.deferred) }

    func blocked(_ template: String?) { count(template, in: &counters.blocked) }

    // Ends.

    /// A job is in its next state; states in which it goes on waiting are not an end. `id` is the job's, or the one
    /// that it got because its own was taken there.
    func ended(_ job: ClaimedJob, in state: State?, as id: JobID, _ verdict: Verdict, now: Timestamp) {
        switch state {
        case .done?:
            count(job.template, in: &counters.done)
            if job.letter != nil { counters.observeLatency(now - job.submitted, job.waiting.priority) }
            log.write(.qmgr, job: job.id.text, [], text: "removed")
        case .hold?: held(job.id, job.template, verdict.events, sender: job.letter?.mail.sender)
        case .dead?:
            let history = job.isRefusedByUs ? History() : job.attempt.history
            let recipients =
                job.named ?? job.letter?.mail.recipients ?? DeadLetter.recipients(of: job.value, job.attempt.history)
            var letter = DeadLetter(
                id.text, template: job.template, events: history.events + verdict.events, recipients: recipients,
                submitted: job.submitted, at: now)
            (letter.tags, letter.metadata) = (job.tags, job.metadata)
            // A refused recipient has its line already.
            buried(letter, isReported: job.isReported ?? (letter.event == .refused))
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
        } else if !isReported, let task = letter.template, kind(task) == .task {
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
        isBuried(letter)
    }

    /// A file that is not a job, or has another's id, went to `dead/` with one event.
    func buried(_ id: JobID, _ reason: String, template: String? = nil, recipients: [String] = []) {
        var event = Event(.dead, at: .now)
        event.reason = reason
        buried(
            DeadLetter(
                id.text, template: template, events: [event], recipients: recipients, submitted: nil, at: .now))
    }
}
