internal import JSON
internal import Schema
internal import Spool
internal import Template

/// The templates that the configuration names, as far as this user can see them.
///
/// What cannot be seen is not judged here: an application in a drop box may read neither the configuration nor the
/// templates, and the daemon holds every job against its schema anyway.
struct VisibleTemplates {
    private let store: TemplateStore?

    /// A configuration that was named has to be readable; the default one may be out of sight.
    init(_ arguments: Arguments) throws(Failure) {
        do throws(Failure) { store = try Location.templatesPath(arguments).map { TemplateStore(directory: $0) } } catch {
            if try arguments.value("--config") != nil { throw error }
            store = nil
        }
    }

    /// One that is unknown or broken may be repaired before the job's turn comes.
    private func template(_ name: String) -> Template? { try? store?.template(named: name) }

    /// Why a job does not fit its template, in one line; nil if it does, or nothing is known.
    func objection(to job: Job) -> String? {
        job.template.flatMap { template($0) }?.misfit(of: job.params)
    }

    /// The value of `-p KEY=TEXT`: a string, unless the schema has no strings there and something else that
    /// the text can be.
    func value(of text: String, for key: String, in name: String) -> JSON {
        guard let kinds = template(name)?.schema?.place.property(key)?.kinds, !kinds.contains(.string),
            let value = try? JSON(parsing: text)  // Then it is a string, and the schema's to refuse.
        else { return .string(text) }
        return value
    }
}
