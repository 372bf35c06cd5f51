internal import JSON
internal import Linux
internal import Mail
internal import Spool
internal import Template
internal import Text
internal import Time

/// When a job came, and what has happened to it since: for the date of its mail.
struct JobTimes {
    var submitted = Timestamp.now
    var history = History()
}

/// The subject of a preview: a job, with the template that makes its mail.
struct PreviewSource {
    let job: Job
    let title: String
    private let id: JobID
    private let date: Timestamp
    private let template: Template?
    /// The parameters with secrets masked; nil to show them as they are.
    private let shown: JSON.Object?
    /// The view, instead of the one that the template's `data` would return: only the daemon runs that.
    private let view: JSON.Object?
    private let defaults: MailDefaults

    /// The id of a job that is not in a spool.
    private static let id = JobID("preview")!

    /// The job that the options of `preview` describe. It is judged as `submit` and the daemon would.
    init(_ arguments: Arguments) throws(Failure) {
        let templates = try VisibleTemplates(arguments)
        if let file = try arguments.value("--job") {
            let others = ["-p", "--params", "--locale", "--to", "--cc", "--from", "--reply-to"]
            if let other = arguments.operands.first ?? others.first(where: { arguments.has($0) }) {
                throw .usage("preview: \(printable(other)) cannot be combined with --job")
            }
            let found = try FoundJob(file, arguments)
            var times = JobTimes()
            times.history = found.history
            if let submitted = found.history.submitted { times.submitted = submitted }
            try self.init(
                found.value, found.id ?? Self.id, times, templates, reveals: arguments.has("--reveal"), arguments)
            return
        }
        guard arguments.operands.count == 1 else { throw .usage("preview takes one template, or --job") }
        let template = try templates.require(arguments.operands[0])
        try PreviewSource.refuseTask(template)
        // A sample shows no secrets but its own.
        var job = try jobObject(arguments, templates, beside: template.sample ?? JSON.Object(), now: .now)
        if job["to"] == nil { job["to"] = "recipient@example.com" }
        if template.view != nil { complain("data is not run here: the mail is shown with view.sample.json") }
        try self.init(
            .object(job), Self.id, JobTimes(), templates, reveals: true,
            view: template.view?.sample ?? JSON.Object(), arguments)
    }

    private static func refuseTask(_ template: Template) throws(Failure) {
        if template.isTask { throw Failure(.data, "\(printable(template.name)) is a task: it makes no mail") }
    }

    /// A job's object, from a file or the spool.
    init(
        _ value: JSON, _ id: JobID, _ times: JobTimes, _ templates: VisibleTemplates, reveals: Bool,
        view: JSON.Object? = nil, _ arguments: Arguments
    ) throws(Failure) {
        try judge(value, templates)
        do throws(JobError) { job = try Job(value) } catch { throw Failure(.data, printable("the job: \(error)")) }
        template = if let name = job.template { try templates.require(name) } else { nil }
        if let template { try PreviewSource.refuseTask(template) }
        self.view = template?.view == nil ? nil : view
        if template?.view != nil, view == nil {
            throw Failure(.data, "what the mail of this job shows is made by data, which only the daemon runs")
        }
        shown = reveals ? nil : value.maskingSecrets(of: template)?.object?["params"]?.object
        title = job.template ?? "a job's own mail"
        self.id = id
        // As when its time has come.
        date = times.history.date(submitted: times.submitted, sendAt: job.sendAt, now: .distantFuture)
        var defaults = try Location.mailDefaults(arguments) ?? MailDefaults(domain: "example.com")
        if defaults.from == nil, template?.settings.from == nil, job.from == nil {
            defaults.from = "sender@example.com"
            complain("no from is known: the mail is shown as from sender@example.com")
        }
        self.defaults = defaults
    }

    /// Whether a part is hidden.
    var isMasked: Bool { shown != nil }

    /// The locales that the template has variants for; nil is the default.
    var locales: [String?] { [nil] + Set((template?.parts ?? []).compactMap(\.locale)).sorted() }

    /// The mail in the job's locale alone, or, if it has none, in every locale of its template.
    func everyLocale() throws(Failure) -> [MailPreview] {
        if let locale = job.locale { return [try preview(in: locale)] }
        var previews: [MailPreview] = []
        for locale in locales { previews.append(try preview(in: locale)) }
        return previews
    }

    func preview(in locale: String?) throws(Failure) -> MailPreview {
        var job = job
        job.locale = locale
        do throws(MailError) {
            var rendered: RenderedPart?
            if let template { rendered = try RenderedPart(template, for: job, showing: view ?? shown) }
            let mail = try OutgoingMail(job, id: id, date: date, rendered: rendered, defaults: defaults)
            return MailPreview(mail, in: locale)
        } catch {
            switch error {
            case .job(let reason): throw Failure(.data, printable(reason))
            case .ours(let reason): throw Failure(.configuration, printable(reason))
            }
        }
    }
}
