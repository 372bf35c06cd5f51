internal import IDNA
internal import Message
internal import Relay

extension Settings {
    /// Findings of `--check` that are not errors: valid settings that may not work, a line for each.
    package var doubts: [String] {
        relays.compactMap { relay in
            // It was read as such a name, or is the machine's.
            guard let helo = relay.connection.helo, let name = try? HostName(helo, allowsLiteral: true) else {
                return nil
            }
            return name.finding.map { "[relay \(relay.name)]: \($0)" }
        }
    }
}
