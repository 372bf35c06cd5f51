internal import JSON
internal import Message
internal import Template
internal import Text
internal import Web

extension Console {
    /// A page of the index has so many.
    private static let rows = 40

    private func templatesPath() throws(Failure) -> String {
        guard let path = try Location.templatesPath(arguments) else { throw .missing }
        return path
    }

    /// Every template, its subject and locales, and what `check` says of it.
    func templatesPage(_ request: Request) throws(Failure) -> Response {
        let path = try templatesPath()
        let store = TemplateStore(directory: path)
        let names: [String]
        do throws(TemplateError) { names = try store.names() } catch {
            throw Failure(.configuration, printable("\(error)"))
        }
        let start = min(max(request.query["from"].flatMap { Int($0) } ?? 0, 0), names.count)
        let rows = names[start...].prefix(Console.rows).map { row($0, store) }
        var body: HTML = "<h1>Templates <small>\(path)</small></h1>"
        if names.isEmpty {
            body +=
                "<div class=\"card empty\">No template yet: a folder with subject.mustache and text.mustache is one.</div>"
        } else {
            body += table(
                "Templates", [("Name", ""), ("Subject", ""), ("Locales", ""), ("Check", "")], Array(rows))
        }
        if start + Console.rows < names.count {
            body +=
                "<p><a class=\"button\" href=\"\(Link(["templates"], [("from", String(start + Console.rows))]))\">More</a></p>"
        }
        return page("Templates", in: .templates, body, live: Live(request, byDefault: false))
    }

    private func row(_ name: String, _ store: TemplateStore) -> HTML {
        let link = Link(["templates", name])
        do throws(TemplateError) {
            let template = try store.template(named: name)
            let locales = Set(template.parts.compactMap(\.locale)).sorted()
            let sample = template.view.map { $0.sample ?? .init() } ?? template.sample ?? .init()
            // What cannot be rendered is among the findings.
            let subject = template.isTask ? "a task" : (try? template.render(params: sample))?.subject ?? ""
            let findings = findings(of: template)
            let errors = findings.count { $0.severity == .error }
            let warnings = findings.count - errors
            let verdict: HTML =
                errors > 0
                ? "<span class=\"tag bad\">\(errors) error\(errors == 1 ? "" : "s")</span>"
                : warnings > 0
                    ? "<span class=\"tag warn\">\(warnings) warning\(warnings == 1 ? "" : "s")</span>"
                    : "<span class=\"tag good\">good</span>"
            return """
                <tr><td><a href="\(link)">\(name)</a></td><td>\(subject)</td>\
                <td>\(locales.joined(separator: ", "))</td><td>\(verdict)</td></tr>
                """
        } catch {
            return """
                <tr><td><a href="\(link)">\(name)</a></td><td>\(printable("\(error)"))</td><td></td>\
                <td><span class="tag bad">broken</span></td></tr>
                """
        }
    }

    /// The findings of `check` in one template.
    private func findings(of template: Template) -> [Finding] { template.findings() }

    /// A template as the mail that it makes, with a form for its parameters.
    func templatePage(_ name: String, _ request: Request) throws(Failure) -> Response {
        let store = TemplateStore(directory: try templatesPath())
        let template: Template
        do throws(TemplateError) { template = try store.template(named: name) } catch {
            if case .unknown = error { throw Failure(.noInput, printable("\(error)")) }
            return page(
                name, in: .templates,
                "<h1>\(name)</h1><p class=\"finding bad\">\(printable("\(error)"))</p>",
                live: Live(request, byDefault: settings.isDevelopment))
        }
        let trial = TemplateTrial(template, request.query)
        var preview: HTML
        do throws(Failure) { preview = try self.preview(template, trial) } catch {
            preview = "<p class=\"finding bad\">\(error.message)</p>"
        }
        if template.isTask {
            preview = "<div class=\"card pad\">A task: it makes no mail. Its program is \(template.run ?? "").</div>"
        }
        let body: HTML = """
            <h1>\(name)</h1>
            \(findingList(template))
            <div class="two"><div>\(switches(template, trial))\(preview)</div>\
            <div>\(form(template, trial))\(sendForm(template, trial))</div></div>
            """
        return page(name, in: .templates, body, live: Live(request, byDefault: false))
    }

    private func findingList(_ template: Template) -> HTML {
        let items = findings(of: template).prefix(50).map { finding -> HTML in
            let style = finding.severity == .error ? "bad" : "warn"
            return "<p class=\"finding \(style) mono\">\(finding.description)</p>"
        }
        let clients = template.clientFindings().prefix(100).map { finding -> HTML in
            "<li class=\"pad mono\">\(finding.description)</li>"
        }
        let shown: HTML =
            clients.isEmpty
            ? ""
            : """
            <details><summary class="note">What mail programs may not show: \(clients.count)</summary>\
            <div class="card"><ul class="list">\(clients)</ul></div></details>
            """
        return "\(Array(items))\(shown)"
    }

    /// Links to the other samples and locales.
    private func switches(_ template: Template, _ trial: TemplateTrial) -> HTML {
        func tabs(_ label: String, _ field: String, _ words: [String?], current: String?) -> HTML {
            if words.count < 2 { return "" }
            let links = words.map { word -> HTML in
                let isCurrent = (word ?? "").isExactly(current ?? "")
                let mark: HTML = isCurrent ? " aria-current=\"page\"" : ""
                // Another sample is another set of parameters.
                let rest = trial.parameters.filter {
                    !$0.name.isExactly(field) && (field == "locale" || !$0.name.begins(with: "p."))
                }
                let link = Link(["templates", template.name], rest + [(field, word)])
                return "<a href=\"\(link)\"\(mark)>\(word ?? "default")</a>"
            }
            return "<nav class=\"tabs\" aria-label=\"\(label)\">\(links)</nav>"
        }
        let samples = [nil] + trial.samples.map { Optional($0.name) }
        let locales = [nil] + Set(template.parts.compactMap(\.locale)).sorted().map { Optional($0) }
        return """
            <div class="bar">\(tabs("Sample", "sample", samples, current: trial.sample))\
            \(tabs("Locale", "locale", locales, current: trial.locale))</div>
            """
    }

    private func preview(_ template: Template, _ trial: TemplateTrial) throws(Failure) -> HTML {
        let preview = try trial.mail(arguments)
        let message = preview.message
        let rows = preview.envelope.map { row -> HTML in "<dt>\(row.name)</dt><dd>\(row.value)</dd>" }
        let files = message.attachments.map { file -> HTML in
            "<span class=\"tag\">\(file.filename ?? "no name")</span> "
        }
        var parts: HTML = ""
        if let html = message.html {
            let share = html.content.count * 100 / MailPreview.gmailLimit
            parts += stage(Link(["templates", template.name, "html"], trial.parameters), title: "The HTML of the mail")
            let style = share >= 100 ? "bad" : "note"
            parts +=
                "<p class=\"\(style)\">\(size(html.content.count)) of HTML: \(share)% of what Gmail shows before it cuts.</p>"
        }
        if let text = message.text { parts += "<h2>Text</h2><div class=\"card\"><pre>\(text.text)</pre></div>" }
        return """
            <div class="card pad"><h2 class="mailsubject"><bdi>\(preview.subject)</bdi></h2><dl class="facts">\(rows)</dl>\(files)</div>
            \(parts)
            """
    }

    /// The HTML of the mail that a template makes, for the frame.
    func templateFrame(_ name: String, _ request: Request) throws(Failure) -> Response {
        let path = try templatesPath()
        let template: Template
        do throws(TemplateError) { template = try TemplateStore(directory: path).template(named: name) } catch {
            throw Failure(.noInput, printable("\(error)"))
        }
        guard let html = try TemplateTrial(template, request.query).mail(arguments).selfContainedHTML else {
            throw .missing
        }
        return .foreign(html: html)
    }
}
