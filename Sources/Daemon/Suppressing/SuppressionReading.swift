internal import Configuration
internal import Spool
internal import Time

extension SuppressionPolicy {
    /// Reads `suppression`, `complaint_scope`, `suppress_after` and `suppress_for`.
    init(_ main: inout ConfigurationSection) throws(ConfigurationError) {
        self.init()
        enum Switch: String, CaseIterable { case on, off }
        if let choice = try main.choice("suppression", of: Switch.self) { isOn = choice == .on }
        if let choice = try main.choice("complaint_scope", of: Scope.self) { complaintScope = choice }
        if let count = try main.int("suppress_after", in: 0...100) { bounceLimit = count }
        if let span = try main.positiveSpan("suppress_for", like: "30d") { bounceSpan = span }
    }
}
