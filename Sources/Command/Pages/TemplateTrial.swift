internal import JSON
internal import Schema
internal import Spool
internal import Template
internal import Text
internal import Web

/// A template with the parameters and the locale that a form asks for.
struct TemplateTrial {
    let template: Template
    /// Those that can be read, beside `sample.json`.
    let samples: [TemplateSample]
    /// The name of one of its samples; nil: `sample.json`.
    let sample: String?
    let locale: String?
    /// Typed texts of parameters, by name.
    let typed: [(name: String, text: String)]

    /// The fields: `sample`, `locale`, and `p.NAME` for each parameter.
    init(_ template: Template, _ form: Form) {
        self.template = template
        let samples = template.samples.filter { $0.value != nil }
        self.samples = samples
        sample = form["sample"].flatMap { name in samples.contains { $0.name.isExactly(name) } ? name : nil }
        locale = form["locale"]
        typed = form.fields.compactMap { field in
            guard field.name.begins(with: "p."), field.name.utf8.count > 2 else { return nil }
            return (String(Substring(field.name.utf8.dropFirst(2))), field.value)
        }
    }

    /// The same as fields of a link.
    var parameters: [(name: String, value: String?)] {
        [("sample", sample), ("locale", locale)] + typed.map { ("p.\($0.name)", $0.text) }
    }

    /// The parameters: the sample's, with what was typed in their places.
    var params: JSON.Object {
        let chosen = sample.flatMap { name in samples.first { $0.name.isExactly(name) }?.value }
        var params = chosen ?? template.sample ?? JSON.Object()
        for field in typed { params[field.name] = value(field.text, of: field.name) }
        return params
    }

    /// A text for a parameter that may be one; else JSON, where it is that. An empty text is left out.
    private func value(_ text: String, of name: String) -> JSON? {
        let kinds = template.schema?.place.property(name)?.kinds
        if kinds?.contains(.string) != false {
            return text.isEmpty && template.schema?.place.requires(name) == false ? nil : .string(text)
        }
        if text.isEmpty { return nil }
        return (try? JSON(parsing: text)) ?? .string(text)
    }

    /// The mail that the template makes of them, as the daemon would.
    func mail(_ arguments: Arguments, to recipient: String = "recipient@example.com") throws(Failure) -> MailPreview {
        let templates = try VisibleTemplates(arguments)
        let source = try PreviewSource(
            job(to: recipient), JobID("preview")!, JobTimes(), templates, reveals: true,
            view: template.view?.sample ?? JSON.Object(), arguments)
        return try source.preview(in: locale)
    }

    /// The job's object.
    func job(to recipient: String) -> JSON {
        var job = JSON.Object([
            ("template", .string(template.name)), ("to", .string(recipient)), ("params", .object(params)),
        ])
        job["locale"] = locale.map { .string($0) }
        return .object(job)
    }
}

extension Console {
    /// A form with a field for each parameter that the schema declares.
    func form(_ template: Template, _ trial: TemplateTrial) -> HTML {
        guard let place = template.schema?.place else {
            return "<div class=\"card pad note\">With a schema.json there is a form for the parameters here.</div>"
        }
        let params = trial.params
        let fields = place.names.map { name -> HTML in
            field(name, place.property(name), isRequired: place.requires(name), params[name])
        }
        return """
            <div class="card pad"><form action="\(Link(["templates", template.name]))">\
            \(hidden(trial, withTyped: false))\(fields)<button class="main">Show</button> \
            <a class="button" href="\(Link(["templates", template.name]))">Reset</a></form></div>
            """
    }

    private func field(_ name: String, _ place: ValuePlace?, isRequired: Bool, _ value: JSON?) -> HTML {
        let kinds = place?.kinds
        let isText = kinds?.contains(.string) != false
        let text = value.map { isText ? $0.string ?? $0.text : $0.pretty() } ?? ""
        let note = isRequired ? "" : "optional"
        let label = "p.\(name)"
        let input: HTML
        if place?.isSecret == true {
            input = "<input name=\"\(label)\" value=\"\(text)\" autocomplete=\"off\">"
        } else if text.utf8.contains(0x0A) || text.utf8.count > 60 {
            let rows = text.utf8.contains(0x0A) ? 8 : 2
            input = "<textarea name=\"\(label)\" rows=\"\(rows)\">\(text)</textarea>"
        } else {
            input = "<input name=\"\(label)\" value=\"\(text)\">"
        }
        return
            "<label class=\"field\"><span>\(name) <small>\(note)\(isText ? "" : " JSON")</small></span>\(input)</label>"
    }

    private func hidden(_ trial: TemplateTrial, withTyped: Bool) -> [HTML] {
        trial.parameters.filter { $0.value != nil && (withTyped || !$0.name.begins(with: "p.")) }.map { field -> HTML in
            "<input type=\"hidden\" name=\"\(field.name)\" value=\"\(field.value ?? "")\">"
        }
    }

    /// A button that sends it through the daemon.
    func sendForm(_ template: Template, _ trial: TemplateTrial) -> HTML {
        guard settings.isDevelopment else { return "" }
        return """
            <div class="card pad"><form method="post" action="\(Link(["templates", template.name, "send"]))">\
            \(hidden(trial, withTyped: true))\
            <label class="field"><span>Send it to</span><input name="to" type="email" required value="you@example.com"></label>\
            <button>Send through the daemon</button></form></div>
            """
    }

    /// Submits the job that a form describes, by the verb.
    func sendTemplate(_ name: String, _ request: Request, user: String) throws(Failure) -> PageAnswer {
        guard let path = try Location.templatesPath(arguments), let to = request.form["to"] else {
            throw .usage("an address is needed")
        }
        let template: Template
        do throws(TemplateError) { template = try TemplateStore(directory: path).template(named: name) } catch {
            throw Failure(.noInput, printable("\(error)"))
        }
        let trial = TemplateTrial(template, request.form)
        let call = VerbCall(
            words: location + ["submit", "--job", "-"], input: trial.job(to: to).encoded,
            note: "submit \(name) to \(to)")
        return .verb(call) { [self] end in
            guard end.status == 0, let id = end.text.pieces(at: "\n").first.flatMap({ JobID($0) }) else {
                return page(
                    "Not sent", in: .templates, "<p class=\"finding bad\">\(lastLines(end.text))</p>", status: 400)
            }
            return .redirect(to: Link(["queue", "jobs", id.text], [("live", "on")]))
        }
    }
}
