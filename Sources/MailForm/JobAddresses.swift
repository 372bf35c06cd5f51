package import JSON
package import Message
package import Spool
internal import Text

/// The addresses of a job, read. Errors name the field.
package struct JobAddresses {
    private let domains: DomainRule

    /// - Parameter domains: how a domain that is not ASCII is read.
    package init(domains: DomainRule) { self.domains = domains }

    /// Reads a field that has one address at most.
    package func mailbox(_ value: JSON?, at pointer: String) throws(JobError) -> Mailbox? {
        guard let value else { return nil }
        do throws(AddressError) { return try Mailbox(json: value, domains: domains) } catch {
            throw JobError(pointer, "\(error)")
        }
    }

    /// Reads a field of any number of addresses.
    package func mailboxes(_ value: JSON?, at pointer: String) throws(JobError) -> [Mailbox] {
        guard let value else { return [] }
        do throws(AddressError) { return try Mailbox.list(json: value, domains: domains) } catch {
            throw JobError(pointer, "\(error)")
        }
    }

    /// Reads the envelope's sender; empty is the null return path, nil that the job names none.
    package func envelopeSender(_ job: Job) throws(JobError) -> String? {
        guard let text = job.envelopeFrom else { return nil }
        return text.isEmpty || text.isExactly("<>") ? "" : try bare(text, at: "/envelope/from")
    }

    /// Gives the recipients, each once: the envelope's, or where the job has none, those listed.
    /// - Throws: also if there are none.
    package func envelopeRecipients(_ job: Job, otherwise listed: [String]) throws(JobError) -> [String] {
        var recipients: [String] = []
        if let own = job.envelopeTo {
            for (index, text) in own.enumerated() { recipients.append(try bare(text, at: "/envelope/to/\(index)")) }
        } else {
            recipients = listed
        }
        var seen: Set<ExactText> = []
        recipients.removeAll { !seen.insert(ExactText($0)).inserted }
        if recipients.isEmpty { throw JobError("", "no recipient: none of to, cc, bcc and envelope names one") }
        return recipients
    }

    /// Gives the notifications that the job asks for, with the addresses of single recipients as ``envelopeRecipients``
    /// has them; nil where it asks for none.
    /// - Throws: also for an address that is not one of `recipients`.
    package func notifications(_ job: Job, of recipients: [String]) throws(JobError) -> Job.DSN? {
        guard var dsn = job.dsn, !dsn.recipients.isEmpty else { return job.dsn }
        let known = Set(recipients.map(ExactText.init(_:)))
        var own: [ExactText: Job.DSN.Recipient] = [:]
        for (name, value) in dsn.recipients {
            let pointer = "/dsn/recipients/\(pointerToken(name.text))"
            let address = ExactText(try bare(name.text, at: pointer))
            if !known.contains(address) { throw JobError(pointer, "is not a recipient of this mail") }
            if own.updateValue(value, forKey: address) != nil { throw JobError(pointer, "is there twice") }
        }
        dsn.recipients = own
        return dsn
    }

    private func bare(_ text: String, at pointer: String) throws(JobError) -> String {
        do throws(AddressError) { return try Address(parsing: text, domains: domains).text } catch {
            throw JobError(pointer, "\(error)")
        }
    }
}
