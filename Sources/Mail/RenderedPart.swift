package import JSON
internal import Message
package import Spool
package import Template

/// What a template gives to a job: its text for the parameters, and what its `template.conf` says.
package struct RenderedPart: Sendable {
    package var subject: String
    package var text: String?
    package var html: String?
    package var from: String?
    package var replyTo: String?
    package var headers: [(name: String, value: String)]

    package init(
        subject: String, text: String?, html: String?, from: String? = nil, replyTo: String? = nil,
        headers: [(name: String, value: String)] = []
    ) {
        self.subject = subject
        self.text = text
        self.html = html
        self.from = from
        self.replyTo = replyTo
        self.headers = headers
    }
}

extension RenderedPart {
    /// Renders a job's template with its parameters, in its locale.
    ///
    /// What does not fit the template's schema, or exceeds a limit of rendering, is the job's fault.
    /// - Parameter shown: parameters to render in place of those that are judged: the same, with secrets masked.
    package init(_ template: Template, for job: Job, showing shown: JSON.Object? = nil) throws(MailError) {
        if let misfit = template.misfit(of: job.params) { throw .job(misfit) }
        do throws(TemplateError) {
            let rendered = try template.render(params: shown ?? job.params, locale: job.locale)
            self.init(
                subject: rendered.subject, text: rendered.text.map { String(decoding: $0, as: UTF8.self) },
                html: rendered.html.map { String(decoding: $0, as: UTF8.self) }, from: template.settings.from,
                replyTo: template.settings.replyTo, headers: template.settings.headers.map { ($0.name, $0.value) })
        } catch {
            throw .job("\(error)")
        }
    }
}

extension RenderedPart {
    /// Whether the header fields of `template.conf` can stand in a mail at all: if not, no job is at fault.
    func canCompose(_ mail: Composition) -> Bool {
        var probe = Composition(from: mail.from, subject: "", date: mail.date, messageID: mail.messageID)
        probe.text = ""
        probe.headers = headers.map { ExtraHeader(name: $0.name, value: $0.value) }
        do throws(CompositionError) { _ = try probe.compose() } catch { return false }
        return true
    }
}
