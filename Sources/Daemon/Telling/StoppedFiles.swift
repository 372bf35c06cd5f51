internal import Time

/// The files that wait and that the daemon does not touch, each with its reason: what the log says once, and `status`
/// as long as it holds.
package struct StoppedFiles: Equatable, Sendable {
    /// The most files that are known. Beyond, each is told anew.
    static let most = 1000
    /// A file that was not met for so long has gone, or goes on. Each is met every minute.
    static let patience = Span.minutes(3)

    private struct Stop: Equatable {
        let reason: String
        var met: Int64
    }

    private var stops: [String: Stop] = [:]

    package init() {}

    /// Notes that the file was met at this moment of the monotonic clock; whether that is news.
    package mutating func note(_ path: String, _ reason: String, at now: Int64) -> Bool {
        if stops[path]?.reason == reason {
            stops[path]?.met = now
            return false
        }
        if stops.count < StoppedFiles.most || stops[path] != nil { stops[path] = Stop(reason: reason, met: now) }
        return true
    }

    /// The file goes on, or is gone.
    package mutating func clear(_ path: String) { if !stops.isEmpty { stops[path] = nil } }

    /// Forgets the files that were not met lately.
    package mutating func sweep(at now: Int64) {
        if stops.isEmpty { return }
        stops = stops.filter { now - $0.value.met < StoppedFiles.patience.nanoseconds }
    }

    package var count: Int { stops.count }

    /// The first of them by their paths, each a line.
    package func lines(_ most: Int) -> [String] {
        stops.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(most).map { path in
            "\(path): \(stops[path]?.reason ?? "")"
        }
    }
}
