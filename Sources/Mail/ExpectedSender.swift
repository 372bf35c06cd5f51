internal import JSON
package import Spool
internal import Text

extension Job {
    /// The address that its mail will be sent from, as far as that can be told before it is made; `otherwise` is the
    /// template's or the configuration's `from`. It is a name for jobs of one sender, and not an address to send from.
    package func expectedSender(_ otherwise: String?) -> String {
        Job.bareAddress(envelopeFrom ?? from.flatMap { Job.address($0) } ?? otherwise ?? "")
    }

    /// The address of a mailbox as it is written, in lower case: what its angle brackets hold, or all of it.
    package static func bareAddress(_ mailbox: String) -> String {
        var mailbox = mailbox
        return mailbox.withUTF8 { bytes in
            guard let start = bytes.lastIndex(of: UInt8(ascii: "<")),
                let end = bytes[start...].firstIndex(of: UInt8(ascii: ">"))
            else { return String(decoding: bytes, as: UTF8.self) }
            return String(decoding: bytes[(start + 1)..<end], as: UTF8.self)
        }.lowercasedASCII
    }
}
