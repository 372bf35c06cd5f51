internal import IDNA
internal import JSON
internal import Linux
internal import Message
internal import SMTPServer
internal import Spool
internal import Submission
internal import Text
internal import Time

/// Reads the message, completes what only the caller's machine can know, and queues it.
///
/// On return the job is on disk and outlives a power cut. What is the site's fault and not the message's (no spool, no
/// permission, a full disk, a broken configuration) is ``ExitStatus/temporary``, so that a caller keeps the mail and
/// tries again. What is missing of From, Date and Message-ID is added when the mail is made.
///
/// An address that cannot be read costs only that recipient the mail: the sender gets a notice. If no other recipient
/// is left, nothing is queued, and the status is ``ExitStatus/data``.
func post(_ options: SendmailOptions) throws(Failure) -> JobID {
    guard options.takesRecipientsFromHeader || !options.operands.isEmpty else {
        throw .usage("no recipients: name them, or take them from the header with -t; see sendmail(1)")
    }
    let site: MailSite
    do throws(Failure) { site = try MailSite() } catch { throw Failure(.temporary, error.message) }
    let sender = try EnvelopeSender(options, .current(), at: site.mailName)
    var (recipients, faults): ([Address], [AddressError]) = ([], [])
    for operand in options.operands {
        let read = Mailbox.posted(operand, origin: site.mailName)
        recipients += read.mailboxes.map(\.address)
        faults += read.faults
    }
    if recipients.isEmpty, !options.takesRecipientsFromHeader, let fault = faults.first { throw unreadable(fault) }
    // Opened before the message is read, so that the user does not type it in vain.
    let entrance: Entrance
    do throws(SpoolError) { entrance = try site.entrance() } catch { throw temporary(error) }
    let source = try MessageInput.read(endsAtDot: options.endsAtDot, limit: site.jobLimit)
    let message: PostedMessage
    do throws(WholeMessageError) { message = try PostedMessage(source, origin: site.mailName) } catch {
        throw Failure(.data, printable("the message: \(error)"))
    }
    if options.takesRecipientsFromHeader {
        let named = message.recipients()
        recipients += named.addresses
        faults += named.faults
        if recipients.isEmpty, faults.isEmpty { throw .usage("no recipients: To, Cc and Bcc name none") }
    }
    if recipients.isEmpty { throw faults.first.map(unreadable) ?? .usage("no recipients") }
    let envelope = JobEnvelope(
        sender: sender.address, recipients: recipients, author: (sender.author.name, sender.author.address),
        notifications: notifications(options))
    let job: JobMaker.MadeJob
    do throws(PostingRefusal) {
        job = try JobMaker(templates: site.templates).job(
            of: message, envelope, permitting: { _ in true }, limit: site.jobLimit)
    } catch {
        throw error.isTooBig ? MessageInput.tooLarge(site.jobLimit) : Failure(.data, printable(error.reply.text))
    }
    let id = job.isGiven ? job.id : JobID.make(at: .now)
    do throws(SpoolError) { try entrance.submit(job.object, id: id) } catch {
        guard job.isGiven, error.step == .publish, error.errno == .exists else { throw temporary(error) }
        try allowRepetition(of: job, in: entrance)
    }
    for fault in faults { complain("warning: not sent to \(printable("\(fault)"))", as: "sendmail") }
    if !faults.isEmpty, let address = sender.address {
        let notice = notice(of: faults, in: id, to: address, at: site.mailName).encoded + [0x0A]
        do throws(SpoolError) { try entrance.submit(notice, id: JobID.make(at: .now)) } catch {
            complain("warning: the sender gets no notice: \(printable("\(error)"))", as: "sendmail")
        }
    }
    return id
}

/// The mail that tells the sender of addresses that cannot be read. Its own sender is the null sender: nothing answers.
private func notice(of faults: [AddressError], in id: JobID, to sender: Address, at mailName: String) -> JSON {
    let text = """
        Your mail was not sent to these addresses, which cannot be read:

        \(faults.prefix(100).map { "    " + printable("\($0)") }.joined(separator: "\n"))

        To its other recipients it is on its way, as the job \(id) at \(mailName).
        """
    return .object(
        JSON.Object([
            ("envelope", ["from": "", "to": [.string(sender.text)]]),
            ("from", ["name": "Mail Delivery System", "email": .string("MAILER-DAEMON@\(mailName)")]),
            ("to", .string(sender.text)), ("subject", "Undelivered mail: an address cannot be read"),
            ("text", .string(text + "\n")), ("headers", ["Auto-Submitted": "auto-replied"]),
        ]))
}

private func unreadable(_ fault: AddressError) -> Failure { Failure(.data, printable("a recipient: \(fault)")) }

/// Who the mail is from, in the envelope and, where the message does not say it, in its header.
private struct EnvelopeSender {
    /// Nil is the null sender.
    let address: Address?
    let author: Mailbox

    init(_ options: SendmailOptions, _ caller: Caller, at mailName: String) throws(Failure) {
        let given = options.sender.map { String(trimmed($0)) }
        do throws(AddressError) {
            switch given {
            case nil:
                let own = try Address(user: caller.login, at: mailName)
                address = own
                author = try Mailbox(name: options.fullName ?? caller.fullName, address: own)
            case "", "<>":
                address = nil
                author = try Mailbox(name: options.fullName, address: Address(user: "MAILER-DAEMON", at: mailName))
            case let text?:
                let (own, faults) = Mailbox.posted(text, origin: mailName)
                if let fault = faults.first { throw fault }
                if own.count != 1 { throw AddressError(text: text, reason: "not one address") }
                address = own[0].address
                // The caller's own name does not go with an address that was chosen.
                author = try Mailbox(name: options.fullName, address: own[0].address)
            }
        } catch { throw Failure(.data, printable("the sender: \(error)")) }
    }
}

/// Throws if the id that the message asks for is another job's; the same job is queued once.
private func allowRepetition(of job: JobMaker.MadeJob, in entrance: Entrance) throws(Failure) {
    let namesake: WaitingNamesake
    do throws(SpoolError) { namesake = try entrance.waitingNamesake(of: job.id, job.object) } catch {
        throw temporary(error)
    }
    if namesake == .other { throw Failure(.data, "\(job.id): another job of that id waits") }
}

/// The `dsn` of the job; empty where no option asks for it.
private func notifications(_ options: SendmailOptions) -> JSON.Object {
    var dsn = JSON.Object()
    if !options.notify.isEmpty { dsn["notify"] = .array(options.notify.map { .string($0.rawValue) }) }
    dsn["return"] = options.returned.map { .string($0.rawValue) }
    dsn["envelopeId"] = options.envelopeID.map { .string($0) }
    return dsn
}

/// A fault of the spool is not the message's fault.
func temporary(_ error: SpoolError) -> Failure {
    let isShut = [.accessDenied, .notPermitted, .noEntry].contains(error.errno)
    let hint = "; the entrance for every user is made with: outspool dropbox add local"
    return Failure(.temporary, printable("\(error)") + (isShut ? hint : ""))
}
