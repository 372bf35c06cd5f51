internal import Linux

/// How many connections the limit of open descriptors has room for.
///
/// Without it a daemon with more connections than descriptors would meet EMFILE at each of them, and at each file.
package struct DescriptorBudget: Equatable, Sendable {
    /// A socket, the file of the job that is under way, and that of the one behind it.
    private static let connection = 3
    /// A job's file, the process, its three pipes.
    private static let program = 5
    /// For directories that are read, templates, passwords, lookups of names.
    private static let reserve = 48

    private let limit: Int
    /// How many are open before the first job.
    private let open: Int

    package init(limit: Int, open: Int) {
        self.limit = limit
        self.open = open
    }

    /// Lowers `connections` of each relay to what fits; one line for each that is lowered. Relays take turns, so each
    /// may have all.
    package func fit(_ settings: inout Settings) -> [String] {
        let programs = settings.tasks.concurrency + settings.tasks.dataConcurrency
        let room = limit - open - DescriptorBudget.reserve - programs * DescriptorBudget.program
        let most = max(room / DescriptorBudget.connection, 1)
        var findings: [String] = []
        for index in settings.relays.indices where settings.relays[index].connections > most {
            let relay = settings.relays[index]
            findings.append(
                "relay \(relay.name): connections = \(relay.connections) do not fit into \(limit) open files: "
                    + "\(most) are used (see ulimit -Hn, or LimitNOFILE in systemd.exec(5))")
            settings.relays[index].connections = most
        }
        return findings
    }
}
