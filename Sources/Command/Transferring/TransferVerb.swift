internal import Linux
internal import Spool
internal import Text

extension Verb {
    static var transfer: Verb {
        Verb(
            name: "transfer", summary: "empty the spool into another one",
            help: """
                usage: outspool transfer TARGET [--dead] [--files] [--wait] [--through COMMAND]
                                         [--dry-run] [--verbose] [--json]
                       outspool transfer --back [TARGET]
                       outspool transfer --receive

                Moves the jobs of new/, retry/, scheduled/ and hold/ to another spool, with
                their history and due time. The daemons of both may run. Stopped at any point,
                it goes on when it is run again. What the daemon works at stays in cur/ until
                it comes back from there. Run it as the user that the spool belongs to.

                TARGET is the directory of a spool, with a slash, such as /mnt/b/spool or
                ./spool; or a host that ssh(1) reaches, HOST or HOST:/var/spool/outspool.

                  --dead           dead letters, too
                  --files          jobs that name files of attachments_directory, too: those
                                   files have to be on the other host
                  --wait           until nothing is left, what comes meanwhile included
                  --through COMMAND
                                   instead of ssh: a line for sh(1), in which $1 is the host,
                                   and $2 what is to run there
                  --dry-run        only say which
                  --verbose, -v    say which
                  --json           one JSON object per job
                  --back           what is under way and has not arrived at TARGET goes back
                                   into its state; without TARGET, of a spool that is lost,
                                   everything
                  --receive        the other side of it, which ssh starts there

                """,
            options: [
                .init("--dead"), .init("--files"), .init("--wait"), .init("--through", "a command"),
                .init("--back"), .init("--receive"), .init("--dry-run"), .init("--verbose"), .init("-v"),
                .init("--json"),
            ],
            run: runTransfer)
    }
}

private func runTransfer(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    let operands = arguments.operands
    Process.ignoreBrokenPipe()
    if arguments.has("--receive") {
        guard operands.isEmpty else { throw .usage("transfer --receive takes no target") }
        return try receive(at: try invocation.spoolPath())
    }
    if operands.count > 1 { throw .usage("transfer takes one target") }
    let path = try invocation.spoolPath()
    guard let word = operands.first else {
        guard arguments.has("--back") else { throw .usage("transfer needs a target: a directory or a host") }
        return try transferStep { () throws(TransferError) in
            try Transfer.giveAllBack(try Departures(path: path), TransferReport(invocation, to: "", isBack: true))
        }
    }
    guard let target = TransferTarget(word) else {
        throw .usage("transfer: \(printable(word)) is neither a directory, with a slash, nor a host")
    }
    let through = try arguments.value("--through")
    if through != nil, case .directory = target { throw .usage("transfer: --through is for a host") }
    let report = TransferReport(invocation, to: word, isBack: arguments.has("--back"))
    return try transferStep { () throws(TransferError) in
        let departures = try Departures(path: path)
        if arguments.has("--dry-run") {
            return try Transfer(departures, nil, report, arguments).rehearse()
        }
        let link: any TransferLink
        switch target {
        case .directory(let path): link = try LocalLink(path: path)
        case .host(let host, _): link = try RemoteLink(target.words(through: through) ?? [], name: host)
        }
        let transfer = Transfer(departures, link, report, arguments)
        return arguments.has("--back") ? try transfer.giveBack() : try transfer.run()
    }
}

private func receive(at path: String) throws(Failure) -> ExitStatus {
    try transferStep { () throws(TransferError) in
        try Receiver.run(spool: path)
        return .success
    }
}

/// Runs a part of a transfer and rethrows its error as the command's.
private func transferStep(_ body: () throws(TransferError) -> ExitStatus) throws(Failure) -> ExitStatus {
    do throws(TransferError) { return try body() } catch {
        switch error {
        case .spool(let error): throw Failure(error)
        case .busy: throw Failure(.temporary, printable("\(error)"))
        case .foreign: throw Failure(.noPermission, printable("\(error)"))
        case .elsewhere, .itself: throw Failure(.usage, printable("\(error)"))
        case .broken:
            throw Failure(
                .temporary,
                printable("\(error)") + "; what is under way is in leaving/, and goes on when this is run again")
        }
    }
}
