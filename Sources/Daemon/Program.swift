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
            switch try Invocation(words, configuration: Process.environment("OUTSPOOL_CONFIG")) {
            case .help: try say(Array(Invocation.helpText.utf8))
            case .version: try say(Array("outspoold \(programVersion)\n".utf8))
            case .probe(let relay, let mailTo, let path): return try probe(relay, mailTo, try settings(at: path))
            case .check(let path):
                let settings = try settings(at: path)
                try refuseOpenSpool(of: settings, isCheck: true)
                if let finding = settings.logTo.finding { throw .configuration("log_to: \(finding)") }
                for warning in settings.doubts { complain("warning: \(warning)") }
            case .serve(let path, let isStandby):
                let settings = try settings(at: path)
                if !isStandby { try refuseOpenSpool(of: settings) }
                try refuseRoot()
                return try serve(settings, from: path, isStandby: isStandby)
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
    private static func settings(at path: String) throws(ProgramFailure) -> Settings {
        if let finding = Exposure.configuration(at: path) { throw .configuration(finding) }
        let settings: Settings
        do { settings = try Settings(ConfigurationFile(path: path)) } catch { throw .configuration("\(error)") }
        if let finding = Exposure.secrets(of: settings).first { throw .configuration(finding) }
        return settings
    }

    /// Refuses a spool that every user may write to. A spool that a mere check may not look at is passed over: the user
    /// who checks need not own it.
    private static func refuseOpenSpool(of settings: Settings, isCheck: Bool = false) throws(ProgramFailure) {
        let findings: [String]
        do throws(SpoolError) {
            findings = try Exposure.spool(at: settings.spool, instance: settings.instance)
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
    private static func serve(
        _ settings: Settings, from path: String, isStandby: Bool
    ) throws(ProgramFailure) -> Int32 {
        let (signals, loop, log) = try start(settings)
        let daemon: Daemon
        do throws(Daemon.StartError) {
            if isStandby {
                guard let taken = try takeOver(settings, from: path, signals, loop, log) else { return 0 }
                daemon = taken
            } else {
                daemon = try take(settings, from: path, loop, log)
            }
        } catch {
            log.write("\(error)", .error)
            return 75
        }
        do throws(Errno) {
            try signals.deliver(on: loop) { signal in
                switch signal {
                case .hangUp: daemon.reloadConfiguration()
                case .interrupt, .terminate: daemon.stop()
                default: break
                }
            }
            daemon.start()
            // The loop does not keep the signals alive.
            try withExtendedLifetime(signals) { () throws(Errno) in try loop.run() }
        } catch {
            log.write("\(error)", .error)
            return 71
        }
        return daemon.exitStatus
    }

    /// Takes the spool, which no other daemon may have.
    private static func take(
        _ settings: Settings, from path: String, _ loop: EventLoop, _ log: Log
    ) throws(Daemon.StartError) -> Daemon {
        try Daemon(
            settings, version: programVersion, descriptors: Process.raiseDescriptorLimit(), loop: loop, log: log
        ) {
            do throws(ProgramFailure) { return .success(try Program.settings(at: path)) } catch {
                return .failure(.init(description: error.message))
            }
        }
    }

    /// Takes the spool from when it is there and no other daemon has it; nil when a signal asks to end before.
    ///
    /// The configuration is read again then: it may have been waited for long.
    private static func takeOver(
        _ settings: Settings, from path: String, _ signals: Signals, _ loop: EventLoop, _ log: Log
    ) throws(Daemon.StartError) -> Daemon? {
        let standby = Standby(spool: settings.spool)
        while true {
            guard standby.wait(signals, tell: Supervisor(), log: log) == .free else { return nil }
            let now: Settings
            do throws(ProgramFailure) {
                now = try Program.settings(at: path)
                try refuseOpenSpool(of: now)
            } catch { throw .init(description: error.message) }
            do throws(Daemon.StartError) { return try take(now, from: path, loop, log) } catch {
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
            return (signals, loop, try Log(settings.logTo, format: settings.logFormat))
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
