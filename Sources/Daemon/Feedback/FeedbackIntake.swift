internal import EventLoop
internal import Feedback
internal import Linux
internal import Mail
internal import Spool
internal import Time

/// The door for reports: takes in what comes into `feedback/new`, and has each job told that it is about.
///
/// A report is removed when all its jobs have it. Until then it is the file that waits; what is in memory are names.
final class FeedbackIntake {
    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    private let ledger: Ledger
    private let watcher: SpoolWatcher?
    private(set) var box: FeedbackBox?
    private var reader = ReportReading()
    private var teller: FeedbackTeller
    private lazy var search = FeedbackSearch(spool: spool, loop: loop, log: log) { [unowned self] in hear($0) }

    private var names = FIFO<DirectoryName>()
    private var reading: DirectoryReading?
    private var batch: Batch?
    private let program: BounceReader
    /// The reports that the program has read.
    private var read = FIFO<Batch>()
    /// Files that wait for the program.
    private var unread: [DirectoryName] = []
    private var isWorking = false
    /// Files that are looked at again after a wait, and how long it was.
    private var waiting: [String: Span] = [:]  // exact: keys that this file makes
    /// Files whose jobs are looked for.
    private var searching: [DirectoryName] = []
    private var answers: [FeedbackSearch.Query: JobID?] = [:]
    private var openBackoff = Backoff()
    /// The disk's trouble that was logged last.
    private var complaint: Errno?

    /// One file, as far as its reports are told.
    private struct Batch {
        let name: DirectoryName
        let bytes: [UInt8]
        let status: FileStatus
        var left: ArraySlice<FeedbackReport>
        /// Why a report of it tells of no job.
        var unmatched: String?
        var isBusy = false
        var isSearching = false
    }

    /// How many reports one slice tells: each costs a wait for the disk.
    private static let sliceSize = 8
    /// How many names are remembered; the rest is met at the next reading.
    private static let nameLimit = 10_000

    init(
        spool: SpoolTree, loop: EventLoop, ledger: Ledger, suppressions: Suppressions, outcomes: Outcomes,
        watcher: SpoolWatcher?, settings: Settings
    ) {
        self.spool = spool
        self.loop = loop
        self.ledger = ledger
        self.watcher = watcher
        log = ledger.log
        program = BounceReader(loop: loop)
        teller = FeedbackTeller(
            spool: spool, ledger: ledger, suppressions: suppressions, outcomes: outcomes, domain: settings.mail.domain)
        use(settings)
    }

    func use(_ settings: Settings) {
        teller.bounce = settings.mail.bounce
        teller.domain = settings.mail.domain
        teller.suppressions.policy = settings.suppression
        (program.words, program.timeout) = (settings.bounceReader, settings.bounceReaderTimeout)
        search.key = settings.mail.bounce?.key
        (reader.keys, reader.table) = (settings.webhookKeys, settings.bounces.table)
    }

    // The directory.

    /// Opens the door and reads what lies there. Where the system refuses it, it is tried again.
    func open() {
        guard box == nil else { return }
        do throws(SpoolError) { box = try FeedbackBox(in: spool) } catch {
            log.write("\(error)", .warning)
            loop.schedule(after: openBackoff.next()) { [weak self] in self?.open() }
            return
        }
        openBackoff = Backoff()
        do throws(Errno) { try watcher?.add(.feedback) } catch {
            log.write("feedback/new: not watched, read every minute: \(error)", .warning)
        }
        readAll()
    }

    /// Reads the directory, as after hints were lost.
    func readAll() {
        guard let box, reading == nil else { return }
        do throws(SpoolError) {
            guard try box.isInPlace() else { return openAnew() }
            reading = try DirectoryReading(
                box.new, path: "feedback/new", loop: loop,
                mayGoOn: { [unowned self] in names.count < FeedbackIntake.nameLimit },
                each: { [unowned self] in arrived($0) },
                finish: { [unowned self] error in
                    reading = nil
                    if let error { log.write("\(error)", .warning) }
                })
        } catch { log.write("\(error)", .warning) }
    }

    /// The directory was removed or replaced.
    func openAnew() {
        reading?.cancel()
        (reading, box, names) = (nil, nil, FIFO())
        watcher?.remove(.feedback)
        open()
    }

    /// A name came into the door.
    func arrived(_ name: DirectoryName) {
        guard names.count < FeedbackIntake.nameLimit, waiting[name.printable] == nil else { return }
        names.append(name)
        work()
    }

    // The files.

    private func work() {
        if isWorking { return }
        isWorking = true
        loop.later { [weak self] in self?.slice() }
    }

    private func slice() {
        isWorking = false
        guard let box else { return }
        var told = 0
        while told < FeedbackIntake.sliceSize {
            if batch != nil {
                told += 1
                tellNext(box)
            } else if let next = read.popFirst() {
                batch = next
            } else if let name = names.popFirst() {
                told += 1
                begin(name, box)
            } else {
                break
            }
        }
        if reading?.isResting == true, names.count < FeedbackIntake.nameLimit / 2 { reading?.resume() }
        if batch != nil || !names.isEmpty || !read.isEmpty { work() } else if searching.isEmpty { answers = [:] }
    }

    private func begin(_ name: DirectoryName, _ box: FeedbackBox) {
        do throws(SpoolError) {
            switch try box.look(name, now: .now) {
            case .gone: waiting[name.printable] = nil
            case .later(let time): lookAgain(name, after: max(time - .now, .milliseconds(100)))
            case .refused(let reason): putAside(name, reason, box)
            case .directory: ledger.stop("feedback/new/\(name.printable)", "a directory: remove it")
            case .report(let bytes, let status):
                let reports: [FeedbackReport]
                switch reader.read(bytes, isWhole: bytes.count >= status.size) {
                case .nothing(let reason):
                    if program.isOn, case .mail = FeedbackFile(bytes) { return haveRead(name, bytes, status) }
                    return try keep(name, bytes, status, reason, box)
                case .reports(let read): reports = read
                }
                batch = Batch(name: name, bytes: bytes, status: status, left: reports[...])
            }
        } catch { putOff(name, error) }
    }

    /// Has the program read a mail, or the file wait for it.
    private func haveRead(_ name: DirectoryName, _ bytes: [UInt8], _ status: FileStatus) {
        waiting[name.printable] = .zero
        if program.isBusy { return unread.append(name) }
        program.read(bytes) { [weak self] result in
            guard let self, let box else { return }
            switch result {
            case .report(let report): read.append(Batch(name: name, bytes: bytes, status: status, left: [report]))
            case .nothing(let reason):
                do throws(SpoolError) { try keep(name, bytes, status, reason, box) } catch { putOff(name, error) }
            }
            for name in unread { names.append(name) }
            unread = []
            work()
        }
    }

    private func tellNext(_ box: FeedbackBox) {
        guard var batch else { return }
        self.batch = nil
        do throws(SpoolError) {
            if let report = batch.left.popFirst() {
                switch try teller.tell(report, answers, now: .now) {
                case .told: break
                case .busy: batch.isBusy = true
                case .ask(let query): if search.ask(query) { batch.isSearching = true } else { batch.isBusy = true }
                case .unmatched(let reason): batch.unmatched = reason
                }
            }
            if batch.left.isEmpty { try end(batch, box) } else { self.batch = batch }
        } catch { putOff(batch.name, error) }
    }

    /// All reports of a file were looked at. As long as one of them waits, it stays, and those that are told are known
    /// at the next look.
    private func end(_ batch: Batch, _ box: FeedbackBox) throws(SpoolError) {
        if batch.isSearching {
            waiting[batch.name.printable] = waiting[batch.name.printable] ?? .zero
            searching.append(batch.name)
        } else if batch.isBusy {
            lookAgain(batch.name)
        } else if let reason = batch.unmatched {
            try keep(batch.name, batch.bytes, batch.status, reason, box)
        } else {
            try box.remove(batch.name)
            waiting[batch.name.printable] = nil
            complaint = nil
        }
    }

    private func keep(
        _ name: DirectoryName, _ bytes: [UInt8], _ status: FileStatus, _ reason: String, _ box: FeedbackBox
    ) throws(SpoolError) {
        let kept = try box.keepUnmatched(name, bytes, status, now: .now)
        waiting[name.printable] = nil
        ledger.unmatched(name.printable, reason, kept)
    }

    private func putAside(_ name: DirectoryName, _ reason: String, _ box: FeedbackBox) {
        do throws(SpoolError) {
            let kept = try box.putAside(name, now: .now)
            waiting[name.printable] = nil
            ledger.unmatched(name.printable, reason, kept)
        } catch { ledger.stop("feedback/new/\(name.printable)", "\(reason); \(error.reason): remove it") }
    }

    /// The disk's fault, and no report's: the file stays where it is.
    private func putOff(_ name: DirectoryName, _ error: SpoolError) {
        // The same trouble is told once, whatever waits for its end.
        if error.errno != complaint { log.write("feedback: \(error)", .warning) }
        complaint = error.errno
        lookAgain(name)
    }

    /// After a time that doubles with each look, up to a minute, where none is given. A relay's bounce may come before
    /// the job has left `cur/`, which is a matter of milliseconds.
    private func lookAgain(_ name: DirectoryName, after given: Span? = nil) {
        guard waiting.count < FeedbackIntake.nameLimit else { return }
        let wait = given ?? min(max((waiting[name.printable] ?? .zero) * 2, .milliseconds(50)), .minutes(1))
        waiting[name.printable] = wait
        loop.schedule(after: wait) { [weak self] in
            guard let self else { return }
            names.append(name)
            work()
        }
    }

    /// A search is over: the files for which it was are looked at once more.
    private func hear(_ found: [FeedbackSearch.Query: JobID?]) {
        // A file may come to its turn after the next search: its answer waits for it.
        if answers.count > FeedbackSearch.capacity { answers = [:] }
        answers.merge(found) { $1 }
        for name in searching { names.append(name) }
        searching = []
        work()
    }
}
