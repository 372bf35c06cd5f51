internal import Text

/// One line of a client, understood (RFC 5321, section 4.1).
package enum Command: Equatable, Sendable {
    case ehlo([UInt8])
    case helo([UInt8])
    case mail(Envelope.Sender)
    case rcpt(Envelope.Recipient)
    case data
    case rset
    case noop
    case vrfy
    case help
    case quit
    case startTLS
    /// The mechanism in upper case; the initial response as it was sent.
    case auth(mechanism: String, initial: [UInt8]?)
    /// Not a command of this server, or one with wrong arguments; the reply says which.
    case malformed(Reply)

    /// In octets, with CRLF. RFC 5321 asks for 512 and what the extensions add.
    package static let lineLimit = 1000
    /// In octets, with CRLF (RFC 4954, section 4).
    package static let authLineLimit = 12288

    /// Understands a line without its CRLF.
    /// - Parameter isLenient: paths are taken as careless clients write them: with blanks behind the colon, without
    ///   angle brackets, and with any address, which the caller judges.
    package init(_ line: ArraySlice<UInt8>, isLenient: Bool = false) {
        let verb = line.prefix { $0 != 0x20 }
        let isAuth = verb.packedWord == packed("AUTH")
        if line.count + 2 > (isAuth ? Self.authLineLimit : Self.lineLimit) {
            self = .malformed(.lineTooLong)
            return
        }
        if line.contains(where: \.isControl) {
            self = .malformed(Reply(500, "5.5.2", "Control character in the command"))
            return
        }
        let rest = line.dropFirst(verb.count).drop { $0 == 0x20 }
        let arguments = rest.prefix(rest.count - rest.reversed().prefix { $0 == 0x20 }.count)
        switch verb.packedWord {
        case packed("MAIL"): self = Self.mail(arguments, isLenient: isLenient)
        case packed("RCPT"): self = Self.rcpt(arguments, isLenient: isLenient)
        case packed("DATA"): self = Self.bare(.data, arguments)
        case packed("RSET"): self = Self.bare(.rset, arguments)
        case packed("QUIT"): self = Self.bare(.quit, arguments)
        case packed("STARTTLS"): self = Self.bare(.startTLS, arguments)
        case packed("EHLO"): self = Self.hello(arguments) { .ehlo($0) }
        case packed("HELO"): self = Self.hello(arguments) { .helo($0) }
        case packed("AUTH"): self = Self.auth(arguments)
        case packed("NOOP"): self = .noop
        case packed("HELP"): self = .help
        case packed("VRFY"): self = arguments.isEmpty ? .malformed(.syntax("VRFY needs an argument")) : .vrfy
        case packed("EXPN"), packed("TURN"), packed("ETRN"): self = .malformed(Reply(502, "5.5.1", "Not implemented"))
        default: self = .malformed(Reply(500, "5.5.2", "Unknown command"))
        }
    }

    private static func bare(_ command: Command, _ arguments: ArraySlice<UInt8>) -> Command {
        arguments.isEmpty ? command : .malformed(.syntax("No argument is allowed"))
    }

    private static func hello(_ arguments: ArraySlice<UInt8>, _ make: ([UInt8]) -> Command) -> Command {
        if arguments.isEmpty || arguments.contains(0x20) { return .malformed(.syntax("One domain is needed")) }
        return make(Array(arguments))
    }

    private static func auth(_ arguments: ArraySlice<UInt8>) -> Command {
        let words = arguments.split(separator: 0x20, maxSplits: 2)
        guard let mechanism = words.first, words.count <= 2 else {
            return .malformed(.syntax("AUTH mechanism [initial-response]"))
        }
        return .auth(mechanism: mechanism.uppercasedText, initial: words.count == 2 ? Array(words[1]) : nil)
    }
}

extension Reply {
    package static func syntax(_ text: String) -> Reply { Reply(501, "5.5.4", text) }
    package static let lineTooLong = Reply(500, "5.5.2", "Line too long")
}
