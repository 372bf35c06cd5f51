internal import Spool
internal import Text
internal import Time

/// Says in one line why no job is sent at the moment; nil if the daemon knows of no reason.
func hindrance(in reader: borrowing SpoolReader) throws(Failure) -> String? {
    let daemon = DaemonStatus(of: reader)
    guard let daemon, daemon.isAlive(now: .now) else {
        return try reader.isLocked(daemon, now: .now) ? nil : "no daemon runs on this spool"
    }
    if try reader.pauses().contains(.all) { return "all is paused; outspool resume ends that" }
    let down = daemon.relays.filter(\.isOpen)
    if down.isEmpty || down.count < daemon.relays.count { return nil }
    return down.map { relay in
        let reason = relay.reason.map { $0.isEmpty ? "" : ": \(printable($0))" } ?? ""
        return "relay \(printable(relay.name)) does not work\(reason)"
    }.joined(separator: "; ")
}
