/// Why a connection came to nothing.
package struct ConnectionFailure: Error, Equatable, CustomStringConvertible {
    package enum Phase: String { case connect, tls, greeting, ehlo, auth }

    package let phase: Phase
    /// The code of the reply that ended it, if one did.
    package let code: Int?
    /// One line, safe to log; never a credential.
    package var reason: String
    /// Retrying will not help: a certificate that does not verify, a login that is refused, a wrong setting.
    package let isConfigurationFault: Bool
    /// The relay refused a login permanently: each further one with the same secret may lock the account.
    package var refusesLogin = false
    /// No descriptor was left for it: that says nothing about the relay.
    package var isShortage = false
    /// The address at which it happened; nil where none was reached.
    package var address: String?

    /// An AUTH went out, and came to nothing: another one soon may be one too many.
    package var concernsLogin: Bool { refusesLogin || phase == .auth && !isConfigurationFault }

    package var description: String { "\(phase.rawValue): \(reason)" }

    package init(_ phase: Phase, code: Int? = nil, _ reason: String, isConfigurationFault: Bool = false) {
        self.phase = phase
        self.code = code
        self.reason = reason
        self.isConfigurationFault = isConfigurationFault
    }
}
