package import Mail
package import Message
internal import Template
internal import Text

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

    /// The drop box's name; nil where ``box`` is a spool.
    package var boxName: String? {
        let parts = box.utf8.split(separator: UInt8(ascii: "/")).suffix(2)
        guard parts.count == 2, parts.first?.elementsEqual("drop".utf8) == true else { return nil }
        return parts.last.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Why its header fields may not name a template; nil if they may.
    ///
    /// - Parameter kind: what the template is, where that can be told here. Where it cannot, what the box may have for
    ///   no kind is refused, and the daemon judges the rest.
    func objection(
        to template: String, _ kind: TemplateSettings.Kind?, under permissions: BoxPermissions
    ) -> String? {
        guard templates.contains(template) else { return "\(template) may not be asked for here" }
        guard let boxName else { return nil }
        let kinds: [TemplateSettings.Kind] = kind.map { [$0] } ?? [.task, .mail]
        let objections = kinds.compactMap { permissions.objection(to: boxName, asking: template, for: $0) }
        return objections.count == kinds.count ? objections.last?.description : nil
    }

    /// The suffix of its jobs' ids in the spool: `@shop` for `…/drop/shop`.
    ///
    /// - Parameter user: the user who submits, whose number ids of a box of all users have.
    package func mark(user: UInt32) -> String {
        guard let boxName else { return "" }
        return boxName.isExactly("local") ? "+\(user)@\(boxName)" : "@\(boxName)"
    }
}
