internal import JSON
internal import Linux
internal import Spool
internal import Text

/// Empties one spool into another: what is under way already, then state by state, in batches.
struct Transfer {
    private let departures: Departures
    private let link: (any TransferLink)?
    private let report: TransferReport
    private let states: [State]
    private let takesFiles: Bool
    private let waits: Bool

    /// How many jobs and bytes a batch has, at most; one job may be larger.
    private static let (mostJobs, mostBytes) = (256, 8 << 20)

    init(_ departures: Departures, _ link: (any TransferLink)?, _ report: TransferReport, _ arguments: Arguments) {
        self.departures = departures
        self.link = link
        self.report = report
        states = Parcel.states.filter { $0 != .dead || arguments.has("--dead") }
        takesFiles = arguments.has("--files")
        waits = arguments.has("--wait")
    }

    /// Says which jobs would go.
    func rehearse() throws(TransferError) -> ExitStatus {
        for state in states {
            try forEachJob(in: state) { (id) throws(TransferError) in
                let path = "\(state.path)/\(id)"
                guard let file = try? departures.root.open(path), let status = try? file.status() else { return }
                if let reason = objection(file, status) {
                    report.leave(id, in: state.path, reason)
                } else {
                    report.done(id, state)
                }
            }
        }
        return try end()
    }

    /// Transfers what there is, and with `--wait` what comes, until nothing is left that can go.
    func run() throws(TransferError) -> ExitStatus {
        guard let link else { return .success }
        var batch = try begin(link)
        while true {
            for state in states {
                try forEachJob(in: state) { (id) throws(TransferError) in
                    if report.left.contains(id) { return }
                    switch try departures.claim(id, from: state, unless: objection) {
                    case .claimed(let parcel): try send(parcel, in: &batch, link)
                    case .gone: break
                    case .left(let reason): report.leave(id, in: state.path, reason)
                    }
                }
            }
            try settle(&batch, link)
            let rest = try rest()
            if !waits || rest.atWork + rest.boxed + rest.waiting == 0 { break }
            Clock.sleep(until: Clock.monotonic + 1_000_000_000)
        }
        try finish(link)
        return try end()
    }

    /// Asks the other side for what is under way: what has not arrived there goes back into its state.
    func giveBack() throws(TransferError) -> ExitStatus {
        guard let link else { return .success }
        var arrived: [Parcel] = []
        for parcel in try begin(link, isBack: true).parcels {
            switch try link.withdraw(parcel) {
            case .arrived:
                try departures.remove(parcel)
                arrived.append(parcel)
            case .refused: try putBack(parcel, "")
            }
        }
        try departures.sync()
        try link.forget(arrived)
        try finish(link)
        report.end(atWork: 0, boxed: 0)
        return report.status(isRest: false)
    }

    /// Gives all back without the other side, which is lost.
    static func giveAllBack(_ departures: Departures, _ report: TransferReport) throws(TransferError) -> ExitStatus {
        for parcel in try departures.giveAllBack({ report.done($0.id, $0.state) }) {
            report.leave(parcel.id, in: "leaving", "its id is taken in \(parcel.state.path)")
        }
        report.end(atWork: 0, boxed: 0)
        if report.count > 0 { complain("if the other spool comes back, what had arrived there is delivered twice") }
        return report.status(isRest: false)
    }

    /// Jobs that were sent and not settled.
    private struct Batch {
        var parcels: [Parcel] = []
        var bytes = 0
    }

    /// Begins with what an earlier transfer has under way, and returns what of it is not settled.
    private func begin(_ link: any TransferLink, isBack: Bool = false) throws(TransferError) -> Batch {
        if let own = try departures.identity(), own.isExactly(link.identity) { throw .itself(path: link.name) }
        guard let transfer = JobID(try departures.begin(to: link.identity)) else {
            throw .broken("\(departures.path)/leaving: a directory that no transfer made")
        }
        let underWay = try departures.parcels()
        try link.begin(transfer, underWay: underWay)
        var batch = Batch()
        if isBack { batch.parcels = underWay } else { for parcel in underWay { try send(parcel, in: &batch, link) } }
        return batch
    }

    private func send(_ parcel: Parcel, in batch: inout Batch, _ link: any TransferLink) throws(TransferError) {
        let contents = try departures.open(parcel)
        try link.send(parcel, contents)
        batch.parcels.append(parcel)
        batch.bytes += contents.status.size
        if batch.parcels.count >= Transfer.mostJobs || batch.bytes >= Transfer.mostBytes { try settle(&batch, link) }
    }

    /// Has a batch put into its states there, and removes it here. The claims are on disk before, the removals before
    /// the other side forgets.
    private func settle(_ batch: inout Batch, _ link: any TransferLink) throws(TransferError) {
        if batch.parcels.isEmpty { return }
        try departures.sync()
        var arrived: [Parcel] = []
        for (parcel, answer) in try link.settle() {
            switch answer {
            case .arrived:
                try departures.remove(parcel)
                arrived.append(parcel)
                report.done(parcel.id, parcel.state)
            case .refused(let reason): try putBack(parcel, reason)
            }
        }
        try departures.sync()
        try link.forget(arrived)
        batch = Batch()
    }

    /// Puts a job back; `reason` is empty where that was what was asked for.
    private func putBack(_ parcel: Parcel, _ reason: String) throws(TransferError) {
        if try !departures.giveBack(parcel) {
            report.leave(parcel.id, in: "leaving", "its id is taken in \(parcel.state.path), too")
        } else if reason.isEmpty {
            report.done(parcel.id, parcel.state)
        } else {
            report.leave(parcel.id, in: parcel.state.path, reason)
        }
    }

    private func finish(_ link: any TransferLink) throws(TransferError) {
        try link.end(isComplete: try departures.parcels().isEmpty)
        try departures.end()
    }

    private func end() throws(TransferError) -> ExitStatus {
        let rest = try rest()
        report.end(atWork: rest.atWork, boxed: rest.boxed)
        return report.status(isRest: !report.isDryRun && rest.atWork + rest.boxed + rest.waiting > 0)
    }

    /// Why a job stays where it is; nil when it may go. A file that is not a job is left for the other daemon to judge.
    private func objection(_ file: borrowing Descriptor, _ status: FileStatus) -> String? {
        if takesFiles { return nil }
        guard let job = try? JobFile(reading: file, size: status.size, limit: Input.jobLimit) else { return nil }
        let names = (job.value.object?["attachments"]?.array ?? []).compactMap { $0.object?["file"]?.string }
        guard let first = names.first else { return nil }
        return "it attaches the file \(first) of attachments_directory; --files transfers it all the same"
    }

    private func forEachJob(
        in state: State, _ body: (JobID) throws(TransferError) -> Void
    ) throws(TransferError) {
        try forEachName(in: state.path) { (name) throws(TransferError) in if let id = JobID(name) { try body(id) } }
    }

    private func forEachName(
        in path: String, _ body: (String) throws(TransferError) -> Void
    ) throws(TransferError) {
        func list<Result: ~Copyable>(_ call: () throws(Errno) -> Result) throws(TransferError) -> Result {
            do throws(Errno) { return try call() } catch { throw .spool(SpoolError(.list, path, error)) }
        }
        let directory = try list { () throws(Errno) in try allowing(.noEntry, departures.root.directory(path)) }
        guard let directory else { return }
        var stream = try list { () throws(Errno) in try directory.entries() }
        while let entry = try list({ () throws(Errno) in try stream.next() }) {
            if let name = entry.text, !entry.isHidden { try body(name) }
        }
    }

    /// The jobs still in this spool that could go: at work, in drop boxes, and in the states.
    private func rest() throws(TransferError) -> (atWork: Int, boxed: Int, waiting: Int) {
        var rest = (atWork: 0, boxed: 0, waiting: 0)
        try forEachName(in: "cur") { (instance) throws(TransferError) in
            try forEachName(in: "cur/\(instance)") { if JobID($0) != nil { rest.atWork += 1 } }
        }
        try forEachName(in: "drop") { (box) throws(TransferError) in
            try forEachName(in: "drop/\(box)/new") { _ in rest.boxed += 1 }
        }
        for state in states { try forEachJob(in: state) { if !report.left.contains($0) { rest.waiting += 1 } } }
        return rest
    }
}
