package import Mail
package import Message

/// The rights of a door's client: where its jobs go, whom they are from, and which templates they may use.
package struct Access: Equatable, Sendable {
    /// The drop box, or the spool, that its jobs are submitted to.
    package var box: String
    /// Which senders it may use, in the envelope and in the header; nil: any.
    package var senders: [Staging.Entry]?
    /// The sender of every envelope, instead of the client's; the null sender stays.
    package var envelopeFrom: Address?
    package var templates = Templates.none

    /// Which templates its header fields may name.
    package enum Templates: Equatable, Sendable {
        case none
        case all
        case some([String])

        package func contains(_ name: String) -> Bool {
            switch self {
            case .none: false
            case .all: true
            case .some(let names): names.contains(name)
            }
        }
    }

    package init(box: String) { self.box = box }

    /// Whether the client may use this sender.
    package func allows(_ sender: Address) -> Bool {
        guard let senders else { return true }
        return Staging(allowed: senders).allows(sender.text)
    }

    /// The suffix of its jobs' ids in the spool: `@shop` for `…/drop/shop`.
    ///
    /// - Parameter user: the user who submits, whose number ids of a box of all users have.
    package func mark(user: UInt32) -> String {
        let parts = box.utf8.split(separator: UInt8(ascii: "/")).suffix(2)
        guard parts.count == 2, parts.first?.elementsEqual("drop".utf8) == true, let name = parts.last else {
            return ""
        }
        let text = String(decoding: name, as: UTF8.self)
        return text == "local" ? "+\(user)@\(text)" : "@\(text)"
    }
}
