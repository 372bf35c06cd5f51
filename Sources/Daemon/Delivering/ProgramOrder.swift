internal import EventLoop
internal import JSON
internal import Linux
internal import Spool
internal import Template
internal import Text
internal import Time

extension ProgramRun.Order {
    /// Between SIGTERM and SIGKILL.
    static let taskGrace = Span.seconds(5)

    /// A template's program for a job: its parameters on standard input, everything else in the environment.
    ///
    /// - Parameters:
    ///   - path: the program's.
    ///   - started: when it starts; its deadline is `timeout` later.
    ///   - mark: what its processes are known by, see ``Strays``.
    init(
        _ path: String, of template: Template, params: JSON.Object, id: JobID, attempt: Int, started: Timestamp,
        timeout: Span, mark: String, settings: Settings
    ) {
        // A relative path is one of the directory that the program starts in.
        let name = path[(path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex)...]
        self.init(
            [path.begins(with: "/") ? path : ".\(name)"], environment: Self.inherited,
            input: JSON.object(params).encoded + [0x0A], timeout: timeout)
        directory = String(path.dropLast(name.count))
        environment += [
            "OUTSPOOL_SPOOL=\(Process.absolute(settings.spool))", "OUTSPOOL_ID=\(id)",
            "OUTSPOOL_TEMPLATE=\(template.name)", "OUTSPOOL_ATTEMPT=\(attempt)",
            "OUTSPOOL_DEADLINE=\((started + timeout).rfc3339Seconds)", mark,
        ]
        grace = Self.taskGrace
        result = .dropped
        hasProgress = true
        if template.isTask { environment.append("OUTSPOOL_PROGRESS_FD=3") }
        limits.memory = template.settings.program.memory
        limits.cpu = template.settings.program.cpu
        limits.niceness = template.settings.program.niceness ?? settings.tasks.niceness
        limits.diesWithParent = true
    }

    /// The variables that a program inherits from the daemon.
    private static var inherited: [String] {
        let names = ["HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "OUTSPOOL_CONFIG"]
        return ["PATH=" + (Process.environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin")]
            + names.compactMap { name in Process.environment(name).map { "\(name)=\($0)" } }
    }
}
