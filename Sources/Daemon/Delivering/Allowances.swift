internal import Linux
internal import Relay
internal import Spool
internal import Time

/// The allowances of all relays, by name, and `relays.json` that keeps them over a restart.
///
/// The file is written at the stop, and else once a second where something has changed: a kill forgets what was taken in
/// that second, and what was under way. A power cut may give back the file of a few seconds before.
final class Allowances {
    private let spool: SpoolTree
    private let log: Log
    private var relays: [String: Allowance] = [:]
    /// The relays of the configuration; what others took is kept for as long as it counts.
    private var names: [String] = []
    /// The file as it was read or written last; nil without one that can be read.
    private var saved: [UInt8]?
    /// Until when a quota that is used up is not told of again, by the relay's name and the quota.
    private var told: [String: Timestamp] = [:]
    /// The last trouble; the same is logged once.
    private var complaint: Errno?

    /// Reads the file. One that cannot be read never stops a start: a warning tells of it, and all is counted from zero.
    init(_ spool: SpoolTree, _ log: Log) {
        self.spool = spool
        self.log = log
        do throws(Errno) {
            let file = try allowing(.noEntry, spool.root.open(AllowanceFile.name))
            guard let bytes = try file?.readAll(limit: AllowanceFile.sizeLimit) else { return }
            do throws(AllowanceFile.Malformed) {
                relays = try AllowanceFile.read(bytes)
                saved = bytes
            } catch { complain("\(error)") }
        } catch { complain("\(error)") }
    }

    private func complain(_ reason: String) {
        log.write("\(AllowanceFile.name): \(reason); what relays took is counted from zero", .warning)
    }

    /// A relay's allowance, which may be changed in its place.
    subscript(name: String) -> Allowance {
        get { relays[name] ?? Allowance() }
        set { relays[name] = newValue }
    }

    /// Goes by the rates and quotas of these relays from now on.
    func use(_ settings: [Settings.Relay]) {
        names = settings.map(\.name)
        for relay in settings {
            self[relay.name].use(rate: relay.rate, quotas: relay.quotas, at: .now, clock: Clock.monotonic)
        }
    }

    /// Writes the file if it would differ, and tells of quotas that are used up; to be called once a second.
    func keep(at now: Timestamp) {
        for name in relays.keys { relays[name]?.tidy(at: now) }
        save(now)
        for name in names { tell(name, now) }
    }

    /// A quota that is used up is told of once in its length, and once in an hour: room comes back little by little, and
    /// is taken at once.
    private func tell(_ name: String, _ now: Timestamp) {
        for quota in self[name].quotas {
            guard let next = quota.nextRoom(after: now) else { continue }
            let silence = max(quota.unit.span, .hours(1))
            let key = "\(name) \(quota.text)"
            // One that is further away than it can be was noted by a clock that was set back since.
            if let until = told[key], until > now, until <= now + silence { continue }
            told[key] = now + silence
            log.write(
                "relay \(name): the quota of \(quota.text) is used up; there is room again at \(next.rfc3339Seconds)",
                .warning)
        }
    }

    /// Replaces the file.
    ///
    /// A crash before the rename leaves the file as it was, and a draft in `tmp/` that the next save removes. The draft is
    /// synced before, so that a crash after the rename leaves the old file or the new one, and never an empty one. A
    /// disk that refuses it costs nothing but the memory of a restart: it is tried again a second later.
    private func save(_ now: Timestamp) {
        let text = AllowanceFile.text(relays, at: now, clock: Clock.monotonic)
        // Without anything to remember, no file is made.
        if text == saved ?? AllowanceFile.text([:], at: now, clock: 0) { return }
        let draft = ".relays.\(spool.instance)"
        do throws(Errno) {
            try allowing(.noEntry, spool.tmp.unlink(draft))
            let file = try spool.tmp.create(draft, mode: 0o640)
            try file.write(all: text)
            try file.syncData()
            try spool.tmp.replace(draft, into: spool.root, as: AllowanceFile.name)
            saved = text
            complaint = nil
        } catch {
            if complaint != error { log.write("\(SpoolError(.write, AllowanceFile.name, error))", .warning) }
            complaint = error
        }
    }
}
