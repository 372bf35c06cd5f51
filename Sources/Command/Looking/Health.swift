internal import Text

/// How a spool does, in the exit statuses of monitoring plugins.
enum Health: Int32, Comparable, Sendable {
    case ok = 0
    case warning, critical

    var word: String {
        switch self {
        case .ok: "ok"
        case .warning: "warning"
        case .critical: "critical"
        }
    }

    static func < (left: Health, right: Health) -> Bool { left.rawValue < right.rawValue }
}

/// A limit: `WARN` or `WARN,CRIT`, such as `15m,2h` or `100`.
struct Threshold<Value: Comparable & Sendable>: Sendable {
    let warning: Value
    let critical: Value?

    /// Nil when a part is not a value, or the second is less than the first.
    init?(_ text: String, _ parse: (String) -> Value?) {
        let parts = text.pieces(at: ",").map(String.init)
        guard (1...2).contains(parts.count), let first = parse(parts[0]) else { return nil }
        warning = first
        guard parts.count == 2 else {
            critical = nil
            return
        }
        guard let second = parse(parts[1]), second >= first else { return nil }
        critical = second
    }

    /// More than the threshold is too much; the threshold itself is not.
    func judge(_ value: Value) -> Health {
        if let critical, value > critical { return .critical }
        return value > warning ? .warning : .ok
    }
}
