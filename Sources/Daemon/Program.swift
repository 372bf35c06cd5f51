internal import Configuration
internal import EventLoop
internal import JSON
internal import Linux
internal import Spool
internal import Text

/// The program outspoold(8): a command line in, a status of sysexits(3) out.
package enum Program {
    /// Does what the words behind the program's name ask for, and returns the status to end with. A failure is one line
    /// on standard error, or in the log once there is one.
    package static func run(_ words: [String]) -> Int32 {
        do throws(ProgramFailure) {
            let invocation = try Invocation(
                words, configuration: Process.environment("OUTSPOOL_CONFIG"),
                worker: Process.environment(Invocation.workerVariable))
            switch invocation {
            case .help: try say(Array(Invocation.helpText.utf8))
            case .version: try say(Array("outspoold \(programVersion)\n".utf8))
            case .probe(let relay, let mailTo, let path): return try probe(relay, mailTo, try settings(at: path))
            case .check(let path):
                let settings = try settings(at: path)
                try refuseOpenSpool(of: settings, isCheck: true)
                if let finding = settings.logTo.finding { throw .configuration("log_to: \(finding)") }
                for warning in settings.doubts { complain("warning: \(warning)") }
            case .serve(let path, let isStandby):
                let configuration = try configuration(at: path)
                if !isStandby { try refuseOpenSpool(of: configuration.settings) }
                try refuseRoot()
                return try serve(configuration, isStandby: isStandby)
            case .work(let number): return try work(as: number)
            }
            return 0
        } catch {
            complain(error.message)
            return error.status
        }
    }

    private static func complain(_ text: String) {
        // There is nowhere left to report that this failed.
        try? Descriptor(duplicating: 2).write(all: Array("outspoold: \(text)\n".utf8))
    }

    private static func say(_ bytes: [UInt8]) throws(ProgramFailure) {
        do throws(Errno) { try Descriptor(duplicating: 1).write(all: bytes) } catch {
            throw ProgramFailure(74, "standard output: \(error)")
        }
    }

    /// Reads a configuration. One that others may change, or a secret that others may read, is refused.
    private static func configuration(at path: String) throws(ProgramFailure) -> Parent.Configuration {
        if let finding = Exposure.configuration(at: path) { throw .configuration(finding) }
        let settings: Settings
        let text: [UInt8]
        do {
            text = try ConfigurationFile.text(at: path)
            settings = try Settings(ConfigurationFile(parsing: text, name: path))
        } catch { throw .configuration("\(error)") }
        if let finding = Exposure.secrets(of: settings).first { throw .configuration(finding) }
        return .init(path: path, text: text, settings: settings)
    }

    private static func settings(at path: String) throws(ProgramFailure) -> Settings {
        try configuration(at: path).settings
    }

    /// Refuses a spool that every user may write to. A spool that a mere check may not look at is passed over: the user
    /// who checks need not own it.
    private static func refuseOpenSpool(of settings: Settings, isCheck: Bool = false) throws(ProgramFailure) {
        let findings: [String]
        do throws(SpoolError) {
            findings = try Exposure.spool(at: settings.spool)
        } catch {
            if isCheck { return }
            throw ProgramFailure(75, "\(error)")
        }
        if !findings.isEmpty { throw .configuration(findings.joined(separator: "\noutspoold: ")) }
    }

    private static func refuseRoot() throws(ProgramFailure) {
        if Process.effectiveUser != 0 || Process.environment("OUTSPOOL_AS_ROOT") == "yes" { return }
        throw .configuration(
            "does not run as root: give the spool to a user of its own and run as that user, or set OUTSPOOL_AS_ROOT=yes"
        )
    }

    /// Looks at one relay and prints what was found.
    private static func probe(
        _ name: String, _ mailTo: String?, _ settings: Settings
    ) throws(ProgramFailure) -> Int32 {
        Process.ignoreBrokenPipe()
        guard settings.relays.contains(where: { $0.name == name }) else {
            let names = settings.relays.map(\.name).joined(separator: ", ")
            throw .configuration("no [relay \(printable(name))]; there is \(names)")
        }
        var found: (isUp: Bool, line: JSON)?
        do {
            let loop = try EventLoop()
            let probe = try RelayProbe(name, mailTo: mailTo, settings, loop: loop) {
                found = ($0, $1)
                loop.stop()
            }
            probe?.start()
            try loop.run()
        } catch { throw ProgramFailure(71, "\(error)") }
        guard let found else { return 69 }
        try say(found.line.encoded + [0x0A])
        return found.isUp ? 0 : 69
    }

    /// Runs the daemon until a signal ends it; its status. SIGHUP has it read the configuration again: one that is
    /// refused changes nothing.
    private static func serve(_ first: Parent.Configuration, isStandby: Bool) throws(ProgramFailure) -> Int32 {
        let (signals, loop, log) = try start(first.settings)
        do throws(Daemon.StartError) {
            if isStandby {
                guard let daemon = try takeOver(first, signals, loop, log) else { return 0 }
                return run(daemon, signals)
            }
            return run(try take(first, loop, log), signals)
        } catch {
            log.write("\(error)", .error)
            return 75
        }
    }

    /// Delivers a share for the parent, whose brief is on standard input.
    private static func work(as number: Int) throws(ProgramFailure) -> Int32 {
        Process.rename(to: "outspoold")
        guard let bytes = try? Descriptor(duplicating: 0).readAll(limit: 8 << 20, sizeHint: 1 << 16),
            let brief = WorkerBrief(bytes), brief.number == number
        else { throw .usage("--worker is for a daemon that starts its workers itself") }
        let settings: Settings
        do throws(ConfigurationError) { settings = try brief.settings() } catch { throw .configuration("\(error)") }
        let (signals, loop, log) = try start(settings)
        let worker: Worker
        do throws(WorkerStartError) {
            worker = try Worker(
                brief, settings, channel: Workers.channelNumber, descriptors: Process.raiseDescriptorLimit(),
                loop: loop, log: log)
        } catch {
            // The parent says it once.
            guard case .other(let reason) = error else { return Workers.lockedStatus }
            log.write("worker \(number): \(reason)", .error)
            return 75
        }
        return run(worker, signals)
    }

    /// Runs a process of the daemon until it stops; its status.
    private static func run(_ process: any ServingProcess, _ signals: Signals) -> Int32 {
        do throws(Errno) {
            try signals.deliver(on: process.loop) { signal in
                switch signal {
                case .hangUp: process.reloadConfiguration()
                case .interrupt, .terminate: process.stop(status: 0)
                default: break
                }
            }
            process.start()
            // The loop does not keep the signals alive.
            try withExtendedLifetime(signals) { () throws(Errno) in try process.loop.run() }
        } catch {
            process.log.write("\(error)", .error)
            return 71
        }
        return process.exitStatus
    }

    /// Takes the spool, which no other daemon may have.
    private static func take(
        _ first: Parent.Configuration, _ loop: EventLoop, _ log: Log
    ) throws(Daemon.StartError) -> any ServingProcess {
        let descriptors = Process.raiseDescriptorLimit()
        func reload() -> Result<Parent.Configuration, Daemon.StartError> {
            do throws(ProgramFailure) { return .success(try Program.configuration(at: first.path)) } catch {
                return .failure(.init(description: error.message))
            }
        }
        if first.settings.workers > 1 {
            return try Parent(
                first, version: programVersion, descriptors: descriptors, loop: loop, log: log, reload: reload)
        }
        return try Daemon(
            first.settings, version: programVersion, descriptors: descriptors, loop: loop, log: log
        ) { reload().map(\.settings) }
    }

    /// Takes the spool from when it is there and no other daemon has it; nil when a signal asks to end before.
    ///
    /// The configuration is read again then: it may have been waited for long.
    private static func takeOver(
        _ first: Parent.Configuration, _ signals: Signals, _ loop: EventLoop, _ log: Log
    ) throws(Daemon.StartError) -> (any ServingProcess)? {
        let standby = Standby(spool: first.settings.spool)
        while true {
            guard standby.wait(signals, tell: Supervisor(), log: log) == .free else { return nil }
            let now: Parent.Configuration
            do throws(ProgramFailure) {
                now = try Program.configuration(at: first.path)
                try refuseOpenSpool(of: now.settings)
            } catch { throw .init(description: error.message) }
            do throws(Daemon.StartError) { return try take(now, loop, log) } catch {
                // Another standby was faster.
                if standby.look() == .free { throw error }
                log.write("standby: \(error)", .warning)
            }
        }
    }

    /// Signals first: they are blocked before a library starts a thread.
    private static func start(_ settings: Settings) throws(ProgramFailure) -> (Signals, EventLoop, Log) {
        Process.ignoreBrokenPipe()
        let (signals, loop): (Signals, EventLoop)
        do throws(Errno) {
            signals = try Signals([.hangUp, .interrupt, .terminate])
            loop = try EventLoop()
        } catch { throw ProgramFailure(71, "signals or epoll: \(error)") }
        do throws(Errno) {
            return (signals, loop, try Log(settings.logTo, format: settings.logFormat, isShared: settings.workers > 1))
        } catch { throw ProgramFailure(71, "log_to: \(settings.logTo): \(error)") }
    }
}

/// A reason to end before there is a log: a status of sysexits(3), and a line for standard error.
struct ProgramFailure: Error, Equatable {
    let status: Int32
    let message: String

    init(_ status: Int32, _ message: String) {
        self.status = status
        self.message = message
    }

    static func usage(_ message: String) -> ProgramFailure { ProgramFailure(64, message) }
    static func configuration(_ message: String) -> ProgramFailure { ProgramFailure(78, message) }
}
