internal import EventLoop
internal import Linux
internal import Spool
internal import Text

extension Verb {
    static var pump: Verb {
        Verb(
            name: "pump", summary: "bring jobs from a queue or a table into the spool",
            help: """
                usage: outspool pump [--once] NAME
                       outspool pump [--once] FILE

                Runs the commands that /etc/outspool/pump/NAME.conf, or a file whose path holds
                a slash, names: take prints messages of SQS, Kafka, Redis, a table, ...; each
                becomes a job in the spool or drop box; ack gets the receipts of those that are
                on disk. It ends with SIGTERM, after what it has begun. See outspool-pump(5).

                  --once  end when take brings nothing

                Exits 0; 75 if the engine did not take the last receipts: those messages come
                again, and are known by their ids; with --once 69 if take failed.

                """,
            options: [.init("--once")], run: runPump)
    }
}

private func runPump(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    guard arguments.operands.count == 1 else { throw .usage("pump takes the name of one configuration, or its path") }
    let settings = try PumpSettings.read(arguments.operands[0])
    let path =
        if let given = try arguments.value("--spool") ?? settings.spool { given } else { try invocation.spoolPath() }
    let entrance: Entrance
    do throws(SpoolError) { entrance = try Entrance(path: path) } catch { throw notSubmitted(error, to: path) }
    let intake = try PumpIntake(entrance, DeadMessages(path: settings.deadFile), arguments)
    Process.ignoreBrokenPipe()
    let signals: Signals
    let loop: EventLoop
    do throws(Errno) {
        // Blocked before a thread starts.
        signals = try Signals([.terminate, .interrupt, .quit, .hangUp])
        loop = try EventLoop()
    } catch { throw Failure(.inputOutput, "the event loop: \(error)") }
    let pump = Pump(settings, intake, spool: path, isOnce: arguments.has("--once"), on: loop)
    return try pump.run(signals)
}
