internal import Text

/// A server's offers in its reply to EHLO, RFC 5321 section 4.1.1.1, or to LHLO, RFC 2033 section 4.1.
package struct Capabilities: Equatable {
    package var language = MailProtocol.smtp
    /// The name that the server gives itself in its reply to EHLO; nil after HELO.
    package var server: String?
    /// RFC 2920.
    package var pipelining = false
    /// SIZE is offered. RFC 1870.
    package var size = false
    /// The greatest message in bytes; nil where none is fixed.
    package var sizeLimit: Int?
    /// RFC 6152.
    package var eightBitMIME = false
    /// RFC 6531.
    package var smtpUTF8 = false
    /// RFC 3461.
    package var dsn = false
    /// RFC 3207.
    package var startTLS = false
    /// How many recipients a transaction, and how many messages a connection may have. LIMITS, RFC 9422.
    package var recipientLimit: Int?
    package var messageLimit: Int?
    /// RFC 2034.
    package var enhancedStatusCodes = false
    /// Mechanism names in capitals. RFC 4954.
    package var authMechanisms: [String] = []

    package init() {}

    /// Reads the reply to EHLO or LHLO; its first line is the greeting. A reply to HELO offers nothing.
    package init(_ reply: Reply, in language: MailProtocol = .smtp) {
        self.language = language
        let lines = reply.lines
        if lines.count > 1 { server = Self.name(lines) }
        for line in lines.dropFirst() {
            // Servers before RFC 2554 wrote `AUTH=PLAIN LOGIN`; some still do so next to the other form.
            let words = line.utf8.split { $0 == 0x20 || $0 == UInt8(ascii: "=") || $0 == 0x09 }
                .map { String(decoding: $0.map(\.uppercased), as: UTF8.self) }
            guard let keyword = words.first else { continue }
            add(keyword, Array(words.dropFirst()))
        }
    }

    private static func name(_ lines: [String]) -> String {
        String(decoding: lines.first?.utf8.prefix { $0 != 0x20 } ?? "".utf8.prefix(0), as: UTF8.self)
    }

    /// Whether the reply can only be one to EHLO: it names the server, or offers what the first one offered.
    package func isGreeting(_ reply: Reply) -> Bool {
        guard let server, reply.code == 250 else { return false }
        let lines = reply.lines
        return lines.count > 1 || Self.name(lines).isExactly(server)
    }

    private mutating func add(_ keyword: String, _ parameters: [String]) {
        switch keyword {
        case "PIPELINING": pipelining = true
        case "SIZE":
            size = true
            // Zero says that no limit is fixed. RFC 1870 section 4.
            sizeLimit = parameters.first.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        case "8BITMIME": eightBitMIME = true
        case "SMTPUTF8": smtpUTF8 = true
        case "DSN": dsn = true
        case "STARTTLS": startTLS = true
        case "LIMITS":
            for (name, value) in zip(parameters, parameters.dropFirst()) {
                guard let limit = Int(value), limit > 0 else { continue }
                if name == "RCPTMAX" { recipientLimit = limit }
                if name == "MAILMAX" { messageLimit = limit }
            }
        case "ENHANCEDSTATUSCODES": enhancedStatusCodes = true
        case "AUTH":
            for mechanism in parameters where !authMechanisms.contains(mechanism) { authMechanisms.append(mechanism) }
        default: break
        }
    }
}

extension Capabilities {
    /// The offers, in the words of EHLO.
    package var words: [String] {
        var words: [String] = []
        for (isOffered, word) in [
            (pipelining, "PIPELINING"), (size, "SIZE" + (sizeLimit.map { " \($0)" } ?? "")), (eightBitMIME, "8BITMIME"),
            (smtpUTF8, "SMTPUTF8"), (dsn, "DSN"), (startTLS, "STARTTLS"), (enhancedStatusCodes, "ENHANCEDSTATUSCODES"),
        ] where isOffered { words.append(word) }
        if !authMechanisms.isEmpty { words.append("AUTH " + authMechanisms.joined(separator: " ")) }
        return words
    }
}
