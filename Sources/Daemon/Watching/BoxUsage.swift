internal import EventLoop
internal import Linux
internal import Spool
internal import Text
internal import Time

/// The jobs and bytes that drop boxes have brought into the spool and that are still there, in whatever state.
///
/// A file's name says which box it came from, so that a count needs no file to be opened. Between two counts what is
/// taken in is added, and what is sent moves to `done/`: a sum is never too low, but for a job that moves while it is
/// counted. What has left the spool shows at the next count, which is made where a sum leaves no room.
final class BoxUsage {
    /// Who has a quota: a box, and in a box of all users each of them.
    struct Account: Hashable {
        let box: String
        let user: UInt32?
    }

    struct Amount: Equatable {
        var jobs = 0
        var bytes = 0

        static func + (left: Amount, right: Amount) -> Amount {
            Amount(jobs: left.jobs + right.jobs, bytes: left.bytes + right.bytes)
        }
    }

    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    /// In every state but `done/`, and there.
    private var kept: [Account: Amount] = [:]
    private var sent: [Account: Amount] = [:]
    private var reading: DirectoryReading?
    private var spent: Int64 = 0
    private var restsUntil = Int64.min
    /// The jobs that were taken in while a count is under way: the count may have missed them.
    private var added: [Account: Amount] = [:]
    /// True when there has been a count.
    private(set) var isKnown = false

    /// A count is made again after so many times what the last one took, and a second.
    private static let restFactor: Int64 = 20
    /// So many accounts at most: a name in `new/` may claim any box.
    private static let accountLimit = 100_000

    init(spool: SpoolTree, loop: EventLoop, log: Log) {
        self.spool = spool
        self.loop = loop
        self.log = log
    }

    /// The amount that an account has in the spool, as far as is known: jobs but for those that were sent, and all
    /// bytes.
    func amount(_ account: Account) -> Amount {
        var amount = kept[account] ?? Amount()
        amount.bytes += sent[account]?.bytes ?? 0
        return amount
    }

    /// A job or a dead letter came.
    func add(_ id: JobID, bytes: Int) {
        for account in BoxUsage.accounts(of: id) {
            kept[account, default: Amount()] = kept[account, default: Amount()] + Amount(jobs: 1, bytes: bytes)
            if reading != nil {
                added[account, default: Amount()] = added[account, default: Amount()] + Amount(jobs: 1, bytes: bytes)
            }
        }
    }

    /// A dead letter came.
    func addLetter(_ id: JobID) { add(id, bytes: look(at: id, in: spool.dead, "dead")?.size ?? 0) }

    /// The file's status; nil for one that is gone meanwhile, and where the system refuses it, which is said.
    private func look(at id: JobID, in directory: borrowing Directory, _ path: String) -> FileStatus? {
        do throws(SpoolError) {
            return try step(.read, "\(path)/\(id)", allowing(.noEntry, directory.status(id.text)))
        } catch {
            log.write("\(error)", .warning)
            return nil
        }
    }

    /// A job was sent, and is in `done/`. Returns whose it is.
    func moved(_ id: JobID, bytes: Int) -> [Account] {
        let accounts = BoxUsage.accounts(of: id)
        for account in accounts {
            // One that was not counted, because it came otherwise, is not missing.
            let amount = kept[account] ?? Amount()
            let size = min(bytes, amount.bytes)
            kept[account] = Amount(jobs: max(amount.jobs - 1, 0), bytes: amount.bytes - size)
            sent[account, default: Amount()] = sent[account, default: Amount()] + Amount(jobs: 1, bytes: size)
        }
        return accounts
    }

    private static func accounts(of id: JobID) -> [Account] {
        guard let box = id.box else { return [] }
        let own = Account(box: box, user: nil)
        return id.submitter.map { [own, Account(box: box, user: $0)] } ?? [own]
    }

    /// True while no count may begin.
    var isResting: Bool { reading != nil || Clock.monotonic < restsUntil }

    /// Counts everything, in slices, and calls `then`; nothing while another count is under way.
    func count(then: @escaping () -> Void) {
        guard reading == nil else { return }
        (spent, added) = (0, [:])
        var places = (State.waiting + [.hold, .dead]).map(\.path)
        do throws(SpoolError) {
            // Jobs move on from what waits, by way of cur/, to where they end: they are met on their way.
            places.insert(contentsOf: try spool.claimDirectories().map { "cur/\($0)" }, at: places.count - 2)
            places += try spool.days().map { "done/\($0)" }
        } catch { log.write("\(error)", .warning) }
        count(places[...], [:], [:], then)
    }

    private func count(
        _ places: ArraySlice<String>, _ kept: [Account: Amount], _ sent: [Account: Amount],
        _ then: @escaping () -> Void
    ) {
        guard let path = places.first else {
            self.kept = kept.merging(added, uniquingKeysWith: +)
            self.sent = sent
            isKnown = true
            restsUntil = Clock.monotonic + Span.seconds(1).nanoseconds + spent * BoxUsage.restFactor
            return then()
        }
        let isSent = path.begins(with: "done/")
        var found: [Account: Amount] = [:]
        let finish = { [unowned self] (error: SpoolError?) in
            spent += reading?.cost.nanoseconds ?? 0
            reading = nil
            // A directory that cannot be read counts as it did.
            if let error, error.errno != .noEntry { log.write("\(error)", .warning) }
            count(
                places.dropFirst(), isSent ? kept : kept.merging(found, uniquingKeysWith: +),
                isSent ? sent.merging(found, uniquingKeysWith: +) : sent, then)
        }
        do throws(SpoolError) {
            let directory = try step(.open, path, spool.root.directory(path))
            let anchor = Opened(directory)
            reading = try DirectoryReading(
                anchor.directory, path: path, loop: loop,
                each: { [unowned self] name in
                    guard let id = name.text.flatMap({ JobID($0) }), id.box != nil,
                        let size = look(at: id, in: anchor.directory, path)?.size
                    else { return }
                    for account in BoxUsage.accounts(of: id) where found.count < BoxUsage.accountLimit {
                        found[account, default: Amount()] =
                            found[account, default: Amount()] + Amount(jobs: 1, bytes: size)
                    }
                }, finish: finish)
        } catch { finish(error) }
    }

    /// Lets a closure hold a directory.
    private final class Opened {
        let directory: Directory
        init(_ directory: consuming Directory) { self.directory = directory }
    }

    /// Removes the account's oldest sent jobs from `done/` until all that it has is `target` bytes, and calls `then`
    /// with how many went. After a crash the rest is removed when room is wanted again.
    func forgetSent(of account: Account, downTo target: Int, then: @escaping (Int) -> Void) {
        var days: [String] = []
        do throws(SpoolError) { days = try spool.days() } catch { log.write("\(error)", .warning) }
        forget(account, target, days[...], 0, then)
    }

    private func forget(
        _ account: Account, _ target: Int, _ days: ArraySlice<String>, _ count: Int, _ then: @escaping (Int) -> Void
    ) {
        func isEnough() -> Bool { amount(account).bytes <= target }
        guard let day = days.first, !isEnough() else { return then(count) }
        var found: [(modified: Int64, id: JobID, size: Int)] = []
        var gone = count
        do throws(SpoolError) {
            let anchor = Opened(try step(.open, "done/\(day)", spool.done.directory(day)))
            reading = try DirectoryReading(
                anchor.directory, path: "done/\(day)", loop: loop,
                each: { [unowned self] name in
                    guard let id = name.text.flatMap({ JobID($0) }), found.count < BoxUsage.accountLimit,
                        BoxUsage.accounts(of: id).contains(account),
                        let status = look(at: id, in: anchor.directory, "done/\(day)")
                    else { return }
                    found.append((status.modified, id, status.size))
                },
                finish: { [unowned self] error in
                    reading = nil
                    if let error { log.write("\(error)", .warning) }
                    for file in found.sorted(by: { $0.modified < $1.modified }) where !isEnough() {
                        do throws(SpoolError) {
                            try step(
                                .remove, "done/\(day)/\(file.id)",
                                allowing(.noEntry, anchor.directory.unlink(file.id.text)))
                        } catch {
                            log.write("\(error)", .warning)
                            continue
                        }
                        gone += 1
                        for account in BoxUsage.accounts(of: file.id) {
                            sent[account]?.jobs -= 1
                            sent[account]?.bytes -= file.size
                        }
                    }
                    forget(account, target, days.dropFirst(), gone, then)
                })
        } catch {
            if error.errno != .noEntry { log.write("\(error)", .warning) }
            forget(account, target, days.dropFirst(), gone, then)
        }
    }
}
