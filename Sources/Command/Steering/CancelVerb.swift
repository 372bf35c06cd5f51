internal import Linux
internal import Spool
internal import Text
internal import Time

extension Verb {
    static var cancel: Verb {
        Verb(
            name: "cancel", summary: "end the programs of tasks that run",
            help: """
                usage: outspool cancel ID ...

                Has the daemon end the program that runs for a job: touch cancel.ID. The
                program is asked to end, and killed five seconds later; its job is a dead
                letter, which outspool retry runs again. Returns when that is so. One that
                ends with 0 all the same is done. A job that waits is not cancelled: outspool
                rm removes it, and outspool hold sets it aside. ID may be - for ids on
                standard input.

                """,
            run: runCancel)
    }
}

/// The time that a program has to end, and some seconds for the rest.
private let patience = Span.seconds(12)

private func runCancel(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let words = invocation.arguments.operands
    if words.isEmpty { throw .usage("cancel needs an id") }
    let reader = try SpoolReader(path: try invocation.spoolPath())
    var failure: ExitStatus?
    var asked: [JobID] = []
    let isClean = try SelectionOptions.forEachID(words, of: "cancel") { (id) throws(Failure) in
        if let refusal = try refusal(of: id, in: reader) {
            complain(refusal.message)
            failure = failure ?? refusal.status
            return
        }
        do throws(Errno) {
            _ = try allowing(.exists, reader.root.create(Cancellation.name(for: id), mode: 0o600))
        } catch { throw Failure(SpoolError(.create, "\(reader.path)/\(Cancellation.name(for: id))", error)) }
        asked.append(id)
    }
    let end = Clock.monotonic + patience.nanoseconds
    for id in asked {
        if let trouble = try ended(id, in: reader, before: end) {
            complain(trouble.message)
            failure = failure ?? trouble.status
        } else {
            try invocation.output.line("cancelled: \(id)")
            try invocation.output.flush()
        }
    }
    return failure ?? (isClean ? .success : .usage)
}

/// Returns why a job cannot be cancelled; nil if it can.
private func refusal(of id: JobID, in reader: borrowing SpoolReader) throws(Failure) -> Failure? {
    let places = try reader.settledPlaces(of: id)
    let running = places.first { if case .claimed = $0 { true } else { false } }
    guard let state = running else {
        switch places.first {
        case nil: return Failure(.noInput, "no job \(id) in \(printable(reader.path))")
        case .done: return Failure(.data, "\(id) is done")
        case .dead: return Failure(.data, "\(id) is a dead letter already")
        case let state?:
            return Failure(
                .data,
                "\(id) does not run, it is in \(state.path): outspool rm removes it, and outspool hold sets it aside")
        }
    }
    let daemon = DaemonStatus(of: reader)
    if daemon?.isAlive(now: .now) != true, try !reader.isLocked(daemon, now: .now) {
        return Failure(.unavailable, "no daemon runs; the next one judges what is in cur/")
    }
    // Where it cannot be read it may have moved: the daemon knows.
    if reader.job(at: "\(state.path)/\(id)")?.history.openSending != nil {
        return Failure(.data, "\(id) is being sent at this moment, and a mail cannot be called back")
    }
    return nil
}

/// Waits until a job that was asked to end has ended; returns why it is not a dead letter of that, or nil if it is one.
private func ended(_ id: JobID, in reader: borrowing SpoolReader, before end: Int64) throws(Failure) -> Failure? {
    while true {
        let state = try reader.settledPlaces(of: id).first
        switch state {
        case nil, .done: return Failure(.data, "\(id) had done its work before it was ended")
        case .claimed: break
        case .dead:
            guard let reason = try lastReason(of: id, in: reader) else { break }
            return reason.isExactly("cancelled by the operator")
                ? nil : Failure(.data, "\(id) is a dead letter of its own: \(printable(reason))")
        case let state?:
            return Failure(.temporary, "\(id) is in \(state.path) now: outspool rm removes it")
        }
        if Clock.monotonic > end {
            // A request that no daemon took must not be found by the next one.
            let wasThere = (try? reader.root.unlink(Cancellation.name(for: id))) != nil
            return Failure(
                .temporary,
                wasThere ? "\(id): the daemon does not answer" : "\(id) has no program that ends; it is left alone")
        }
        Clock.sleep(until: Clock.monotonic + 50_000_000)
    }
}

/// Returns why the job is a dead letter; nil when it has left `dead/`.
private func lastReason(of id: JobID, in reader: borrowing SpoolReader) throws(Failure) -> String? {
    var job: Glance?
    try reader.with(.dead) { (directory) throws(Failure) in
        job = try Glance(DirectoryName(id.text), in: .dead, at: directory)
    }
    return job.map { $0.last?.reason ?? "" }
}
