internal import EventLoop
internal import JSON
internal import Linux
internal import Time

/// Runs `on_dead` for each dead letter, one at a time, with the event as a line of JSON on its standard input.
///
/// A notice and no record: what waits here at the daemon's end is lost, and the dead letter lies in `dead/` all the
/// same.
final class OnDead {
    /// How many events wait at most; what comes beyond is counted and skipped.
    static let capacity = 1000

    private let loop: EventLoop
    private let ledger: Ledger
    private var words: [String] = []
    private var timeout = Span.seconds(30)
    private var environment: [String] = []
    private var waiting = FIFO<(id: String, line: [UInt8])>()
    private var skipped = 0
    private var run: ProgramRun?
    private var log: Log { ledger.log }

    private let strays: Strays
    /// No id: what its processes are known by.
    private var mark: String { strays.mark("/on_dead") }

    init(loop: EventLoop, ledger: Ledger, strays: Strays) {
        self.loop = loop
        self.ledger = ledger
        self.strays = strays
    }

    /// Uses other settings from the next event on.
    func use(_ settings: Settings) {
        words = settings.onDead
        timeout = settings.onDeadTimeout
        if words.isEmpty { waiting = FIFO() }
        environment = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "OUTSPOOL_CONFIG"].compactMap { name in
            Process.environment(name).map { "\(name)=\($0)" }
        }
        environment += ["OUTSPOOL_SPOOL=\(settings.spool)", mark]
    }

    func note(_ letter: DeadLetter, spool: String) {
        guard !words.isEmpty else { return }
        guard waiting.count < OnDead.capacity else {
            if skipped == 0 { log.write("on_dead: \(OnDead.capacity) events wait for it; more are skipped", .warning) }
            skipped += 1
            ledger.counters.deadRuns.count("skipped")
            return
        }
        waiting.append((letter.id, letter.object(spool: spool).encoded + [0x0A]))
        next()
    }

    private func next() {
        guard run == nil, !words.isEmpty, let event = waiting.popFirst() else { return }
        do throws(Errno) {
            let started = try ProgramRun(
                .init(words, environment: environment, input: event.line, timeout: timeout), on: loop
            ) { [unowned self] outcome in
                run = nil
                strays.ended(mark)
                report(outcome, event.id)
                next()
            }
            run = started
            strays.began(mark, started.process)
        } catch {
            log.write("on_dead: \(words[0]): \(error); \(event.id) is not told of", .warning)
            ledger.counters.deadRuns.count("failed")
            // Not at once for each of those that wait: it may be a want of memory or processes.
            loop.schedule(after: .seconds(1)) { [weak self] in self?.next() }
        }
    }

    private func report(_ outcome: ProgramRun.Outcome, _ id: String) {
        if waiting.isEmpty, skipped > 0 {
            log.write("on_dead: \(skipped) events were skipped", .warning)
            skipped = 0
        }
        if outcome.end == .exit(0), !outcome.isTimedOut { return ledger.counters.deadRuns.count("ok") }
        ledger.counters.deadRuns.count(outcome.isTimedOut ? "timeout" : "failed")
        let said = String(decoding: outcome.output, as: UTF8.self).split(whereSeparator: \.isNewline).last.map {
            ": \($0)"
        }
        let why = outcome.isTimedOut ? "did not end within \(timeout.approximate)" : "\(outcome.end)"
        log.write("on_dead: \(why), for \(id)\(said ?? "")", .warning)
    }
}
