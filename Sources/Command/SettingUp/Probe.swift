internal import JSON

/// What `outspoold --probe RELAY` found out, from the line that it prints.
struct Probe: Equatable, Sendable {
    let relay: String
    /// Why there is no connection; nil when there is one.
    let failure: String?
    let isEncrypted: Bool
    let capabilities: [String]
    /// Until the relay's certificate ends; negative when it has, nil when none was shown.
    let certificateDaysLeft: Int?

    init?(_ value: JSON) {
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
