internal import EventLoop
internal import JSON
internal import Linux
internal import Spool
internal import Time

/// The drop boxes: what applications under users of their own have submitted is taken into `new/`.
final class Boxes {
    /// What a box's jobs may occupy in `new/` at a time; the rest waits in the box.
    struct Quota: Equatable {
        var jobs: Int
        var bytes: Int
    }

    private final class Box {
        let box: DropBox
        var names = FIFO<DirectoryName>()
        var reading: DirectoryReading?
        /// What of it waits in `new/`, as far as this daemon has put it there.
        var jobs = 0
        var bytes = 0
        var isFull = false
        var backoff = Backoff()

        init(_ box: DropBox) { self.box = box }
    }

    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    private let ledger: Ledger
    private let watcher: SpoolWatcher?
    var quota: Quota
    var sizeLimit: Int
    private var boxes: [String: Box] = [:]
    private var order: [String] = []
    private var isWorking = false
    private var counting: DirectoryReading?
    private var reported: Set<String> = []
    private var backoff = Backoff()
    /// Boxes that the system refused to open.
    private var unopened: [String: Backoff] = [:]
    private var reopening: Set<String> = []
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
    }

    /// The boxes that are open, for the sweep of their drafts.
    var open: [DropBox] { order.compactMap { boxes[$0]?.box } }

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
        for name in order { read(name) }
    }

    /// The disk's fault, never a job's: what is in the box stays there, and is met again.
    private func readLater(_ box: Box, _ error: SpoolError) {
        log.write("drop/\(box.box.name): \(error)", .warning)
        box.names = FIFO()
        loop.schedule(after: box.backoff.next()) { [weak self, name = box.box.name] in self?.read(name) }
    }

    /// A directory came below `drop/`. One that is not complete yet is met at the next reading.
    func appeared(_ name: String) {
        guard boxes[name] == nil, Creation.isDropBoxName(name) else { return }
        do throws(SpoolError) {
            boxes[name] = Box(try DropBox(name, in: spool))
            order.append(name)
            ledger.boxes.insert(name)
        } catch {
            if error.errno == .noEntry || error.errno == .notDirectory { return }
            if reported.insert(name).inserted { log.write("\(error)", .warning) }
            openLater(name)
            return
        }
        unopened[name] = nil
        do throws(Errno) { try watcher?.add(.box(name)) } catch {
            log.write("drop/\(name): not watched, read every minute: \(error)", .warning)
        }
        read(name)
    }

    private func openLater(_ name: String) {
        guard reopening.insert(name).inserted else { return }
        loop.schedule(after: unopened[name, default: Backoff()].next()) { [weak self] in
            guard let self else { return }
            reopening.remove(name)
            appeared(name)
        }
    }

    /// The box was removed or replaced.
    func vanished(_ name: String) {
        boxes[name]?.reading?.cancel()
        // The reading holds the box, whose descriptors end with both.
        boxes[name]?.reading = nil
        boxes[name] = nil
        ledger.boxes.remove(name)
        order.removeAll { $0 == name }
        watcher?.remove(.box(name))
    }

    /// A name came into a box.
    func arrived(_ name: DirectoryName, in box: String) {
        guard let box = boxes[box], box.names.count < Boxes.nameLimit else { return }
        box.names.append(name)
        work()
    }

    /// The box whose name an id ends in; a producer of `new/` itself may give such a name, too.
    private func box(of id: JobID) -> Box? {
        guard let at = id.text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        return boxes[String(id.text[id.text.utf8.index(after: at)...])]
    }

    /// A job of a box left `new/`.
    func claimed(_ id: JobID, size: Int) {
        guard let box = box(of: id) else { return }
        box.jobs = max(box.jobs - 1, 0)
        box.bytes = max(box.bytes - size, 0)
        goOn(box)
    }

    /// Goes on with a box that was full, when a quarter of its room is free.
    private func goOn(_ box: Box) {
        guard box.isFull, box.jobs < max(quota.jobs / 4 * 3, 1), box.bytes < max(quota.bytes / 4 * 3, 1) else { return }
        box.isFull = false
        if let reading = box.reading { reading.resume() } else { read(box.box.name) }
        work()
    }

    /// Counts what the full boxes have in `new/`: jobs that were removed or moved by hand were not
    /// claimed, and would fill their box for ever.
    func recount() {
        guard counting == nil, boxes.values.contains(where: { $0.isFull }) else { return }
        var found: [String: (jobs: Int, bytes: Int)] = [:]
        do throws(SpoolError) {
            counting = try DirectoryReading(
                spool.new, path: "new", loop: loop,
                each: { [unowned self] name in
                    guard let text = name.text, let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return }
                    let box = String(text[text.utf8.index(after: at)...])
                    guard boxes[box]?.isFull == true else { return }
                    // One that is gone meanwhile does not count.
                    guard let size = (try? spool.new.status(text))?.size else { return }
                    found[box, default: (0, 0)].jobs += 1
                    found[box, default: (0, 0)].bytes += size
                },
                finish: { [unowned self] error in
                    counting = nil
                    if let error { return log.write("\(error)", .warning) }
                    for (name, box) in boxes where box.isFull {
                        (box.jobs, box.bytes) = found[name] ?? (0, 0)
                        goOn(box)
                    }
                })
        } catch { log.write("\(error)", .warning) }
    }

    private func read(_ name: String) {
        guard let box = boxes[name], box.reading == nil, !box.isFull else { return }
        do throws(SpoolError) {
            box.reading = try DirectoryReading(
                box.box.new, path: "drop/\(name)/new", loop: loop,
                mayGoOn: { box.names.count < Boxes.nameLimit && !box.isFull },
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
        guard let then = onReconciled,
            boxes.values.allSatisfy({ $0.isFull || ($0.reading == nil && $0.names.isEmpty) })
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
        let now = Timestamp.now
        var taken = 0
        var progress = true
        while taken < Boxes.sliceSize, progress {
            progress = false
            for name in order {
                guard let box = boxes[name], !box.isFull, let file = box.names.popFirst() else { continue }
                progress = true
                taken += 1
                do throws(SpoolError) {
                    report(try spool.pickUp(file, from: box.box, limit: sizeLimit, now: now), file, box)
                    box.backoff = Backoff()
                } catch { readLater(box, error) }
                if box.reading?.isResting == true, box.names.count < Boxes.nameLimit / 2 { box.reading?.resume() }
            }
        }
        if order.contains(where: { boxes[$0].map { !$0.isFull && !$0.names.isEmpty } ?? false }) { work() }
        checkReconciled()
    }

    private func report(_ result: Fate, _ file: DirectoryName, _ box: Box) {
        switch result {
        case .queued(let id, let owner, let size):
            ledger.pickedUp(id, owner: owner, box: box.box.name, size: size)
            box.jobs += 1
            box.bytes += size
            if box.jobs >= quota.jobs || box.bytes >= quota.bytes {
                box.isFull = true
                log.write(
                    "drop/\(box.box.name): \(box.jobs) jobs, \(box.bytes) bytes of it wait in new/; "
                        + "the rest stays in the drop box", .warning)
            }
        case .duplicate(let id, _):
            log.write(.pickup, job: id.text, [], text: "the same job again, discarded")
        case .dead(let id?, let reason):
            ledger.buried(id, "\(reason); it was drop/\(box.box.name)/new/\(file.printable)")
        case .dead(nil, let reason):
            if reported.count < 1000, reported.insert("\(box.box.name)/\(file.printable)").inserted {
                log.write("drop/\(box.box.name)/new/\(file.printable): \(reason); it cannot be moved away", .warning)
            }
        case .later(let time):
            let wait = max(time - Timestamp.now, .milliseconds(100))
            loop.schedule(after: wait) { [weak self] in self?.arrived(file, in: box.box.name) }
        case .gone: break
        }
    }
}
