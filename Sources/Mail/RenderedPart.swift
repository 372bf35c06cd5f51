package import JSON
internal import MailForm
package import Message
package import Spool
package import Template
internal import Text

/// A template's part in a mail: its text for the parameters, the fields of its `template.conf`, its files.
package struct RenderedPart: Sendable {
    package var subject: String
    package var text: String?
    package var html: String?
    package var from: String?
    package var replyTo: String?
    package var headers: [Template.Rendered.Field]
    /// URIs that were found good, in the order of preference.
    package var listUnsubscribe: [String]
    /// The files that the HTML may name as `cid:NAME`; each has that name as its cid.
    package var images: [Attachment]
    package var attachments: [Attachment]

    package init(
        subject: String, text: String?, html: String?, from: String? = nil, replyTo: String? = nil,
        headers: [Template.Rendered.Field] = [], listUnsubscribe: [String] = [], images: [Attachment] = [],
        attachments: [Attachment] = []
    ) {
        self.subject = subject
        self.text = text
        self.html = html
        self.from = from
        self.replyTo = replyTo
        self.headers = headers
        self.listUnsubscribe = listUnsubscribe
        self.images = images
        self.attachments = attachments
    }
}

extension RenderedPart {
    /// Renders a job's template with its parameters, in its locale.
    ///
    /// Parameters that do not fit the template's schema, exceed a limit of rendering, or give no URI to unsubscribe
    /// at are the job's fault.
    /// - Parameter shown: parameters to render instead of those that are judged: the same, with secrets masked.
    package init(_ template: Template, for job: Job, showing shown: JSON.Object? = nil) throws(MailError) {
        if let reason = template.terms.objection(to: job.params) { throw .job(reason) }
        let rendered: Template.Rendered
        do throws(TemplateError) {
            rendered = try template.render(params: shown ?? job.params, locale: job.locale)
        } catch {
            throw .job("\(error)")
        }
        for uri in rendered.listUnsubscribe {
            if let refusal = UnsubscribeURI.refusal(of: uri) {
                throw .job("list_unsubscribe of \(template.name), with these parameters, \(refusal)")
            }
        }
        let html = rendered.html.map { String(decoding: $0, as: UTF8.self) }
        self.init(
            subject: rendered.subject, text: rendered.text.map { String(decoding: $0, as: UTF8.self) }, html: html,
            from: template.settings.from, replyTo: template.settings.replyTo, headers: rendered.headers,
            listUnsubscribe: rendered.listUnsubscribe,
            images: template.images.values.map { Attachment($0, cid: $0.name) },
            attachments: template.attachments.map { Attachment($0, cid: nil) })
    }

    /// The header fields of `template.conf`, in its order.
    var fields: [ExtraHeader] {
        var fields = headers.map { ExtraHeader(name: $0.name, value: $0.value) }
        if listUnsubscribe.isEmpty { return fields }
        let value = listUnsubscribe.map { "<\($0)>" }.joined(separator: ", ")
        fields.append(ExtraHeader(name: "List-Unsubscribe", value: value))
        // Only a page takes the click; a mail program must not send a mail for it. RFC 8058, section 3.1.
        if listUnsubscribe.contains(where: UnsubscribeURI.takesOneClick) {
            fields.append(ExtraHeader(name: "List-Unsubscribe-Post", value: "List-Unsubscribe=One-Click"))
        }
        return fields
    }

    /// The images that the HTML shows and the template's attachments, next to those of the job, whose cids come first.
    ///
    /// A missing image is the job's fault: the images that the template names were there when it was read.
    func files(beside own: [Attachment]) throws(MailError) -> [Attachment] {
        var shown: [Attachment] = []
        for name in html.map(ContentReferences.names) ?? []
        where !own.contains(where: { $0.cid?.isExactly(name) == true }) {
            guard let image = images.first(where: { $0.cid?.isExactly(name) == true }) else {
                throw .job("/attachments: none has the cid \(JSON.string(name).text) that the template's HTML shows")
            }
            shown.append(image)
        }
        return shown + attachments
    }

    /// Whether the header fields of `template.conf` that are the same for all parameters, and the names of the others,
    /// are valid in a mail: if not, the template is at fault and not a job.
    func canCompose(_ mail: Composition) -> Bool {
        var probe = Composition(from: mail.from, subject: "", date: mail.date, messageID: mail.messageID)
        probe.text = ""
        probe.headers = headers.map { ExtraHeader(name: $0.name, value: $0.isFixed ? $0.value : "") }
        do throws(CompositionError) { _ = try probe.compose() } catch { return false }
        return true
    }
}

extension Attachment {
    /// A template's file.
    fileprivate init(_ file: TemplateFile, cid: String?) {
        self.init(filename: file.name, contentType: mediaType(of: file.name), cid: cid, content: file.bytes)
    }
}
