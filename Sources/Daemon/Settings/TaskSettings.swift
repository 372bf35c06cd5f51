internal import Configuration
package import Time

/// The configuration of tasks.
package struct TaskSettings: Equatable, Sendable {
    /// The treatment of running programs by a daemon that stops.
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

    package init() {}

    init(_ main: inout ConfigurationSection) throws(ConfigurationError) {
        if let count = try main.int("task_concurrency", in: 1...1000) { concurrency = count }
        if let span = try main.positiveSpan("task_timeout", like: "5m") { timeout = span }
        if let number = try main.int("task_nice", in: 0...19) { niceness = number }
        if let count = try main.int("data_concurrency", in: 1...1000) { dataConcurrency = count }
        if let span = try main.positiveSpan("data_timeout", like: "30s") { dataTimeout = span }
        if let choice = try main.choice("task_shutdown", of: Shutdown.self) { shutdown = choice }
    }
}
