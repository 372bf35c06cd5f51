package import EventLoop
internal import JSON
internal import Linux
internal import Relay
internal import Spool
internal import Text
internal import Time

/// A worker of a parent: the queue's side of a daemon, for the names of its share.
///
/// The order of a start is: lock, recovery of its own directory, the parent's word that all have recovered, work. Where
/// the parent dies it stops.
package final class Worker {
    let loop: EventLoop
    let log: Log
    let spool: SpoolTree
    private let brief: WorkerBrief
    private let clock = ClockWatch(nil)
    private let curl: CurlLoop
    private var watcher: SpoolWatcher?
    private var settings: Settings
    private let descriptors: DescriptorBudget
    private var channel: Channel?
    /// Jobs of drop boxes that were sent and of which the parent is to hear at the end of the round.
    private var sent: [(id: JobID, size: Int)] = []
    private var isFinished = false
    package private(set) var exitStatus: Int32 = 0

    private lazy var ledger: Ledger = Ledger(
        log, kind: { [unowned self] in delivery.queue.templates.facts(of: $0)?.kind },
        buried: { [unowned self] in channel?.tell(WorkerMessage.buried($0, spool: settings.spool)) })
    private lazy var terms = WorkerTerms(
        loop: loop, ledger: ledger, tell: { [unowned self] in channel?.tell($0) },
        ask: { [unowned self] in channel?.ask($0) })
    private lazy var delivery = Delivery(
        spool: spool, loop: loop, ledger: ledger, curl: curl, clock: clock, settings: settings, shared: terms,
        tell: { [unowned self] in hear($0) })
    private var queue: Queue { delivery.queue }

    /// How long a worker whose parent has died goes on with what it has begun.
    private static let graceOfOrphan = Span.seconds(5)

    /// Takes the worker's directory of `cur/`, and the way to the parent on the descriptor `channel`.
    package init(
        _ brief: WorkerBrief, _ settings: Settings, channel number: Int32, descriptors: Int, loop: EventLoop, log: Log
    ) throws(WorkerStartError) {
        self.brief = brief
        self.loop = loop
        self.log = log
        guard let share = WorkerShare(brief.number, of: brief.count) else { throw .other("no such worker") }
        do throws(SpoolTree.OpenError) {
            spool = try SpoolTree(path: settings.spool, instance: settings.instance, as: .worker(share))
        } catch {
            if case .locked = error { throw .locked }
            throw .other("\(error)")
        }
        do throws(CurlError) { curl = try CurlLoop(loop) } catch { throw .other("libcurl: \(error)") }
        self.descriptors = DescriptorBudget(limit: descriptors, open: Process.openDescriptors ?? 32)
        self.settings = settings
        do throws(Errno) {
            channel = try Channel(
                number, on: loop, hear: { [unowned self] in hear($0) }, ended: { [unowned self] in lostParent() })
        } catch { throw .other("the parent's socket: \(error)") }
        channel?.caughtUp = { [unowned self] in terms.tellAgain() }
        ledger.isOpenElsewhere = { [unowned self] in hasBox($0) }
        watcher = makeWatcher { [unowned self] in changed($0) }
        fit()
        delivery.use(self.settings)
        log.loop = loop
    }

    /// The parent says what does not fit.
    private func fit() { _ = descriptors.fit(&settings) }

    /// The parent takes in the drop boxes that are there.
    private func hasBox(_ name: String) -> Bool {
        // What cannot be told counts as none: then its job is entered once too often.
        Creation.isDropBoxName(name) && ((try? spool.drop.contains(name)) ?? false)
    }

    // The parent.

    private func hear(_ message: JSON) -> JSON? {
        if message.isOfTerms {
            terms.hear(message)
            return nil
        }
        guard message.addressee == "worker", let object = message.object else { return nil }
        switch object["do"]?.string {
        case "open": open(others: (object["others"]?.array ?? []).compactMap(\.string))
        case "use": use(Array((object["text"]?.string ?? "").utf8))
        case "reopen": do throws(Errno) { try log.reopen() } catch { log.write("log_to: \(error)", .warning) }
        case "stop": stop()
        default: break
        }
        return nil
    }

    /// Another process of the daemon may come to have the spool: what was begun is ended soon.
    private func lostParent() {
        if queue.scheduler.isStopping { return }
        log.write("worker \(brief.number): its parent has died", .warning)
        stop(within: min(settings.shutdownGrace, Worker.graceOfOrphan))
    }

    private func hear(_ notice: Queue.Notice) {
        switch notice {
        case .sent(let id, let size):
            if id.box == nil { return }
            if sent.isEmpty { loop.later { [weak self] in self?.tellSent() } }
            sent.append((id, size))
        case .idle: finish()
        }
    }

    private func tellSent() {
        channel?.tell(WorkerMessage.sent(sent))
        sent = []
    }

    private func tellMeasures() {
        let state = isFinished ? "stopping" : delivery.state
        channel?.tell(WorkerMessage.measures(Measures(of: queue, now: .now), state))
    }

    // Its life.

    /// Begins: recovery first. Returns at once; the loop does it.
    package func start() {
        tellMeasures()
        queue.strays.endAll(of: spool.instance)
        watch(delivery.places, by: watcher) { delivery.isNotWatched($0) }
        delivery.recover { [unowned self] in
            let isWhole = delivery.isRecovered
            channel?.tell(
                WorkerMessage.recovered(left: spool.otherClaims + (isWhole ? [] : [spool.instance])))
        }
        every(.seconds(1)) { [unowned self] in tick() }
        every(.minutes(1)) { [unowned self] in readAgain() }
    }

    private func open(others: [String]) {
        if queue.scheduler.isOpen || queue.scheduler.isStopping { return }
        for name in others
        where !name.isExactly(spool.instance) && !spool.otherClaims.contains(where: { $0.isExactly(name) }) {
            spool.otherClaims.append(name)
        }
        delivery.open { [unowned self] in tellMeasures() }
    }

    private func use(_ text: [UInt8]) {
        let fresh: Settings
        do { fresh = try brief.settings(of: text) } catch {
            log.write("worker \(brief.number): the configuration stays as it was: \(error)", .warning)
            channel?.tell(WorkerMessage.refused("\(error)"))
            return
        }
        settings = fresh
        fit()
        delivery.reload(settings)
    }

    /// The parent has read the file, and sends its text.
    package func reloadConfiguration() {}

    private func changed(_ change: SpoolWatcher.Change) {
        switch change {
        case .overflow:
            ledger.counters.inotifyOverflows += 1
            log.write("inotify overflow: everything is read again", .warning)
            delivery.readEverything()
        case .end(let place): hasGone("\(place)")
        default: delivery.changed(change)
        }
    }

    private func tick() {
        delivery.tick()
        tellMeasures()
        queue.strays.sweep()
        queue.schedule()
    }

    private func readAgain() {
        guard queue.scheduler.isOpen, !queue.scheduler.isStopping else { return }
        lookForDirectories()
        delivery.readAgain()
    }

    package func stop(status: Int32 = 0) {
        exitStatus = max(exitStatus, status)
        stop(within: settings.shutdownGrace)
    }

    private func stop(within grace: Span) {
        guard !queue.scheduler.isStopping else { return }
        delivery.stop(within: grace) { [unowned self] in finish() }
    }

    /// The last job's end and the end of the grace may both lead here.
    private func finish() {
        if isFinished { return }
        isFinished = true
        delivery.finish()
        if !sent.isEmpty { tellSent() }
        tellMeasures()
        log.finish()
        loop.stop()
    }
}

/// Why a worker cannot start.
package enum WorkerStartError: Error {
    /// A process of an earlier start has the lock of its directory.
    case locked
    case other(String)
}
