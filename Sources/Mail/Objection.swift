internal import JSON
package import Spool
package import Template
internal import Time

extension Job {
    /// Why no mail can ever be made of the job: the reason for which the daemon would bury it. Nil if a mail can be
    /// made, or if only the template, the configuration or a file can tell.
    ///
    /// The mail is made as the daemon makes it, with stand-ins for what is not in sight here.
    /// - Parameter template: the job's; nil if it is not in sight. A task has no mail, and is not judged here.
    /// - Parameter defaults: the configuration's; nil if it is not in sight.
    package func objection(_ template: Template?, _ defaults: MailDefaults?) -> String? {
        var job = self
        var defaults = defaults ?? MailDefaults(domain: "example.com")
        if defaults.from == nil { defaults.from = "sender@example.com" }
        do throws(MailError) {
            var rendered: RenderedPart?
            if let template, template.view == nil {
                rendered = try RenderedPart(template, for: job)
            } else if job.template != nil {
                rendered = RenderedPart(subject: "", text: "", html: nil)
                // It may be a task, which has none.
                let namesNobody = job.to == nil && job.cc == nil && job.bcc == nil && job.envelopeTo == nil
                if template == nil, namesNobody { job.to = "recipient@example.com" }
            }
            job.attachments = try attachmentsWithoutFiles()
            _ = try OutgoingMail(
                job, id: JobID.make(at: .now), date: .now, rendered: rendered, defaults: defaults)
            return nil
        } catch {
            if case .job(let reason) = error { return reason }
            return nil
        }
    }

    /// The attachments, with empty contents for the files, which only the daemon reads; their names are judged.
    private func attachmentsWithoutFiles() throws(MailError) -> [JSON] {
        var all = attachments
        for (index, value) in all.enumerated() {
            guard var object = value.object, let name = object["file"]?.string, object["content"] == nil else {
                continue
            }
            var probe = self
            probe.attachments = [value]
            do throws(MailError) {
                // No file is found in what is not a directory.
                _ = try Mail.attachments(probe, MailDefaults(domain: "x", attachmentsDirectory: "/dev/null"))
            } catch {
                if case .job(let reason) = error {
                    throw .job(reason.replacing("/attachments/0", with: "/attachments/\(index)", maxReplacements: 1))
                }
            }
            object["file"] = nil
            object["content"] = ""
            if object["filename"] == nil { object["filename"] = .string(name) }
            all[index] = .object(object)
        }
        return all
    }
}
