internal import Glibc
internal import JSON
internal import Linux
internal import Message
internal import Spool
internal import Template
internal import Text
internal import Time

/// The findings of `doctor`, in the order in which it looks.
struct Checkup {
    struct Result {
        let check: String
        let health: Health
        let text: String
    }

    private(set) var results: [Result] = []
    let now: Timestamp

    init(now: Timestamp) { self.now = now }

    mutating func add(_ check: String, _ health: Health, _ text: String) {
        results.append(Result(check: check, health: health, text: text))
    }

    /// Directories, modes, owners; and what lies where it should not.
    mutating func examineSpool(_ reader: borrowing SpoolReader) throws(Failure) {
        let faults = try spoolFaults(reader)
        for fault in faults { add("spool", .critical, "\(fault.file): \(fault.message)") }
        if faults.isEmpty { add("spool", .ok, "\(reader.path): directories, modes and owners") }
        examineRename(reader)
        var stale = 0
        try reader.forEachEntry(of: "tmp") { (name, directory) throws(Failure) in
            // What went away meanwhile is not stale.
            guard let text = name.text, let status = try? directory.status(text) else { return }
            if Timestamp(nanoseconds: max(status.modified, status.changed)) + .hours(36) < now { stale += 1 }
        }
        if stale > 0 { add("tmp", .warning, "\(stale) files older than 36 h, which a daemon would have removed") }
    }

    /// A probe file in `tmp/`, renamed onto another: what must fail, does.
    private mutating func examineRename(_ reader: borrowing SpoolReader) {
        let (name, other) = (
            "tmp/.doctor." + JobID.random(characters: 20), "tmp/.doctor." + JobID.random(characters: 20)
        )
        do throws(Errno) {
            for probe in [name, other] { _ = try reader.root.create(probe, mode: 0o600) }
            defer {
                // Hidden names; a daemon clears them.
                for probe in [name, other] { try? reader.root.unlink(probe) }
            }
            do throws(Errno) {
                try reader.root.rename(name, into: reader.root, as: other)
                add("rename", .critical, "RENAME_NOREPLACE replaced a file")
            } catch {
                if error == .exists {
                    add("rename", .ok, "the filesystem has RENAME_NOREPLACE")
                } else {
                    add("rename", .critical, "the filesystem lacks RENAME_NOREPLACE: \(error)")
                }
            }
        } catch { add("rename", .warning, "not tried: \(error)") }
    }

    mutating func examineMachine(_ reader: borrowing SpoolReader) {
        // What cannot be asked is not known.
        if let filesystem = try? Filesystem(of: reader.root.descriptor) {
            if filesystem.isMemory {
                add("space", .warning, "the spool is in memory (tmpfs): the machine's next start loses every job")
            }
            if let reason = SpoolTree.objection(to: filesystem, hasNoReplace: true, locksExclude: true) {
                add("filesystem", .critical, reason)
            }
        }
        var space = statvfs()
        if fstatvfs(reader.root.descriptor.raw, &space) == 0 {
            let free = UInt64(space.f_bavail) * UInt64(space.f_frsize)
            let share = space.f_blocks > 0 ? Double(space.f_bavail) / Double(space.f_blocks) : 1
            add("space", Checkup.judge(share, isFew: free < 100 << 20), "\(free >> 20) MiB free, \(percent(share))")
            if space.f_files > 0 {
                let left = Double(space.f_favail) / Double(space.f_files)
                add(
                    "inodes", Checkup.judge(left, isFew: space.f_favail < 10_000),
                    "\(space.f_favail) free, \(percent(left))")
            }
        }
        if let watches = number("/proc/sys/fs/inotify/max_user_watches"),
            let queue = number("/proc/sys/fs/inotify/max_queued_events")
        {
            let few = watches < 1024 || queue < 1024
            add(
                "inotify", few ? .warning : .ok,
                "\(watches) watches, \(queue) events"
                    + (few ? "; raise fs.inotify.max_user_watches and max_queued_events" : ""))
        }
        do throws(Errno) { _ = try Inotify() } catch {
            add("inotify", .warning, "no instance left for this user: \(error); raise fs.inotify.max_user_instances")
        }
        // Two years that no machine of ours is set to; and a file cannot have been written in the future.
        let day = now.day
        var future: String?
        if let status = try? reader.root.status("status.json"),
            Timestamp(nanoseconds: status.modified) > now + .minutes(1)
        {
            future = "status.json was written in the future"
        }
        if day < "2026" || day > "2100" { future = "the clock says \(day)" }
        add("clock", future == nil ? .ok : .critical, future ?? now.rfc3339Seconds)
    }

    private static func judge(_ share: Double, isFew: Bool) -> Health {
        share < 0.02 || isFew ? .critical : share < 0.1 ? .warning : .ok
    }

    private func percent(_ share: Double) -> String { "\(Int(share * 100))%" }

    private func number(_ path: String) -> Int? {
        // Where /proc is not there, nothing is known.
        // Such files say that they are empty, and are read in one go.
        guard let bytes = try? Descriptor(readingFileAt: path).readAll(limit: 100, sizeHint: 99) else { return nil }
        return Int(trimmed(String(decoding: bytes, as: UTF8.self)))
    }

    /// Who works in `cur/`, and which directories there have no process.
    mutating func examineDaemon(_ reader: borrowing SpoolReader) throws(Failure) {
        let daemon = DaemonStatus(of: reader)
        let isAlive = daemon?.isAlive(now: now) ?? false
        let pauses = try reader.pauses().map(\.description)
        let diagnosis = Diagnosis(
            daemon: daemon, isLocked: try reader.isLocked(daemon, now: now), pauses: 0, numbers: .init(),
            limits: .init(), now: now)
        for finding in diagnosis.findings { add("daemon", finding.health, finding.text) }
        if isAlive, let daemon {
            let workers = daemon.workers.isEmpty ? "" : ", \(daemon.workers.count) workers"
            add("daemon", .ok, "\(daemon.state), pid \(daemon.pid), instance \(daemon.instance)\(workers)")
        }
        if isAlive, let daemon {
            for line in daemon.stoppedFiles { add("stopped", .warning, line) }
            let more = daemon.stopped - daemon.stoppedFiles.count
            if more > 0 { add("stopped", .warning, "\(more) files more, see the log") }
        }
        if !pauses.isEmpty { add("pause", .warning, pauses.joined(separator: ", ")) }
        var instances: [String] = []
        try reader.forEachEntry(of: "cur") { name, _ in if let text = name.text { instances.append(text) } }
        for instance in instances.sorted() {
            // The lock is asked for only where no daemon says that it lives: to ask is to hold it for a moment.
            if isAlive, let daemon, daemon.claimDirectories.contains(where: { $0.isExactly(instance) }) { continue }
            let isLocked: Bool
            do throws(Errno) { isLocked = try reader.root.directory("cur/\(instance)").isLocked() } catch {
                add("cur/\(instance)", .critical, "\(error)")
                continue
            }
            var count = 0
            try reader.forEachEntry(of: "cur/\(instance)") { _, _ in count += 1 }
            if isLocked {
                add(
                    "cur/\(instance)", .warning,
                    isAlive
                        ? "a process of an earlier start has the lock: its jobs wait until it ends"
                        : "a daemon has the lock, and does not write status.json")
            } else if count > 0 {
                add(
                    "cur/\(instance)", .critical,
                    "left by a daemon that is dead: \(count); the next start recovers them"
                )
            }
        }
    }

    /// The names in EHLO.
    mutating func examineNames(_ arguments: Arguments) {
        let names: [(relay: String, name: HostName)]
        do throws(Failure) { names = try Location.heloNames(arguments) } catch {
            return add("names", .critical, error.message)
        }
        for (relay, name) in names {
            if let finding = name.finding { add("names", .warning, "[relay \(relay)]: \(finding)") }
        }
    }

    /// Has the daemon's own program judge the configuration, if there is one. It names the fault on standard error.
    mutating func examineConfiguration(_ arguments: Arguments) throws(Failure) {
        if try Location.relays(arguments).isEmpty { return }
        if let program = try Location.deadLetterProgram(arguments), let fault = programFault(at: program) {
            add("on_dead", .critical, "\(program): \(fault)")
        }
        let status = try ProbeReport.check(arguments)
        add(
            "config", status == 0 ? .ok : .critical,
            status == 0 ? "valid" : "outspoold --check ends with status \(status)")
    }

    /// Connects to every relay of the configuration, by the daemon's own program.
    mutating func examineRelays(_ arguments: Arguments) throws(Failure) {
        let names = try Location.relays(arguments)
        if names.isEmpty { add("relay", .warning, "no configuration, or none in it") }
        for name in names {
            let report: ProbeReport
            do throws(Failure) { report = try ProbeReport.ask(about: name, arguments).report } catch {
                add("relay \(name)", .critical, error.message)
                continue
            }
            if let failure = report.failure {
                add("relay \(name)", .critical, failure)
                continue
            }
            let days = report.certificateDaysLeft
            let health: Health = (days ?? .max) < 7 ? .critical : (days ?? .max) < 21 ? .warning : .ok
            let certificate = days.map { ", certificate for \($0) days" } ?? ""
            add("relay \(name)", health, (report.isEncrypted ? "up, TLS" : "up, no TLS") + certificate)
        }
    }
}
