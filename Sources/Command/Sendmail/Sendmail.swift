internal import Linux
internal import Text

/// The program under the names of sendmail(1).
struct Sendmail {
    /// `sendmail`, `mailq` or `newaliases`.
    let name: String

    /// Nil unless the program was called by one of these names: the last component of `path`.
    init?(calledBy path: String) {
        let last = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] } ?? path[...]
        switch last {
        case "sendmail", "mailq", "newaliases": name = String(last)
        default: return nil
        }
    }

    /// Does what the words ask for. Everything that fails is said here, once, on standard error.
    func run(_ words: [String]) -> ExitStatus {
        let output = Output()
        do throws(Failure) {
            let options = try SendmailOptions(words, calledAs: name)
            let status = try perform(options, output)
            try output.finish()
            return status
        } catch {
            // What was written before the failure is still owed; the failure itself is the one to report.
            try? output.finish()
            complain(error.message, as: name)
            return error.status
        }
    }

    private func perform(_ options: SendmailOptions, _ output: Output) throws(Failure) -> ExitStatus {
        switch options.mode {
        case .enqueue:
            let id = try post(options)
            if options.isVerbose { try output.line("queued as \(id)") }
        case .list: try listQueue(of: try MailSite().spool, output)
        case .dialogue: try converse(output)
        case .flush(let selection): try flushQueue(of: try MailSite().spool, selection)
        case .nothing: break
        case .help: try output.write(Sendmail.help)
        case .version: try output.line("outspool \(programVersion)")
        }
        return .success
    }

    private static let help = """
        usage: sendmail [-t] [-i] [-f SENDER] [-F NAME] [RECIPIENT ...]
               mailq

        Queues the message on standard input for Outspool. See sendmail(1).

          -t         to those that To, Cc and Bcc name, too
          -i, -oi    a line with nothing but a dot does not end the message
          -f SENDER  the envelope's sender; -f '' is the null sender
          -F NAME    the sender's name, for a message without From
          -N WORDS   notify: never, or some of failure,delay,success
          -R WORD    with the message returned in full, or its hdrs
          -V ID      the envelope's id in notifications
          -bp        list the queue, as mailq does
          -bs        speak SMTP on standard input and output
          -q         make deferred mail due now
          -v         print the job's id
          --         what follows are recipients

        Other options of Postfix's sendmail are ignored or refused as sendmail(1) says.

        """
}
