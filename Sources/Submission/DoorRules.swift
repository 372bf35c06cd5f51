package import SMTPServer

/// The offers and demands of a door: the same for all its clients.
package struct DoorRules: Sendable {
    /// The name in the greeting.
    package var name: String
    /// The domain of addresses that have none, in the form of ``Message/Address/domain``.
    package var origin: String
    /// The most octets of a message, and bytes of the job for it.
    package var maxMessageSize = 10 << 20
    package var maxJobSize = 32 << 20
    package var maxRecipients = 1000
    /// A session ends at so many errors, or at so many commands that do nothing.
    package var maxErrors = 20
    package var maxIdleCommands = 100
    package var offersTLS = false
    package var offersLogin = false
    /// AUTH without TLS, for sockets that other users cannot listen to.
    package var allowsLoginWithoutTLS = false
    /// Every client has to log in.
    package var requiresLogin = false

    package init(name: String, origin: String) {
        self.name = name
        self.origin = origin
    }
}

extension Reply {
    static let ok = Reply(250, "2.0.0", "Ok")
    static let noCredentials = Reply(535, "5.7.8", "Error: authentication failed")
    static let tooBig = Reply(552, "5.3.4", "Message too big")
    static let needsUTF8 = Reply(553, "5.6.7", "Address needs SMTPUTF8")
    package static let busy = Reply(452, "4.3.1", "Too much is being received at the moment, try again")
    package static let tooManySessions = Reply(421, "4.7.0", "Too many connections")
    package static let timeout = Reply(421, "4.4.2", "Error: timeout exceeded")
    package static let shuttingDown = Reply(421, "4.3.2", "Service shutting down")
}
