internal import Text

/// Who may ask: the rules that every request passes before a page sees it.
///
/// A page of another site can have a browser send requests here, and with a name that it owns and that leads to this
/// machine (DNS rebinding) even read the answers. So a request says by which name it came, and one that changes something
/// from where.
package struct Gate: Sendable {
    /// Names under which this server is reached, besides those of the loopback.
    package var hosts: [String]
    /// The field in which a proxy says who asks; nil: none does.
    package var userField: String?

    package init(hosts: [String] = [], userField: String? = nil) {
        self.hosts = hosts
        self.userField = userField
    }

    package enum Verdict: Equatable, Sendable {
        case pass
        case refuse(status: Int, reason: String)
    }

    package func judge(_ request: Request) -> Verdict {
        guard let host = request.value("Host") else { return .refuse(status: 400, reason: "one Host field is needed") }
        guard isKnown(Gate.name(of: host)) else {
            return .refuse(
                status: 421,
                reason: "this is not the server of \(printable(host, limit: 100)); --host NAME allows a name")
        }
        // What a page of another site loads or sends. To follow a link from there is allowed, and changes nothing.
        let site = request.value("Sec-Fetch-Site")?.lowercasedASCII
        let isForeign = site.map { !$0.isExactly("same-origin") && !$0.isExactly("none") } ?? false
        if request.method == .post {
            if isForeign { return .refuse(status: 403, reason: "sent by a page of another site") }
            if request.values("Sec-Fetch-Site").count > 1 || request.values("Origin").count > 1 {
                return .refuse(status: 403, reason: "a field is there twice")
            }
            if let origin = request.value("Origin"), !isOurs(origin, host: host) {
                return .refuse(status: 403, reason: "sent by a page of another origin")
            }
        } else if isForeign,
            request.value("Sec-Fetch-Mode")?.lowercasedASCII != "navigate"
                || request.value("Sec-Fetch-Dest")?.lowercasedASCII != "document"
        {
            return .refuse(status: 403, reason: "loaded by a page of another site")
        }
        return .pass
    }

    /// Who asks, as the proxy says; `-` where none is asked for. Nil: the request did not come through the proxy.
    package func user(of request: Request) -> String? {
        guard let userField else { return "-" }
        guard let user = request.value(userField), !user.isEmpty else { return nil }
        return user
    }

    private func isKnown(_ name: String) -> Bool {
        (["localhost", "127.0.0.1", "[::1]"] + hosts).contains { $0.lowercasedASCII.isExactly(name) }
    }

    /// `http://HOST` or `https://HOST` of this very request, or of a name that was allowed.
    private func isOurs(_ origin: String, host: String) -> Bool {
        let text = origin.lowercasedASCII
        guard let (scheme, authority) = text.halves(at: ":"), scheme.isExactly("http") || scheme.isExactly("https"),
            authority.begins(with: "//")
        else { return false }
        let name = String(Substring(authority.utf8.dropFirst(2)))
        return name.isExactly(host.lowercasedASCII) || hosts.contains { $0.lowercasedASCII.isExactly(name) }
    }

    /// A Host field without its port, in lower case.
    private static func name(of host: String) -> String {
        let text = host.lowercasedASCII
        if text.begins(with: "[") {
            return text.utf8.firstIndex(of: UInt8(ascii: "]")).map { String(text[...$0]) } ?? text
        }
        return text.halves(at: ":").map { String($0.0) } ?? text
    }
}
