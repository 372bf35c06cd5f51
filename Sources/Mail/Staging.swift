internal import Configuration
internal import IDNA
package import Message
package import Text

/// Which recipients mail may leave for, where it is not to reach everybody: on staging machines.
///
/// It is judged by the envelope, so it holds for every kind of job.
package struct Staging: Equatable, Sendable {
    /// Who gets the mail of those that are not allowed; nil: they get none.
    package var redirect: Address?
    /// Nil: all are allowed, or none where there is a ``redirect``.
    package var allowed: [Entry]?

    package init(redirect: Address? = nil, allowed: [Entry]? = nil) {
        self.redirect = redirect
        self.allowed = allowed
    }

    /// One entry of `allow_recipients`.
    package enum Entry: Hashable, Sendable {
        /// Everybody at this very domain, not at those below it; as ``Address/domain`` has it.
        case domain(String)
        /// One address, the letters of ASCII in lower case.
        case address(ExactText)

        /// Parses `@example.com` or `zoe@example.com`.
        package init(parsing text: String) throws(AddressError) {
            let isDomain = text.utf8.first == UInt8(ascii: "@")
            let address = try Address(parsing: isDomain ? "x\(text)" : text)
            self = isDomain ? .domain(address.domain) : .address(ExactText(address.text.lowercasedASCII))
        }
    }

    var isOff: Bool { redirect == nil && allowed == nil }

    /// Whether mail for a recipient may leave.
    package func allows(_ recipient: String) -> Bool {
        if isOff || redirect.map({ recipient.isExactly($0.text) }) == true { return true }
        let domain = recipient.utf8.lastIndex(of: UInt8(ascii: "@")).map { recipient[$0...].dropFirst() }
        return allowed?.contains { entry in
            switch entry {
            case .domain(let own): domain?.lowercasedASCII == own
            // Local parts may differ in case, but in practice two addresses never do.
            case .address(let own): ExactText(recipient.lowercasedASCII) == own
            }
        } ?? false
    }

    /// The restriction, in one line for the log; nil when all mail leaves as it is.
    package var summary: String? {
        if isOff { return nil }
        let others = redirect.map { "goes to \($0)" } ?? "is held back"
        return "mail \(allowed == nil ? "" : "for others than allow_recipients ")\(others)"
    }
}

extension Staging {
    /// Reads `redirect_all_to` and `allow_recipients`.
    init(_ main: inout ConfigurationSection) throws(ConfigurationError) {
        self.init()
        if let text = main.string("redirect_all_to") {
            do throws(AddressError) { redirect = try Address(parsing: text) } catch {
                throw main.fault("'redirect_all_to': \(error)", at: "redirect_all_to")
            }
        }
        guard let entry = main.entry("allow_recipients") else { return }
        var entries: [Entry] = []
        for word in entry.words {
            do throws(AddressError) { entries.append(try Entry(parsing: word)) } catch {
                throw main.fault(
                    "'allow_recipients' is a list like @example.com, zoe@example.org; \(error)", at: "allow_recipients")
            }
        }
        allowed = entries
    }
}

extension OutgoingMail {
    /// Leaves only recipients that `staging` allows, and notes the others.
    ///
    /// Where only the address of `redirect_all_to` gets the mail, a header field says whom it was for. Where others get
    /// it too, that would reveal hidden recipients.
    mutating func disallow(by staging: Staging) {
        let others = recipients.filter { !staging.allows($0) }
        if others.isEmpty { return }
        recipients.removeAll { !staging.allows($0) }
        guard let redirect = staging.redirect?.text else {
            disallowed = others
            return
        }
        redirected = others
        if recipients.isEmpty {
            let names = others.count > 50 ? others.prefix(50) + ["and \(others.count - 50) more"] : others[...]
            bytes = headerField("X-Outspool-Redirected-From", names.joined(separator: ", ")) + bytes
        }
        if !recipients.holds(exactly: redirect) { recipients.append(redirect) }
    }
}
