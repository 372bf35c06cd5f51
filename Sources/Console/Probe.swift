package import JSON

/// What `outspoold --probe RELAY` found out, from the line that it prints.
package struct Probe: Equatable, Sendable {
    package let relay: String
    /// Why there is no connection; nil when there is one.
    package let failure: String?
    package let isEncrypted: Bool
    package let capabilities: [String]
    /// Until the relay's certificate ends; negative when it has, nil when none was shown.
    package let certificateDaysLeft: Int?

    package init?(_ value: JSON) {
        guard let object = value.object, let relay = object["relay"]?.string, let isUp = object["ok"]?.bool else {
            return nil
        }
        self.relay = relay
        failure = isUp ? nil : object["reason"]?.string ?? "no reason given"
        isEncrypted = object["tls"]?.bool ?? false
        capabilities = (object["capabilities"]?.array ?? []).compactMap(\.string)
        certificateDaysLeft = object["certificateDaysLeft"]?.int
    }
}
