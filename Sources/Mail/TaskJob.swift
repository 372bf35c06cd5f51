internal import JSON
package import Spool
package import Template

extension Template.Terms {
    /// Why a job does not suit this template: its parameters do not fit, or it has fields of a mail and this is a task;
    /// nil if it does.
    package func objection(to job: Job) -> String? {
        guard isTask else { return objection(to: job.params) }
        let mailFields: [(String, Bool)] = [
            ("to", job.to != nil), ("cc", job.cc != nil), ("bcc", job.bcc != nil), ("from", job.from != nil),
            ("replyTo", job.replyTo != nil), ("sender", job.sender != nil),
            ("envelope", job.envelopeFrom != nil || job.envelopeTo != nil), ("dsn", job.dsn != nil),
            ("locale", job.locale != nil),
            ("headers", !job.headers.isEmpty), ("attachments", !job.attachments.isEmpty),
        ]
        if let field = mailFields.first(where: \.1)?.0 {
            return "/\(field): does not belong in a job for the task \(name), which sends no mail"
        }
        return objection(to: job.params)
    }
}
