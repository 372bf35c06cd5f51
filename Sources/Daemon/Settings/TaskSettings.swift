internal import Configuration
package import Spool
package import Time

/// What the configuration says of tasks.
package struct TaskSettings: Equatable, Sendable {
    /// What a stopping daemon does with programs that run.
    package enum Shutdown: String, CaseIterable, Sendable {
        /// Asks them to end, and gives their jobs back.
        case `return`
        /// Waits for them, as long as it waits for mail.
        case wait
    }

    /// How many programs run at a time, of all templates.
    package var concurrency = 4
    /// After which a program is ended whose template does not say.
    package var timeout: Span = .minutes(5)
    package var niceness = 10
    package var shutdown = Shutdown.return
    /// How many programs `data` of mails run at a time.
    package var dataConcurrency = 10
    package var dataTimeout: Span = .seconds(30)
    /// The tasks that the jobs of a drop box may ask for, by the box.
    package var permitted: [String: Set<String>] = [:]  // exact: ids

    package init() {}

    init(_ main: inout ConfigurationSection, boxes: [ConfigurationSection]) throws(ConfigurationError) {
        if let count = try main.int("task_concurrency", in: 1...1000) { concurrency = count }
        if let span = try main.positiveSpan("task_timeout", like: "5m") { timeout = span }
        if let number = try main.int("task_nice", in: 0...19) { niceness = number }
        if let count = try main.int("data_concurrency", in: 1...1000) { dataConcurrency = count }
        if let span = try main.positiveSpan("data_timeout", like: "30s") { dataTimeout = span }
        if let choice = try main.choice("task_shutdown", of: Shutdown.self) { shutdown = choice }
        for var section in boxes {
            guard let name = section.name, Creation.isDropBoxName(name) else {
                throw section.fault("a drop box has letters, digits, _ and -, at most 32: [dropbox shop]")
            }
            for task in section.entry("tasks")?.words ?? [] {
                guard JobID(task) != nil else {
                    throw section.fault(
                        "'tasks' are names of templates with commas between them, not '\(task)'", at: "tasks")
                }
                permitted[name, default: []].insert(task)
            }
            try section.refuseUnknown()
        }
    }

    /// Why a job may not have this task run; nil if it may. Its id says which drop box it came from, whoever moved it
    /// since; without one it was submitted by the spool's own user.
    package func objection(to id: JobID, asking task: String) -> String? {
        guard let box = id.box, permitted[box]?.contains(task) != true else { return nil }
        return "the drop box \(box) may not ask for the task \(task)"
    }
}
