internal import JSON
internal import Mail
internal import Schema
internal import Spool
internal import Template
internal import Text

/// The templates that the configuration names, as far as this user can see them.
///
/// Files that this user cannot read are not judged here: an application in a drop box may read neither the configuration nor the
/// templates, and the daemon holds every job against its schema anyway.
struct VisibleTemplates {
    private let store: TemplateStore?
    /// The values that the configuration fills into mails, where this user can read it.
    private let defaults: MailDefaults?

    /// A configuration that was named has to be readable; the default one may be out of sight.
    init(_ arguments: Arguments) throws(Failure) {
        do throws(Failure) { store = try Location.templatesPath(arguments).map { TemplateStore(directory: $0) } } catch
        {
            if try arguments.value("--config") != nil { throw error }
            store = nil
        }
        // What is wrong with it is the daemon's to say.
        defaults = try? Location.mailDefaults(arguments)
    }

    /// One that is unknown or broken may be repaired before the job's turn comes.
    func template(_ name: String) -> Template? { try? store?.template(named: name) }

    /// The rules of a template for its jobs; nil where the template is unknown or broken, see ``template(_:)``.
    private func terms(_ name: String) -> Template.Terms? { try? store?.terms(named: name) }

    /// The template that the user named: a missing or broken one is an error.
    func require(_ name: String) throws(Failure) -> Template {
        guard let store else {
            throw Failure(.configuration, "no configuration that says where the templates are; name one with --config")
        }
        do throws(TemplateError) { return try store.template(named: name) } catch {
            guard case .unknown = error else { throw Failure(.configuration, printable("\(error)")) }
            // Which there are is a help, no more.
            let near = (try? store.names()).flatMap { nearest(to: name, among: $0) }
            throw Failure(.noInput, printable("\(error)") + (near.map { "; did you mean \(printable($0))?" } ?? ""))
        }
    }

    /// The names of the templates that can be seen; nil when none can.
    var names: [String]? { try? store?.names() }

    /// Why the daemon would bury a job, in one line; nil if it would not, as far as can be seen here.
    func objection(to job: Job) -> String? {
        if let terms = job.template.flatMap({ terms($0) }) {
            if let objection = terms.objection(to: job) { return objection }
            if terms.isTask { return nil }
        }
        return job.objection(job.template.flatMap { template($0) }, defaults)
    }

    /// Says so where a job's template is not among those that can be seen: it is queued, and waits until there is one.
    func warnOfUnknown(_ name: String?) {
        guard let name, terms(name) == nil, let names, !names.contains(name) else { return }
        let near = nearest(to: name, among: names).map { "; did you mean \(printable($0))?" } ?? ""
        complain("no template \(printable(name)) yet; the job waits until there is one\(near)")
    }

    /// The value of `-p KEY=TEXT`: a string, unless the schema has no strings there and something else that
    /// the text can be.
    func value(of text: String, for key: String, in name: String) -> JSON {
        guard let kinds = terms(name)?.schema?.place.property(key)?.kinds, !kinds.contains(.string),
            let value = try? JSON(parsing: text)  // Then it is a string, and the schema's to refuse.
        else { return .string(text) }
        return value
    }
}
