internal import JSON
internal import Linux
internal import Mail
internal import Spool
internal import Template
internal import Text
internal import Time

/// The templates as the daemon uses them: current to the second, and with a memory for those
/// that are at fault.
final class TemplateCache {
    /// A template's properties for its jobs, apart from their text.
    struct Facts {
        let ttl: Span?
        let priority: Job.Priority?
        let onDoubt: Verdict.OnDoubt?
        let maximumAttempts: Int?
        /// The kind of work for its jobs.
        let kind: WaitingJob.Kind
        /// Who its mails are from, where it says so.
        let from: String?
        /// How many of its programs run at a time, where it says so.
        let concurrency: Int?
    }

    private var directory: String
    private var store: TemplateStore
    /// When each template was last compared with its files, by the monotonic clock.
    private var checked: [String: Int64] = [:]
    /// The templates that block jobs, and whether they could be read at all.
    private var failing: [String: Bool] = [:]
    private var reported: Set<ExactText> = []

    init(_ directory: String) {
        self.directory = directory
        store = TemplateStore(directory: directory)
    }

    /// Changes to another directory; the same one changes nothing.
    func use(_ directory: String) {
        guard directory != self.directory else { return }
        self.directory = directory
        store = TemplateStore(directory: directory)
        invalidate()
    }

    /// Has every template read again when it is next asked for.
    func invalidate() {
        store.invalidate()
        checked = [:]
        failing = [:]
        reported = []
    }

    /// The template's facts; nil when it cannot be read.
    func facts(of name: String) -> Facts? {
        // The reason is reported when the job is rendered.
        guard let template = try? template(named: name) else { return nil }
        let settings = template.settings
        return Facts(
            ttl: settings.ttl, priority: settings.priority.flatMap { Job.Priority(rawValue: $0.rawValue) },
            onDoubt: settings.onDoubt.flatMap { Verdict.OnDoubt(rawValue: $0.rawValue) },
            maximumAttempts: settings.maximumAttempts,
            kind: template.isTask ? .task : template.view != nil ? .mailWithData : .mail,
            from: settings.from, concurrency: settings.program.concurrency)
    }

    /// Why the system does not let the template be read; nil if it can be, is not there, or is broken.
    func refusal(of name: String) -> String? {
        do throws(TemplateError) { _ = try template(named: name) } catch {
            if case .unreadable = error { return "\(error)" }
        }
        return nil
    }

    /// The job's mail: its template rendered with its parameters, or with the view that `data` returned.
    func mail(
        for job: Job, id: JobID, date: Timestamp, view: JSON.Object? = nil, settings: Settings
    ) throws(MailError) -> OutgoingMail {
        guard let name = job.template else {
            return try OutgoingMail(job, id: id, date: date, rendered: nil, defaults: settings.mail)
        }
        do throws(MailError) {
            let rendered = try render(name, job, view)
            return try OutgoingMail(job, id: id, date: date, rendered: rendered, defaults: settings.mail)
        } catch {
            if case .ours = error { noteFailing(name) }
            throw error
        }
    }

    /// The template of a program.
    func task(_ name: String) throws(MailError) -> Template {
        do throws(TemplateError) { return try template(named: name) } catch {
            noteFailing(name)
            throw .ours("\(error)")
        }
    }

    /// A template blocks jobs: ``hasChanged()`` tells when it has been fixed.
    func noteFailing(_ name: String) {
        guard failing.count < 1000, failing[name] == nil else { return }
        failing[name] = (try? template(named: name)) != nil  // Whether, not why.
    }

    /// A job's object as `done/` keeps it, its secrets masked; nil to keep it as it is.
    func masked(_ value: JSON) -> JSON? {
        // One that cannot be read keeps its secrets to itself: all parameters are taken for some.
        value.maskingSecrets(of: value.object?["template"]?.string.flatMap { try? template(named: $0) })
    }

    private func render(_ name: String, _ job: Job, _ view: JSON.Object?) throws(MailError) -> RenderedPart {
        let template: Template
        do throws(TemplateError) { template = try self.template(named: name) } catch { throw .ours("\(error)") }
        if template.isTask { throw .ours("'\(name)' is a task now, and makes no mail") }
        if template.view != nil, view == nil { throw .ours("'\(name)' has data now") }
        return try RenderedPart(template, for: job, showing: template.view == nil ? nil : view)
    }

    private func template(named name: String) throws(TemplateError) -> Template {
        let now = Clock.monotonic
        if let last = checked[name], now - last > 1_000_000_000 {
            checked[name] = now
            store.reloadIfChanged(name)
        }
        let template = try store.template(named: name)
        if checked[name] == nil { checked[name] = now }
        return template
    }

    /// Whether a template that blocked jobs has changed since: they may be tried again.
    func hasChanged() -> Bool {
        var changed = false
        for (name, couldBeRead) in failing {
            let isNew = store.reloadIfChanged(name)
            let canBeRead = (try? store.template(named: name)) != nil  // Whether, not why.
            if isNew || canBeRead != couldBeRead {
                failing[name] = nil
                changed = true
            }
        }
        if changed { reported = [] }
        return changed
    }

    /// Whether a reason has not been logged since the last change: ten thousand jobs that a
    /// template blocks are one fault.
    func isNews(_ reason: String) -> Bool { reported.count < 1000 && reported.insert(ExactText(reason)).inserted }
}
