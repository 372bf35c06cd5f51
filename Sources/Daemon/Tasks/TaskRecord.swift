internal import Linux
internal import Spool
internal import Time

extension Ledger {
    /// A task's program was started.
    func began(_ run: TaskRun, process: Int32) {
        log.write(
            .qmgr, job: run.id.text,
            [
                ("task", .word(run.template)), ("attempt", .count(run.attempt.number)),
                ("process", .count(Int(process))),
            ],
            note: "queue active")
    }

    /// A mail's data asked to be tried again.
    func deferredByData(_ id: JobID, _ template: String, _ verdict: Verdict) {
        for event in verdict.events {
            log.write(
                .task, job: id.text,
                [("data", .word(template)), ("attempt", .count(event.attempt ?? 0)), ("status", .word("deferred"))],
                note: event.reason ?? "")
        }
        counters.programs.count(Event.Kind.deferred.rawValue)
        countDeferred(template)
    }

    /// It has ended, or could not be started; the job's end is entered apart.
    ///
    /// `delays` are those of a mail: before the claim, none, none, in the program.
    func ran(_ run: TaskRun, _ verdict: Verdict, now: Timestamp) {
        let total = max((now - run.attempt.submitted).inSeconds, 0)
        let spent = Double(Clock.monotonic - run.startedAt) / 1e9
        for event in verdict.events {
            let said = [event.reason, event.reply].compactMap { $0 }.joined(separator: ": ")
            log.write(
                .task, job: run.id.text,
                [
                    ("task", .word(run.template)), ("attempt", .count(run.attempt.number)), ("delay", .seconds(total)),
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
        if case .retry = verdict.target { countDeferred(run.template) }
    }
}
