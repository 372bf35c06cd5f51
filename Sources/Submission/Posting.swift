package import Message
internal import Linux
package import SMTPServer
package import Spool

/// One message that a door has taken whole, and who it is from and for: all that is needed to make its job.
package struct Posting: Sendable {
    /// Nil is the null sender.
    package var sender: Address?
    package var recipients: [Address]
    /// The notifications that were asked for: `NOTIFY`, in upper case; `RET`; `ENVID`, as xtext.
    package var notify: String?
    package var returned: String?
    package var envelopeID: String?
    /// With CRLF line ends, dots as they are meant.
    package var message: [UInt8]
    package var access: Access
    package var origin: String
    package var maxJobSize: Int

    package init(
        sender: Address?, recipients: [Address], message: [UInt8], access: Access, origin: String, maxJobSize: Int
    ) {
        self.sender = sender
        self.recipients = recipients
        self.message = message
        self.access = access
        self.origin = origin
        self.maxJobSize = maxJobSize
    }
}

/// Why a posting makes no job: the reply that the client gets.
package struct PostingRefusal: Error, Equatable {
    package let reply: Reply

    package init(_ reply: Reply) { self.reply = reply }

    /// The disk's fault is not the message's: the client keeps it and tries again.
    package init(_ error: SpoolError) {
        let isFull = [.noSpace, .quota].contains(error.errno)
        reply =
            isFull
            ? Reply(452, "4.3.1", "Insufficient system storage") : Reply(451, "4.3.0", "Error: queue file write error")
    }

    /// The id that a message asks for is another job's.
    package static func taken(_ id: JobID) -> PostingRefusal {
        PostingRefusal(content: "X-Outspool-Id: another job of the id \(id) waits")
    }

    package var isTooBig: Bool { reply == .tooBig }

    /// The content is at fault and will be at each attempt.
    init(content reason: String) { reply = Reply(554, "5.6.0", reason) }
    init(policy reason: String) { reply = Reply(550, "5.7.1", reason) }
}
