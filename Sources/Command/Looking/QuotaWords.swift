internal import Spool
internal import Time

extension DaemonStatus.Relay {
    /// How far its quotas are used up, a line for each: `main: 480 of 500/d`.
    var quotaLines: [String] {
        quotas.map { quota in
            let room = quota.nextRoom.map { ", used up until \($0.rfc3339Seconds)" } ?? ""
            return "\(name): \(quota.used) of \(quota.limit)/\(quota.unit)\(room)"
        }
    }
}
