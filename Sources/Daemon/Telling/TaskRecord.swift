internal import Linux
internal import Spool
internal import Time

extension Ledger {
    /// A task's program was started.
    func began(_ job: ClaimedJob, process: Int32) {
        log.write(
            .qmgr, job: job.id.text,
            [
                ("task", .word(job.template ?? "")), ("attempt", .count(job.attempt.number)),
                ("process", .count(Int(process))),
            ],
            note: "queue active")
    }

    /// A mail's data asked to be tried again.
    func deferredByData(_ job: ClaimedJob, _ verdict: Verdict) {
        let template = job.template ?? ""
        for event in verdict.events {
            log.write(
                .task, job: job.id.text,
                [("data", .word(template)), ("attempt", .count(event.attempt ?? 0)), ("status", .word("deferred"))],
                note: event.reason ?? "")
        }
        counters.programs.count(Event.Kind.deferred.rawValue)
        countDeferred(template)
    }

    /// It has ended, or could not be started; the job's end is entered apart.
    ///
    /// `delays` are those of a mail: before the claim, none, none, in the program.
    func ran(_ job: ClaimedJob, _ verdict: Verdict, now: Timestamp) {
        let template = job.template ?? ""
        let total = max((now - job.submitted).inSeconds, 0)
        let spent = Double(Clock.monotonic - job.startedAt) / 1e9
        for event in verdict.events {
            let said = [event.reason, event.reply].compactMap { $0 }.joined(separator: ": ")
            log.write(
                .task, job: job.id.text,
                [
                    ("task", .word(template)), ("attempt", .count(job.attempt.number)), ("delay", .seconds(total)),
                    ("delays", .spans([max(total - spent, 0), 0, 0, spent])),
                    ("status", .word(event.kind == .returned ? "deferred" : event.kind.rawValue)),
                ], note: said.isEmpty ? "ended" : said)
        }
        counters.taskTime.observe(spent)
        if case .new = verdict.target {
            counters.programs.count(Event.Kind.returned.rawValue)
        } else {
            for event in verdict.events { counters.programs.count(event.kind.rawValue) }
        }
        if case .retry = verdict.target { countDeferred(template) }
    }
}
