internal import EventLoop
internal import JSON
internal import Linux
internal import Mail
internal import Spool
internal import Text
internal import Time

/// Tells `notify` of new dead letters and of relays that stay out of reach: one digest at a time, which is a job of
/// this spool like any other.
///
/// The state is on disk: `.digest` has the id of the last digest, and its mtime is the moment until which that digest
/// reports. A start reads later dead letters from `dead/`. The id of a digest follows from the moment at which it
/// begins, so that a crash between its submission and the note of it submits none twice.
final class Notifier {
    private static let mark = "outspool-digest-"
    private static let stateFile = ".digest"

    private let spool: SpoolTree
    private let loop: EventLoop
    private let ledger: Ledger
    private let current: () -> Settings
    private var address: String?
    private var schedule = DigestSchedule(interval: .hours(1))
    private var letters: [DeadLetter] = []
    private var more = 0
    private var firstNews: Timestamp?
    /// The counts of reports when the last digest was made.
    private var reported = Reported()
    /// Until when the last digest tells, or since when digests are wanted.
    private var since: Timestamp?
    /// The last digest; nil before the first.
    private var last: JobID?
    /// Since when breakers are open, and which of those openings were told of.
    private var open: [String: Digest.Outage] = [:]
    private var told: Set<String> = []  // exact: names of relays are ASCII
    private var reading: DirectoryReading?
    private var quietUntil = Timestamp(seconds: 0)
    private var complaint: String?
    private var log: Log { ledger.log }

    init(spool: SpoolTree, loop: EventLoop, ledger: Ledger, settings: @escaping () -> Settings) {
        self.spool = spool
        self.loop = loop
        self.ledger = ledger
        current = settings
    }

    /// Uses other settings. An address that is new gets digests of deaths from now on.
    func use(_ settings: Settings) {
        schedule = DigestSchedule(interval: settings.notifyInterval)
        let begins = address == nil && settings.notify != nil
        address = settings.notify
        if begins {
            begin(now: .now)
            reported = reportedSoFar
        }
        if address == nil { (letters, more, firstNews, since, last) = ([], 0, nil, nil, nil) }
    }

    /// Whether a job is a digest: a digest never reports on another.
    static func isDigest(_ id: String) -> Bool { id.hasPrefix(mark) }

    /// A dead letter is new.
    func note(_ letter: DeadLetter) {
        if Notifier.isDigest(letter.id) {
            return log.write("\(letter.id): a digest for notify is a dead letter: \(letter.reason)", .warning)
        }
        guard address != nil else { return }
        add(letter, now: letter.at)
    }

    /// Reads what died since the last digest from `dead/`: of some of it, nothing was told.
    func readAgain(now: Timestamp) {
        guard address != nil, let since, reading == nil else { return }
        readDead(after: since, until: now)
    }

    private func add(_ letter: DeadLetter, now: Timestamp) {
        if letters.contains(where: { $0.id.isExactly(letter.id) }) { return }
        if letters.count < Digest.limit { letters.append(letter) } else { more += 1 }
        firstNews = firstNews ?? now
    }

    /// The wall clock was set back: what was to come is now, or the next digest would wait for the old clock's time.
    func clockWasSetBack(now: Timestamp) {
        firstNews = firstNews.map { min($0, now) }
        since = since.map { min($0, now) }
        quietUntil = min(quietUntil, now + schedule.gathering)
        for (name, outage) in open { open[name]?.since = min(outage.since, now) }
    }

    /// How much came back, as the ledger has counted it.
    private struct Reported: Equatable {
        var bounced = 0
        var complained = 0
    }

    private var reportedSoFar: Reported {
        let counts = ledger.counters.reported
        return Reported(bounced: counts[.bounced]?.sum ?? 0, complained: counts[.complained]?.sum ?? 0)
    }

    /// Looks at the relays, and submits a digest when it is due.
    func tick(_ relays: [DaemonStatus.Relay], now: Timestamp) {
        guard address != nil else { return }
        for relay in relays {
            guard relay.isOpen else {
                open[relay.name] = nil
                told.remove(relay.name)
                continue
            }
            let reason = relay.reason ?? ""
            open[relay.name, default: .init(relay: relay.name, since: now, reason: reason)].reason = reason
        }
        if reportedSoFar != reported { firstNews = firstNews ?? now }
        let names = Set(relays.map(\.name))
        for name in open.keys where !names.contains(name) { open[name] = nil }
        let lasting = open.values.filter { now - $0.since >= schedule.gathering }
        let newest = lasting.filter { !told.contains($0.relay) }.map(\.since).min()
        let news = [firstNews, newest].compactMap { $0 }.min()
        guard now >= quietUntil, reading == nil,
            let due = schedule.due(firstNews: news, last: last == nil ? nil : since), due <= now
        else { return }
        submit(lasting.sorted { $0.relay < $1.relay }, now: now)
    }

    private func submit(_ outages: [Digest.Outage], now: Timestamp) {
        let settings = current()
        guard let address, let since else { return }
        do throws(SpoolError) {
            if let last, try isWaiting(last) {
                quietUntil = now + schedule.gathering
                return
            }
            guard let id = JobID("\(Notifier.mark)\(since.compact)") else { return }
            let told = try end(of: id)
            if told == nil {
                var digest = Digest(host: Process.hostName, spool: settings.spool, since: since, until: now)
                (digest.letters, digest.more, digest.outages) = (letters, more, outages)
                let soFar = reportedSoFar
                digest.bounced = soFar.bounced - reported.bounced
                digest.complained = soFar.complained - reported.complained
                let author = settings.mail.from ?? "Outspool <outspool@\(settings.mail.domain)>"
                let bytes = digest.job(to: address, from: author).encoded + [0x0A]
                try Entrance(path: settings.spool).submit(bytes, id: id)
                ledger.counters.digests += 1
                log.write(
                    "\(id): a digest for \(address): \(letters.count + more) dead letters, \(outages.count) relays")
                self.told.formUnion(outages.map(\.relay))
            }
            (letters, more, firstNews) = ([], 0, nil)
            reported = reportedSoFar
            (self.since, last) = (told ?? now, id)
            try save(id.text, told ?? now)
            complaint = nil
            // A crash kept the note of that digest from being written: what it did not tell of is in dead/.
            if let told { readDead(after: told, until: now) }
        } catch {
            // The disk is full, or refuses: the news is kept.
            quietUntil = now + .minutes(1)
            if complaint != "\(error)" { log.write("notify: \(error)", .warning) }
            complaint = "\(error)"
        }
    }

    private func claims() throws(SpoolError) -> [State] { try spool.claimDirectories().map { .claimed(instance: $0) } }

    /// Whether a digest has not gone out yet: then another would only stand behind it.
    private func isWaiting(_ id: JobID) throws(SpoolError) -> Bool {
        for state in try State.waiting + claims() {
            let isThere = try spool.with(state) { (directory) throws(SpoolError) in
                try step(.read, "\(state.path)/\(id)", directory.contains(id.text))
            }
            if isThere { return true }
        }
        return false
    }

    /// The moment until which a digest of that id reports, if it was submitted before a crash; or nil.
    private func end(of id: JobID) throws(SpoolError) -> Timestamp? {
        for state in try claims() + spool.places(of: id, except: .claimed(instance: spool.instance)) {
            guard case .job(let open) = try spool.examine(id, in: state, limit: current().maxJobSize) else { continue }
            let until = open.contents.value.object?["metadata"]?.object?["until"]?.string
            return until.flatMap { Timestamp(rfc3339: $0) } ?? .now
        }
        return nil
    }

    // What was told, on disk.

    private func save(_ id: String, _ until: Timestamp) throws(SpoolError) {
        try step(.write, Notifier.stateFile) { () throws(Errno) in
            try allowing(.noEntry, spool.tmp.unlink(Notifier.stateFile))
            let file = try spool.tmp.create(Notifier.stateFile, mode: 0o600)
            try file.write(all: id.isEmpty ? [] : Array("\(id)\n".utf8))
            try file.setModified(nanoseconds: until.nanoseconds)
            try file.sync()
            try spool.tmp.replace(Notifier.stateFile, into: spool.root, as: Notifier.stateFile)
        }
    }

    private func begin(now: Timestamp) {
        do throws(Errno) {
            let status = try spool.root.status(Notifier.stateFile)
            let file = try spool.root.open(Notifier.stateFile)
            last = JobID(
                String(decoding: try file.readAll(limit: 256), as: UTF8.self).utf8.split(separator: 0x0A).first.map {
                    Substring($0)
                } ?? "")
            since = min(Timestamp(nanoseconds: status.modified), now)
        } catch {
            if error != .noEntry { log.write("\(SpoolError(.read, Notifier.stateFile, error))", .warning) }
            since = now
            do throws(SpoolError) { try save("", now) } catch { log.write("\(error)", .warning) }
            return
        }
        readDead(after: since ?? now, until: now)
    }

    /// Reads the deaths while no daemon ran, by the mtime of the dead letters: at the start only, in slices.
    private func readDead(after: Timestamp, until: Timestamp) {
        do throws(SpoolError) {
            reading = try DirectoryReading(spool.dead, path: "dead", loop: loop) { [unowned self] name in
                // A dead letter that was removed meanwhile is not reported.
                guard let text = name.text, let id = JobID(text), !Notifier.isDigest(text),
                    let modified = (try? spool.dead.status(text))?.modified
                else { return }
                let died = Timestamp(nanoseconds: modified)
                guard died > after, died <= until else { return }
                if letters.count >= Digest.limit {
                    more += 1
                } else if let letter = letter(id, died) {
                    add(letter, now: until)
                }
            } finish: { [unowned self] error in
                reading = nil
                if let error { log.write("\(error)", .warning) }
            }
        } catch { log.write("\(error)", .warning) }
    }

    private func letter(_ id: JobID, _ died: Timestamp) -> DeadLetter? {
        // What cannot be read is listed without its story.
        switch try? spool.examine(id, in: .dead, limit: current().maxJobSize) {
        case .job(let open):
            let history = open.contents.history
            return DeadLetter(
                id.text, template: open.contents.value.object?["template"]?.string, events: history.events,
                recipients: DeadLetter.recipients(of: open.contents.value, history), submitted: history.submitted,
                at: died)
        case .gone: return nil
        case .malformed(_, let reason):
            var event = Event(.dead, at: died)
            event.reason = reason
            return DeadLetter(id.text, template: nil, events: [event], recipients: [], submitted: nil, at: died)
        default:
            return DeadLetter(id.text, template: nil, events: [], recipients: [], submitted: nil, at: died)
        }
    }
}
