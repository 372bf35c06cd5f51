import Configuration
import Daemon
import EventLoop
import JSON
import Linux
import Text

// outspoold(8): the daemon, in the foreground.

let usage = """
    usage: outspoold [--config FILE] [--check]
           outspoold --probe RELAY [--mail-to ADDR] [--config FILE]
           outspoold --help | --version

    Delivers the jobs of a spool; runs in the foreground until SIGTERM.

      --config FILE   the configuration (default: $OUTSPOOL_CONFIG, else
                      /etc/outspool/outspool.conf)
      --check         reads the configuration, says whether it is valid and whether
                      it, the spool or a password lies open to others, and exits
      --probe RELAY   connects to one relay of the configuration, up to and including
                      the login, prints what it found as a line of JSON, and exits 0 if
                      that worked, else 69
      --mail-to ADDR  sends one mail there, too

    SIGHUP reads the configuration and the templates again. See outspoold(8).

    """

/// Ends with one line on standard error. See sysexits(3).
func fail(_ text: String, status: Int32) -> Never {
    try? Descriptor(duplicating: 2).write(all: Array("outspoold: \(text)\n".utf8))  // Nobody is left to tell.
    Process.exit(status)
}

/// What is not used because others than its owner may read or write it.
struct Exposed: Error, CustomStringConvertible { let description: String }

func readSettings(_ path: String) -> Result<Settings, any Error> {
    do {
        if let finding = Exposure.configuration(at: path) { throw Exposed(description: finding) }
        let file = try Configuration.ConfigurationFile(path: path)
        let settings = try Settings(file)
        if let finding = Exposure.secrets(of: settings).first { throw Exposed(description: finding) }
        return .success(settings)
    } catch { return .failure(error) }
}

/// Looks at one relay, prints what was found, and ends.
func probe(_ name: String, mailTo: String?, _ settings: Settings) -> Never {
    Process.ignoreBrokenPipe()
    do {
        let loop = try EventLoop()
        var ending: Int32 = 69
        let probe = try RelayProbe(name, mailTo: mailTo, settings, loop: loop) { isUp, result in
            ending = isUp ? 0 : 69
            do throws(Errno) { try Descriptor(duplicating: 1).write(all: result.encoded + [0x0A]) } catch {
                fail("standard output: \(error)", status: 74)
            }
            loop.stop()
        }
        guard let probe else {
            let names = settings.relays.map(\.name).joined(separator: ", ")
            fail("no [relay \(printable(name))]; there is \(names)", status: 78)
        }
        probe.start()
        try loop.run()
        Process.exit(ending)
    } catch { fail("\(error)", status: 71) }
}

var path = Process.environment("OUTSPOOL_CONFIG") ?? "/etc/outspool/outspool.conf"
var onlyCheck = false
var probed: String?
var mailTo: String?
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
    switch argument {
    case "--config":
        guard let value = arguments.popFirst() else { fail("--config needs a file", status: 64) }
        path = value
    case _ where argument.hasPrefix("--config="): path = String(argument.dropFirst("--config=".count))
    case "--check": onlyCheck = true
    case "--probe":
        guard let value = arguments.popFirst() else { fail("--probe needs the name of a relay", status: 64) }
        probed = value
    case "--mail-to":
        guard let value = arguments.popFirst() else { fail("--mail-to needs an address", status: 64) }
        mailTo = value
    case "--help", "-h":
        try Descriptor(duplicating: 1).write(all: Array(usage.utf8))
        Process.exit(0)
    case "--version":
        try Descriptor(duplicating: 1).write(all: Array("outspoold \(programVersion)\n".utf8))
        Process.exit(0)
    default: fail("unknown argument '\(argument)'; see outspoold --help", status: 64)
    }
}

let settings: Settings
switch readSettings(path) {
case .success(let read): settings = read
case .failure(let error): fail("\(error)", status: 78)
}
if mailTo != nil, probed == nil { fail("--mail-to has a place beside --probe only", status: 64) }
if let probed { probe(probed, mailTo: mailTo, settings) }
do {
    let exposures = try Exposure.spool(at: settings.spool, instance: settings.instance)
    if !exposures.isEmpty { fail(exposures.joined(separator: "\noutspoold: "), status: 78) }
} catch {
    // Who only checks need not be the user that the spool belongs to.
    if !onlyCheck { fail("\(error)", status: 75) }
}
if onlyCheck { Process.exit(0) }
if Process.effectiveUser == 0, Process.environment("OUTSPOOL_AS_ROOT") != "yes" {
    fail(
        "does not run as root: give the spool to a user of its own and run as that user, or set OUTSPOOL_AS_ROOT=yes",
        status: 78)
}

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
    daemon = try Daemon(settings, version: programVersion, loop: loop, log: log) {
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
