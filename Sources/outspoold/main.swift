import Configuration
import Daemon
import EventLoop
import Linux

// outspoold(8): the daemon, in the foreground.

let version = "0.1.0"
let usage = """
    usage: outspoold [--config FILE] [--check]
           outspoold --help | --version

    Delivers the jobs of a spool; runs in the foreground until SIGTERM.

      --config FILE   the configuration (default: $OUTSPOOL_CONFIG, else
                      /etc/outspool/outspool.conf)
      --check         reads the configuration, says whether it is valid, and exits

    SIGHUP reads the configuration and the templates again. See outspoold(8).

    """

/// Ends with one line on standard error. See sysexits(3).
func fail(_ text: String, status: Int32) -> Never {
    try? Descriptor(duplicating: 2).write(all: Array("outspoold: \(text)\n".utf8))  // Nobody is left to tell.
    Process.exit(status)
}

func readSettings(_ path: String) -> Result<Settings, any Error> {
    do {
        let file = try Configuration.ConfigurationFile(path: path)
        return .success(try Settings(file))
    } catch { return .failure(error) }
}

var path = Process.environment("OUTSPOOL_CONFIG") ?? "/etc/outspool/outspool.conf"
var onlyCheck = false
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
    switch argument {
    case "--config":
        guard let value = arguments.popFirst() else { fail("--config needs a file", status: 64) }
        path = value
    case _ where argument.hasPrefix("--config="): path = String(argument.dropFirst("--config=".count))
    case "--check": onlyCheck = true
    case "--help", "-h":
        try Descriptor(duplicating: 1).write(all: Array(usage.utf8))
        Process.exit(0)
    case "--version":
        try Descriptor(duplicating: 1).write(all: Array("outspoold \(version)\n".utf8))
        Process.exit(0)
    default: fail("unknown argument '\(argument)'; see outspoold --help", status: 64)
    }
}

let settings: Settings
switch readSettings(path) {
case .success(let read): settings = read
case .failure(let error): fail("\(error)", status: 78)
}
if onlyCheck { Process.exit(0) }

// Before any library starts a thread: the signals are the loop's.
let signals: Signals
let loop: EventLoop
let log: Log
do {
    Process.ignoreBrokenPipe()
    signals = try Signals([.hangUp, .interrupt, .terminate])
    loop = try EventLoop()
    log = try Log(settings.logTo, format: settings.logFormat)
} catch { fail("\(error)", status: 71) }

let daemon: Daemon
do {
    daemon = try Daemon(settings, version: version, loop: loop, log: log) {
        switch readSettings(path) {
        case .success(let fresh): return fresh
        case .failure(let error):
            log.write("the configuration stays as it was: \(error)", .warning)
            return nil
        }
    }
} catch {
    log.write("\(error)", .error)
    Process.exit(75)
}

do {
    try signals.deliver(on: loop) { signal in
        switch signal {
        case .hangUp: daemon.reloadConfiguration()
        case .interrupt, .terminate: daemon.stop()
        case .user1: break
        }
    }
    daemon.start()
    try loop.run()
} catch {
    log.write("\(error)", .error)
    Process.exit(71)
}
Process.exit(daemon.exitStatus)
