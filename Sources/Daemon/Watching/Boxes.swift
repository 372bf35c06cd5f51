internal import EventLoop
internal import JSON
internal import Linux
internal import Spool
internal import Time

/// The drop boxes: what applications under users of their own have submitted is taken into `new/`.
final class Boxes {
    /// The room that a box's jobs may take in the spool, wherever they lie; the rest waits in the box. The number is
    /// without those that were sent.
    struct Quota: Equatable {
        var jobs: Int
        var bytes: Int

        /// In a box of all users each may have so much of it.
        var share: Quota { Quota(jobs: max(jobs / 4, 1), bytes: bytes / 4) }
        /// Where there was no room, sent jobs are forgotten until a quarter is free.
        fileprivate var relief: Int { bytes / 4 * 3 }
    }

    private final class Box {
        let box: DropBox
        var names = FIFO<DirectoryName>()
        var reading: DirectoryReading?
        /// True when a file was met for which there was no room.
        var isWanting = false
        var backoff = Backoff()

        init(_ box: DropBox) { self.box = box }
    }

    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    private let ledger: Ledger
    private let watcher: SpoolWatcher?
    private let usage: BoxUsage
    var quota: Quota
    var sizeLimit: Int
    private var boxes: [String: Box] = [:]
    private var order: [String] = []
    private var isWorking = false
    private var backoff = Backoff()
    /// The waits of boxes that are not complete, or that the system refused to open.
    private var unopened: [String: Backoff] = [:]
    private var reopening: Set<String> = []  // exact: names of boxes are ASCII
    /// The accounts for which there was no room.
    private var wanting: Set<BoxUsage.Account> = []
    private var isMakingRoom = false
    /// The waits between the tries to make room, as long as none comes of it.
    private var roomBackoff = Backoff()
    private var roomTimer: EventLoop.Timer?
    /// True when a job was sent since room was last looked for.
    private var isHurried = false
    /// Called once, when every box that was there at the start has been taken in: before that a job
    /// could be claimed whose original still lies in its box.
    private var onReconciled: (() -> Void)?

    /// How many files one slice takes: each costs two waits for the disk.
    private static let sliceSize = 8
    /// How many names are remembered for a box; the rest is met at the next reading.
    private static let nameLimit = 10_000

    init(
        spool: SpoolTree, loop: EventLoop, ledger: Ledger, watcher: SpoolWatcher?, quota: Quota, sizeLimit: Int
    ) {
        self.spool = spool
        self.loop = loop
        log = ledger.log
        self.ledger = ledger
        self.watcher = watcher
        self.quota = quota
        self.sizeLimit = sizeLimit
        usage = BoxUsage(spool: spool, loop: loop, log: ledger.log)
    }

    /// The boxes that are open, for the sweep of their drafts.
    var open: [DropBox] { order.compactMap { boxes[$0]?.box } }

    // The boxes.

    /// Opens every box and takes in what lies there, then calls `then`.
    func reconcile(then: @escaping () -> Void) {
        onReconciled = then
        readAll()
        checkReconciled()
    }

    /// Looks for new boxes and reads all that are known.
    func readAll() {
        do throws(Errno) {
            var stream = try spool.drop.entries()
            while let name = try stream.next() {
                if let text = name.text, !name.isHidden { appeared(text) }
            }
            backoff = Backoff()
        } catch {
            log.write("\(SpoolError(.list, "drop", error))", .warning)
            loop.schedule(after: backoff.next()) { [weak self] in self?.readAll() }
        }
        for name in order { changed(name) }
        for name in order { read(name) }
    }

    /// A directory came below `drop/`. One that is not complete yet, or that the system refuses, is tried again.
    func appeared(_ name: String) {
        guard boxes[name] == nil, Creation.isDropBoxName(name) else { return }
        do throws(SpoolError) {
            boxes[name] = Box(try DropBox(name, in: spool))
            order.append(name)
            ledger.boxes.insert(name)
        } catch {
            guard error.errno != .notDirectory, isThere(name) else {
                unopened[name] = nil
                return
            }
            // One that lacks a directory may be made at this moment.
            if error.errno != .noEntry || unopened[name] != nil {
                ledger.stop("drop/\(name)", error, of: spool.owner)
            }
            return openLater(name)
        }
        unopened[name] = nil
        ledger.stopped.clear("drop/\(name)")
        for place in [SpoolWatcher.Place.entrance(name), .box(name)] {
            do throws(Errno) { try watcher?.add(place) } catch {
                log.write("\(place): not watched, read every minute: \(error)", .warning)
            }
        }
        read(name)
    }

    /// Where that cannot be told it is tried again, too.
    private func isThere(_ name: String) -> Bool { (try? spool.drop.contains(name)) ?? true }

    private func openLater(_ name: String) {
        guard reopening.insert(name).inserted else { return }
        loop.schedule(after: unopened[name, default: Backoff()].next()) { [weak self] in
            guard let self else { return }
            reopening.remove(name)
            appeared(name)
        }
    }

    /// A directory of the box came or went: the open one may be the removed one, into which no producer can submit any
    /// more.
    func changed(_ name: String) {
        guard let box = boxes[name] else { return }
        do throws(SpoolError) {
            if try box.box.isInPlace(in: spool) { return }
        } catch { return log.write("\(error)", .warning) }
        vanished(name)
        log.write("drop/\(name): its directories were removed or replaced")
        appeared(name)
    }

    /// The box was removed or replaced.
    func vanished(_ name: String) {
        boxes[name]?.reading?.cancel()
        // The reading holds the box, whose descriptors end with both.
        boxes[name]?.reading = nil
        boxes[name] = nil
        ledger.boxes.remove(name)
        order.removeAll { $0 == name }
        for place in [SpoolWatcher.Place.entrance(name), .box(name)] { watcher?.remove(place) }
    }

    // The files in them.

    /// A name came into a box.
    func arrived(_ name: DirectoryName, in box: String) {
        guard let box = boxes[box], box.names.count < Boxes.nameLimit else { return }
        box.names.append(name)
        work()
    }

    /// The disk's fault, never a job's: what is in the box stays there, and is met again.
    private func readLater(_ box: Box, _ error: SpoolError) {
        log.write("drop/\(box.box.name): \(error)", .warning)
        box.names = FIFO()
        loop.schedule(after: box.backoff.next()) { [weak self, name = box.box.name] in self?.read(name) }
    }

    private func read(_ name: String) {
        guard let box = boxes[name], box.reading == nil else { return }
        // Until the usage is known, the box has no room.
        guard usage.isKnown else { return count() }
        if isFull(box) { return }
        do throws(SpoolError) {
            box.reading = try DirectoryReading(
                box.box.new, path: "drop/\(name)/new", loop: loop,
                mayGoOn: { box.names.count < Boxes.nameLimit },
                each: { [unowned self] name in
                    box.names.append(name)
                    // Not only at the end: a reading of more names than are remembered rests for them to be taken.
                    work()
                },
                finish: { [unowned self] error in
                    box.reading = nil
                    if let error { readLater(box, error) }
                    work()
                    checkReconciled()
                })
        } catch { readLater(box, error) }
    }

    private func checkReconciled() {
        guard let then = onReconciled, boxes.isEmpty || usage.isKnown,
            boxes.values.allSatisfy({ isFull($0) || ($0.reading == nil && $0.names.isEmpty) })
        else { return }
        onReconciled = nil
        then()
    }

    private func work() {
        if isWorking { return }
        isWorking = true
        loop.later { self.slice() }
    }

    /// Takes a few files of each box in turn, so that a flood in one does not hold up the others.
    private func slice() {
        isWorking = false
        guard usage.isKnown else { return count() }
        let now = Timestamp.now
        var taken = 0
        var progress = true
        while taken < Boxes.sliceSize, progress {
            progress = false
            for name in order {
                guard let box = boxes[name], !isFull(box), let file = box.names.popFirst() else { continue }
                progress = true
                taken += 1
                take(file, from: box, now)
                if box.reading?.isResting == true, box.names.count < Boxes.nameLimit / 2 { box.reading?.resume() }
            }
        }
        if order.contains(where: { boxes[$0].map { !isFull($0) && !$0.names.isEmpty } ?? false }) { work() }
        checkReconciled()
    }

    private func take(_ file: DirectoryName, from box: Box, _ now: Timestamp) {
        let own = BoxUsage.Account(box: box.box.name, user: nil)
        var room = self.room(of: own, quota)
        var narrowest = own
        do throws(SpoolError) {
            if box.box.isShared, let text = file.text {
                let path = "drop/\(box.box.name)/new/\(file.printable)"
                let status = try step(.read, path, allowing(.noEntry, box.box.new.status(text)))
                guard let status else { return }
                let user = BoxUsage.Account(box: own.box, user: status.owner)
                let share = self.room(of: user, quota.share)
                if share < room { (room, narrowest) = (share, user) }
            }
            let fate = try spool.pickUp(file, from: box.box, limit: sizeLimit, room: room, now: now)
            if case .noRoom(let size) = fate { return refuse(file, size, box, narrowest) }
            report(fate, file, box)
            box.backoff = Backoff()
        } catch { readLater(box, error) }
    }

    private func report(_ result: Fate, _ file: DirectoryName, _ box: Box) {
        let path = "drop/\(box.box.name)/new/\(file.printable)"
        switch result {
        case .queued(let id, let owner, let size):
            ledger.pickedUp(id, owner: owner, box: box.box.name, size: size)
            usage.add(id, bytes: size)
        case .duplicate(let id, _):
            log.write(.pickup, job: id.text, [], text: "the same job again, discarded")
        case .dead(let id?, let reason):
            usage.addLetter(id)
            ledger.buried(id, "\(reason); it was \(path)")
        case .dead(nil, let reason): ledger.stop(path, "\(reason); it cannot be moved away: remove it")
        case .later(let time):
            let wait = max(time - Timestamp.now, .milliseconds(100))
            loop.schedule(after: wait) { [weak self] in self?.arrived(file, in: box.box.name) }
        case .noRoom, .gone: break
        }
    }

    // The room for them.

    /// The bytes that an account may still bring in; -1 where it has as many jobs as it may.
    private func room(of account: BoxUsage.Account, _ quota: Quota) -> Int {
        let amount = usage.amount(account)
        return amount.jobs < quota.jobs ? max(quota.bytes - amount.bytes, 0) : -1
    }

    /// True when the box is not looked at until there is room: too little is left for most jobs.
    private func isFull(_ box: Box) -> Bool {
        box.isWanting && room(of: .init(box: box.box.name, user: nil), quota) < quota.bytes / 64
    }

    private func refuse(_ file: DirectoryName, _ size: Int, _ box: Box, _ account: BoxUsage.Account) {
        let own = account.user == nil ? quota : quota.share
        if size + SpoolTree.letterMargin > own.bytes {
            return ledger.stop(
                "drop/\(box.box.name)/new/\(file.printable)",
                "\(size) bytes, and dropbox_max_bytes leaves room for \(own.bytes) at most: it stays in the drop box")
        }
        box.isWanting = true
        if wanting.insert(account).inserted { loop.later { [weak self] in self?.makeRoom() } }
    }

    private func count() {
        if usage.isResting { return }
        usage.count { [weak self] in
            guard let self else { return }
            for name in order { read(name) }
            work()
            checkReconciled()
        }
    }

    /// A job of a box was sent.
    func sent(_ id: JobID, size: Int) {
        if id.box == nil { return }
        let accounts = usage.moved(id, bytes: size).filter(wanting.contains)
        for account in accounts {
            let own = account.user == nil ? quota : quota.share
            let amount = usage.amount(account)
            guard amount.jobs <= own.jobs - max(own.jobs / 4, 1), amount.bytes <= own.relief else { continue }
            wanting.remove(account)
            goOn()
        }
        // Its bytes are still there, and may be made free.
        if !wanting.isDisjoint(with: accounts), !isHurried {
            isHurried = true
            roomBackoff = Backoff()
            makeRoom(after: roomBackoff.next())
        }
    }

    /// Goes on with the boxes for which there is room again.
    private func goOn() {
        for name in order where !wanting.contains(where: { $0.box == name }) {
            guard let box = boxes[name], box.isWanting else { continue }
            box.isWanting = false
            read(name)
        }
        work()
    }

    /// Where a box found no room, counts what it has, and forgets the oldest of what was sent for it. Tried again as
    /// long as that is not enough.
    private func makeRoom() {
        guard !wanting.isEmpty, !isMakingRoom else { return }
        if usage.isResting { return makeRoom(after: .seconds(1)) }
        isMakingRoom = true
        isHurried = false
        let before = wanting.map { (account: $0, before: usage.amount($0)) }
        usage.count { [weak self] in self?.relieve(before[...]) }
    }

    private func makeRoom(after wait: Span) {
        roomTimer?.cancel()
        roomTimer = loop.schedule(after: wait) { [weak self] in self?.makeRoom() }
    }

    private func relieve(_ accounts: ArraySlice<(account: BoxUsage.Account, before: BoxUsage.Amount)>) {
        guard let (account, before) = accounts.first else {
            isMakingRoom = false
            goOn()
            if !wanting.isEmpty { makeRoom(after: roomBackoff.next()) }
            return
        }
        let own = account.user == nil ? quota : quota.share
        usage.forgetSent(of: account, downTo: own.relief) { [weak self] count in
            guard let self else { return }
            if count > 0 {
                log.write(
                    "drop/\(account.box): its quota is used up: \(count) sent jobs were forgotten before their time")
            }
            let amount = usage.amount(account)
            if amount.bytes < before.bytes || amount.jobs < before.jobs {
                wanting.remove(account)
                roomBackoff = Backoff()
            }
            tell(account, own)
            relieve(accounts.dropFirst())
        }
    }

    /// Says once that a box waits for the operator.
    private func tell(_ account: BoxUsage.Account, _ own: Quota) {
        let path = "drop/\(account.box)" + (account.user.map { " of user \($0)" } ?? "")
        guard wanting.contains(account) else { return ledger.stopped.clear(path) }
        ledger.stop(
            path,
            "its jobs and dead letters in the spool leave no room (its quota is \(own.jobs) jobs and \(own.bytes) bytes)"
                + "; the rest waits in the drop box until some are sent or removed")
    }
}
