internal import EventLoop
internal import Glibc
internal import Linux
internal import Spool
internal import Text
internal import Time

/// Brings messages from an engine into the spool until it is told to end; see outspool-pump(5).
///
/// ``PumpFlow`` decides, this class acts. Nothing is acknowledged before it is on disk.
final class Pump {
    private let settings: PumpSettings
    private let loop: EventLoop
    private let environment: [String]
    private var flow: PumpFlow
    private var intake: PumpIntake
    private var room: SpoolRoom
    private var metrics: PumpMetrics
    private var lines: [[UInt8]] = []
    private var receipts: [String] = []
    private var underWay: [String] = []
    private var take: TakeProgram?
    private var acknowledgement: ProgramRun?
    private var (takeBackoff, acknowledgeBackoff, submitBackoff) = (Backoff(), Backoff(), Backoff())
    private var timer: EventLoop.Timer?
    private var quiet: EventLoop.Timer?
    private var willStep = false
    private var refused: Errno?

    /// How long a small batch waits for more messages.
    private static let linger = Span.milliseconds(5)
    /// How often a full spool is looked at again.
    private static let look = Span.milliseconds(200)

    init(_ settings: PumpSettings, _ intake: PumpIntake, spool: String, isOnce: Bool, on loop: EventLoop) {
        self.settings = settings
        self.intake = intake
        self.loop = loop
        room = SpoolRoom(of: spool, limit: settings.mostWaiting)
        metrics = PumpMetrics(name: settings.name)
        flow = PumpFlow(batch: settings.batch, acknowledgesApart: settings.acknowledge != nil, isOnce: isOnce)
        environment = Pump.environment(of: settings)
    }

    /// The environment of both commands: this process's own, with what the configuration and the pump set.
    private static func environment(of settings: PumpSettings) -> [String] {
        let own = settings.variables + ["OUTSPOOL_BATCH=\(settings.batch)", "OUTSPOOL_PUMP=\(settings.name)"]
        let names = own.compactMap { $0.halves(at: "=")?.0 }
        // What cannot be read of this process is nothing that it has to hand on.
        let inherited = Process.environment(of: Process.id) ?? []
        return own
            + inherited.filter { variable in
                !names.contains { variable.begins(with: "\($0)=") }
            }
    }

    /// Runs until SIGTERM, SIGINT, or, once only, until `take` brings nothing.
    func run(_ signals: Signals) throws(Failure) -> ExitStatus {
        do throws(Errno) {
            try signals.deliver(on: loop) { [unowned self] signal in
                if signal == .terminate || signal == .interrupt || signal == .quit { stop() }
            }
            say("started: \(printable(settings.take[0]))")
            // From the loop: what ends before it runs would not end it.
            stepLater()
            if settings.metricsFile != nil { writeMetrics() }
            try loop.run()
        } catch { throw Failure(.inputOutput, "the event loop: \(error)") }
        saveMetrics()
        say("ended: \(metrics.queued) queued, \(metrics.known) known, \(metrics.dead) dead messages")
        if flow.hasGivenUp { return .temporary }
        return flow.isOnce && flow.hasFailed ? .unavailable : .success
    }

    private func say(_ text: String) { complain("\(settings.name): \(text)", as: "outspool pump") }

    private func stop() {
        if flow.isStopping { return }
        flow.isStopping = true
        loop.schedule(after: settings.patience) { [unowned self] in
            say("not done after \(settings.patience.inSeconds) s: what is not acknowledged comes again")
            flow.hasGivenUp = true
            stepLater()
        }
        stepLater()
    }

    // MARK: Steps

    /// Once per round of the loop, however much happened.
    private func stepLater() {
        if willStep { return }
        willStep = true
        loop.later { [unowned self] in
            willStep = false
            step()
        }
    }

    private func step() {
        timer?.cancel()
        while true {
            let now = Clock.monotonic
            look(now)
            let action = flow.next(at: now)
            take?.isRead = flow.reads(at: now)
            switch action {
            case .submit: submit()
            case .acknowledge: acknowledge()
            case .take: startTaking()
            case .stopTaking: take?.stop(patience: settings.patience)
            case .end: return loop.stop()
            case .wait(let moment):
                var wait = moment.map { Span(nanoseconds: $0 - now) }
                if flow.isFull { wait = min(wait ?? Pump.look, Pump.look) }
                if let wait { timer = loop.schedule(after: wait) { [unowned self] in step() } }
                return
            }
        }
    }

    private func look(_ now: Int64) {
        let isFull = room.isFull(at: now)
        if isFull != flow.isFull {
            say(isFull ? "new/ has \(settings.mostWaiting) jobs or more: waiting" : "new/ has room again")
        }
        flow.isFull = isFull
    }

    // MARK: Taking

    private func startTaking() {
        do throws(Errno) {
            take = try TakeProgram(
                settings.take, environment: environment, readsReceipts: settings.acknowledge == nil, on: loop
            ) { [unowned self] in hear($0) }
            flow.isTaking = true
        } catch {
            failedTaking("\(printable(settings.take[0])): \(error)")
        }
    }

    private func hear(_ news: TakeProgram.News) {
        switch news {
        case .lines where flow.isStopping: break  // They come again.
        case .lines(let new):
            takeBackoff = Backoff()
            flow.broughtAny = true
            flow.isQuiet = false
            for line in new { add(line) }
            quiet?.cancel()
            quiet = loop.schedule(after: Pump.linger) { [unowned self] in
                flow.isQuiet = true
                stepLater()
            }
        case .receiptsRead:
            metrics.acknowledged += underWay.count
            underWay = []
            flow.underWay = 0
        case .ended(let end): ended(end)
        }
        stepLater()
    }

    private func add(_ line: LineSplitter.Line) {
        switch line {
        case .whole(let bytes):
            lines.append(bytes)
            flow.taken = lines.count
            flow.takenBytes += bytes.count
        case .cut(let bytes):
            // Without a receipt it cannot be acknowledged: it comes again until the operator removes it.
            metrics.dead += 1
            say("a line of more than \(TakeProgram.lineLimit) bytes is left out: \(printableLine(bytes, limit: 100))")
        }
    }

    private func ended(_ end: ChildProcess.End) {
        take = nil
        flow.isTaking = false
        if settings.acknowledge == nil {
            // The engine gives to others what this program had: what was not submitted is not ours any more.
            (lines, receipts, underWay) = ([], [], [])
            (flow.taken, flow.takenBytes, flow.receipts, flow.underWay) = (0, 0, 0, 0)
            flow.hasRest = false
        }
        flow.hasFailed = end != .exit(0) && !flow.isStopping
        if flow.hasFailed { return failedTaking("\(printable(settings.take[0])): \(end)") }
        if !flow.broughtAny { flow.takeAt = Clock.monotonic + settings.idle.nanoseconds }
    }

    private func failedTaking(_ reason: String) {
        metrics.failures["take", default: 0] += 1
        flow.hasFailed = true
        let wait = takeBackoff.next()
        flow.takeAt = Clock.monotonic + wait.nanoseconds
        say("take: \(reason); again in \(Int(wait.inSeconds)) s")
    }

    // MARK: Submitting

    private func submit() {
        let count = min(lines.count, settings.batch)
        let outcome = intake.settle(Array(lines[..<count]))
        lines = outcome.rest + lines[count...]
        flow.hasRest = !outcome.rest.isEmpty
        flow.taken = lines.count
        flow.takenBytes = lines.reduce(0) { $0 + $1.count }
        receipts += outcome.receipts
        flow.receipts = receipts.count
        room.add(outcome.queued)
        metrics.add(outcome)
        guard let failure = outcome.failure else { return submitBackoff = Backoff() }
        metrics.failures["submit", default: 0] += 1
        if flow.isStopping {
            say("\(failure); what is not acknowledged comes again")
            flow.hasGivenUp = true
            return
        }
        let wait = submitBackoff.next()
        flow.submitAt = Clock.monotonic + wait.nanoseconds
        say("\(failure); \(outcome.rest.count) messages wait, again in \(Int(wait.inSeconds)) s")
    }

    // MARK: Acknowledging

    private func acknowledge() {
        (underWay, receipts) = (receipts, [])
        (flow.underWay, flow.receipts) = (underWay.count, 0)
        guard let words = settings.acknowledge else {
            take?.send(underWay)
            return
        }
        var input: [UInt8] = []
        for receipt in underWay { input += receipt.utf8 + [0x0A] }
        var order = ProgramRun.Order(words, environment: environment, input: input, timeout: settings.patience)
        order.limits.diesWithParent = true
        do throws(Errno) {
            acknowledgement = try ProgramRun(order, on: loop) { [unowned self] in acknowledged($0) }
        } catch { failedAcknowledging("\(printable(words[0])): \(error)") }
    }

    private func acknowledged(_ outcome: ProgramRun.Outcome) {
        acknowledgement = nil
        if outcome.end == .exit(0) {
            acknowledgeBackoff = Backoff()
            metrics.acknowledged += underWay.count
            underWay = []
            flow.underWay = 0
        } else {
            let last = outcome.output.split(separator: 0x0A).last ?? []
            let reason = outcome.isTimedOut ? "took longer than \(settings.patience.inSeconds) s" : "\(outcome.end)"
            failedAcknowledging("\(reason): \(printableLine(last, limit: 300))")
        }
        stepLater()
    }

    private func failedAcknowledging(_ reason: String) {
        metrics.failures["ack", default: 0] += 1
        (receipts, underWay) = (underWay + receipts, [])
        (flow.receipts, flow.underWay) = (receipts.count, 0)
        let wait = acknowledgeBackoff.next()
        flow.acknowledgeAt = Clock.monotonic + wait.nanoseconds
        say("ack: \(reason); again in \(Int(wait.inSeconds)) s")
    }

    // MARK: Telling

    private func writeMetrics() {
        saveMetrics()
        loop.schedule(after: .seconds(15)) { [unowned self] in writeMetrics() }
    }

    private func saveMetrics() {
        guard let path = settings.metricsFile else { return }
        metrics.isFull = flow.isFull
        metrics.unsettled = lines.count
        metrics.unacknowledged = receipts.count + underWay.count
        do throws(Errno) {
            try metrics.write(to: path, at: .now)
            refused = nil
        } catch {
            if error != refused { say("metrics_file: \(printable(path)): \(error)") }
            refused = error
        }
    }
}
