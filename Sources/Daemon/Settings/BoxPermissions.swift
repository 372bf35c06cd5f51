internal import Configuration
internal import Mail
internal import Spool

/// The tasks and templates that jobs of drop boxes may ask for, by `[dropbox NAME]`.
///
/// A program runs as the daemon's user, with parameters that the box chose: one that is a task, or that looks up what a
/// mail shows, has to be granted. Other templates are every box's, unless the configuration names some.
package struct BoxPermissions: Equatable, Sendable {
    /// The tasks that a box was given. Names of boxes and templates are ASCII.
    package private(set) var tasks: [String: Set<String>] = [:]  // exact: ASCII
    /// The mail templates that a box was given; nil where the configuration does not say.
    package private(set) var templates: [String: Set<String>] = [:]  // exact: ASCII

    package init() {}

    init(_ boxes: [ConfigurationSection]) throws(ConfigurationError) {
        for var section in boxes {
            guard let name = section.name, Creation.isDropBoxName(name) else {
                throw section.fault("a drop box has letters, digits, _ and -, at most 32: [dropbox shop]")
            }
            if let names = try names("tasks", &section) { tasks[name, default: []].formUnion(names) }
            if let names = try names("templates", &section) { templates[name, default: []].formUnion(names) }
            try section.refuseUnknown()
        }
    }

    private func names(
        _ key: String, _ section: inout ConfigurationSection
    ) throws(ConfigurationError) -> [String]? {
        let words = section.entry(key)?.words
        if let word = words?.first(where: { JobID($0) == nil }) {
            throw section.fault("'\(key)' are names of templates with commas between them, not '\(word)'", at: key)
        }
        return words
    }

    /// Returns why a job may not use this template; nil if it may. Its id says which drop box it came from, even after
    /// it was moved; without one it was submitted by the spool's own user.
    func objection(to id: JobID, asking template: String, for kind: WaitingJob.Kind) -> MailError? {
        guard let box = id.box else { return nil }
        switch kind {
        case .task where tasks[box]?.contains(template) != true:
            return .job("the drop box \(box) may not ask for the task \(template)")
        case .mailWithData where templates[box]?.contains(template) != true:
            return .job(
                "the drop box \(box) may not use \(template), which has data: see `templates` in outspool.conf(5)")
        case .mail where templates[box]?.contains(template) == false:
            return .job("the drop box \(box) may not use \(template): see `templates` in outspool.conf(5)")
        default: return nil
        }
    }
}
