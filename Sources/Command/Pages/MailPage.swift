internal import JSON
internal import Message
internal import Spool
internal import Text
internal import Time
internal import Web

extension Console {
    private enum View: String, CaseIterable {
        case html = "HTML"
        case text = "Text"
        case source = "Source"
        case fields = "Header"
        case parts = "Parts"
        case job = "Job"
    }

    /// One mail in one of its views.
    func mailPage(_ mail: CapturedMail.Mail, _ mailbox: CapturedMail, _ request: Request) throws(Failure) -> Response {
        let message = mail.message
        let there = View.allCases.filter { view in
            switch view {
            case .html: message.html != nil
            case .text: message.text != nil
            case .job: mail.entry.job != nil
            default: true
            }
        }
        let asked = request.query["view"].flatMap { word in there.first { $0.rawValue.lowercasedASCII.isExactly(word) }
        }
        let view = asked ?? there[0]
        let tabs = there.map { other -> HTML in
            let current: HTML = other == view ? " aria-current=\"page\"" : ""
            let link = Link(["mail", mail.entry.name], [("view", other.rawValue.lowercasedASCII)])
            return "<a href=\"\(link)\"\(current)>\(other.rawValue)</a>"
        }
        let all = try mailbox.entries()
        let place = all.firstIndex { $0.name.isExactly(mail.entry.name) }
        func neighbour(_ offset: Int, _ text: String) -> HTML {
            guard let place, all.indices.contains(place + offset) else { return "" }
            return "<a class=\"button\" href=\"\(Link(["mail", all[place + offset].name]))\">\(text)</a>"
        }
        let delete: HTML =
            settings.isDevelopment
            ? """
            <form method="post" action="/mail/delete"><input type="hidden" name="id" value="\(mail.entry.name)">\
            <button class="bad">Delete</button></form>
            """ : ""
        let subject = mail.entry.subject.isEmpty ? "(no subject)" : mail.entry.subject
        let body: HTML = """
            <div class="bar"><a href="/mail">All mail</a><span class="inline push">\(neighbour(-1, "Newer"))\
            \(neighbour(1, "Older"))<a class="button" href="\(Link(["mail", mail.entry.name, "raw"]))">Download</a>\(delete)</span></div>
            <h1><bdi>\(subject)</bdi></h1>
            <div class="card pad"><dl class="facts">\(envelope(mail))</dl></div>
            \(attachments(mail))
            <div class="bar"><nav class="tabs" aria-label="Views">\(tabs)</nav></div>
            \(try content(view, of: mail))
            """
        return page(subject, in: .mail, body)
    }

    private func envelope(_ mail: CapturedMail.Mail) -> [HTML] {
        var rows = ["From", "Sender", "Reply-To", "To", "Cc"].compactMap { name in
            mail.message.value(of: name).map { (name, $0) }
        }
        rows.append(("Delivered to", mail.entry.recipients.joined(separator: ", ")))
        if let date = mail.message.value(of: "Date") { rows.append(("Date", date)) }
        rows.append(("Size", size(mail.bytes.count)))
        return rows.filter { !$0.1.isEmpty }.map { row -> HTML in "<dt>\(row.0)</dt><dd>\(row.1)</dd>" }
    }

    private func attachments(_ mail: CapturedMail.Mail) -> HTML {
        let files = mail.message.parts.enumerated().filter { _, part in
            part.isAttachment || (part.cid == nil && !part.type.begins(with: "text/"))
        }.map { index, part -> HTML in
            let link = Link(["mail", mail.entry.name, "part", String(index)])
            return """
                <a class="button" href="\(link)"><bdi>\(part.filename ?? "no name")</bdi> \
                <small class="note">\(part.type), \(size(part.content.count))</small></a>
                """
        }
        return files.isEmpty ? "" : "<p class=\"inline\">\(files)</p>"
    }

    private func content(_ view: View, of mail: CapturedMail.Mail) throws(Failure) -> HTML {
        let message = mail.message
        switch view {
        case .html:
            return stage(Link(["mail", mail.entry.name, "html"]), title: "The HTML of the mail") + links(message)
        case .text: return "<div class=\"card\"><pre>\(message.text?.text ?? "")</pre></div>" + links(message)
        case .source:
            let shown = mail.bytes.prefix(1 << 20)
            let rest: HTML = mail.bytes.count > shown.count ? "<p class=\"note\">The rest is in the download.</p>" : ""
            return
                "<div class=\"card\"><pre>\(String(decoding: shown, as: UTF8.self).replacing("\r\n", with: "\n"))</pre></div>\(rest)"
        case .fields:
            let rows = message.fields.map { field -> HTML in
                "<tr><th scope=\"row\">\(field.name)</th><td class=\"mono\">\(field.value)</td></tr>"
            }
            return """
                <div class="card scroll" tabindex="0" role="region" aria-label="Header"><table><tbody>\(rows)</tbody></table></div>
                """
        case .parts:
            let rows = message.parts.enumerated().map { index, part -> HTML in
                let link = Link(["mail", mail.entry.name, "part", String(index)])
                return """
                    <tr><td class="mono">\(part.type)</td><td>\(part.filename ?? "")</td><td class="mono">\(part.cid ?? "")</td>\
                    <td class="num">\(size(part.content.count))</td><td><a href="\(link)">Download<span class="skip"> part \(index + 1)</span></a></td></tr>
                    """
            }
            return table(
                "Parts", [("Type", ""), ("Name", ""), ("Content-ID", ""), ("Size", "num"), ("File", "")], rows)
        case .job: return try job(of: mail)
        }
    }

    /// A frame without rights, as wide as a phone or as dark as a reader likes.
    func stage(_ link: Link, title: String) -> HTML {
        """
        <div class="card"><div class="looks">\
        <label><input type="checkbox" class="phone"> Phone</label>\
        <label><input type="checkbox" class="dark"> Dark</label></div>\
        <div class="stage"><iframe sandbox src="\(link)" title="\(title)"></iframe></div></div>
        """
    }

    /// In the frame no link works: they are listed below it.
    private func links(_ message: ReadMessage) -> HTML {
        let items = MailLinks(message).all.map { link -> HTML in
            "<li class=\"pad\"><a href=\"\(link)\" rel=\"noreferrer noopener\" target=\"_blank\">\(link)</a></li>"
        }
        return items.isEmpty ? "" : "<h2>Links</h2><div class=\"card\"><ul class=\"list\">\(items)</ul></div>"
    }

    /// The template and parameters that a mail came from, and what happened to its job.
    private func job(of mail: CapturedMail.Mail) throws(Failure) -> HTML {
        guard let id = mail.entry.job else { return "" }
        guard let job = try shownJob(id, SpoolReader(path: spoolPath)) else {
            return "<div class=\"card pad\">The job \(id.text) is not in the spool any more.</div>"
        }
        let object = job.value?.object
        let template: HTML =
            object?["template"]?.string.map { name in
                "<p>Made by the template <a href=\"\(Link(["templates", name]))\">\(name)</a>.</p>"
            } ?? "<p>It carries its mail.</p>"
        let params: HTML =
            object?["params"].map { "<h2>Parameters</h2><div class=\"card\"><pre>\($0.pretty())</pre></div>" } ?? ""
        return """
            <div class="card pad"><p>Job <a class="mono" href="\(Link(["queue", "jobs", id.text]))">\(id.text)</a></p>\(template)</div>
            \(params)<h2>What happened</h2>\(timeline(job.history))
            """
    }

    /// The HTML of a mail, with the pictures that travel with it, for the frame.
    func mailFrame(_ mail: CapturedMail.Mail) throws(Failure) -> Response {
        guard let html = mail.message.selfContainedHTML else { throw .missing }
        return .foreign(html: html)
    }
}
