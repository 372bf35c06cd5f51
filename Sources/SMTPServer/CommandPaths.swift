internal import Text

/// The arguments of MAIL and RCPT: a path, then parameters (RFC 5321, sections 4.1.1.2 and 4.1.1.3).
extension Command {
    package static func mail(_ arguments: ArraySlice<UInt8>, isLenient: Bool = false) -> Command {
        guard arguments.prefix(5).matches("FROM:") else { return .malformed(.syntax("MAIL FROM:<address>")) }
        guard let (address, rest) = path(arguments.dropFirst(5), isLenient),
            isLenient || address.isEmpty || isMailbox(address)
        else {
            return .malformed(Reply(553, "5.1.7", "Bad sender address syntax"))
        }
        var sender = Envelope.Sender(address: Array(address))
        var seen: [UInt64] = []
        for parameter in rest.split(separator: 0x20) {
            let (name, value) = keyAndValue(parameter)
            if name.packedWord != 0, seen.contains(name.packedWord) {
                return .malformed(.syntax("A parameter is there twice"))
            }
            seen.append(name.packedWord)
            let isGood: Bool
            switch (name.packedWord, value) {
            case (packed("SIZE"), let value?):
                sender.size = value.count <= 18 && value.allSatisfy(\.isDigit) ? Int(value.text) : nil
                isGood = sender.size != nil
                sender.uses.insert(.size)
            case (packed("BODY"), let value?):
                isGood = value.matches("7BIT") || value.matches("8BITMIME")
                sender.body = value.uppercasedText
                sender.uses.insert(.eightBitMIME)
            case (packed("SMTPUTF8"), nil):
                isGood = true
                sender.smtpUTF8 = true
                sender.uses.insert(.smtpUTF8)
            case (packed("AUTH"), let value?):
                isGood = isXtext(value)
                sender.auth = value.text
                sender.uses.insert(.auth)
            case (packed("RET"), let value?):
                isGood = value.matches("FULL") || value.matches("HDRS")
                sender.ret = value.uppercasedText
                sender.uses.insert(.dsn)
            case (packed("ENVID"), let value?):
                isGood = isXtext(value) && value.count <= 100
                sender.envelopeID = value.text
                sender.uses.insert(.dsn)
            default: return .malformed(.unknownParameter)
            }
            if !isGood { return .malformed(.syntax("Bad parameter value")) }
        }
        return .mail(sender)
    }

    package static func rcpt(_ arguments: ArraySlice<UInt8>, isLenient: Bool = false) -> Command {
        guard arguments.prefix(3).matches("TO:") else { return .malformed(.syntax("RCPT TO:<address>")) }
        guard let (address, rest) = path(arguments.dropFirst(3), isLenient),
            isLenient ? !address.isEmpty : isMailbox(address) || address.matches("POSTMASTER")
        else { return .malformed(Reply(501, "5.1.3", "Bad recipient address syntax")) }
        var recipient = Envelope.Recipient(address: Array(address))
        for parameter in rest.split(separator: 0x20) {
            let (name, value) = keyAndValue(parameter)
            let isGood: Bool
            switch (name.packedWord, value) {
            case (packed("NOTIFY"), let value?):
                isGood = recipient.notify == nil && isNotify(value)
                recipient.notify = value.uppercasedText
            case (packed("ORCPT"), let value?):
                let type = value.prefix { $0 != UInt8(ascii: ";") }
                isGood =
                    recipient.original == nil && !type.isEmpty && type.count < value.count
                    && isXtext(value.dropFirst(type.count + 1)) && value.count <= 500
                recipient.original = value.text
            default: return .malformed(.unknownParameter)
            }
            if !isGood { return .malformed(.syntax("Bad parameter value")) }
            recipient.uses.insert(.dsn)
        }
        return .rcpt(recipient)
    }

    /// The address between the angle brackets, a source route left out, and what follows them.
    private static func path(
        _ given: ArraySlice<UInt8>, _ isLenient: Bool
    ) -> (address: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
        let text = isLenient ? given.drop { $0 == 0x20 } : given
        guard text.first == UInt8(ascii: "<") else {
            let word = text.prefix { $0 != 0x20 }
            return isLenient && 1...512 ~= word.count ? (word, text[word.endIndex...]) : nil
        }
        var isQuoted = false
        var isEscaped = false
        for index in text.indices.dropFirst() {
            let byte = text[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == UInt8(ascii: ">"), !isQuoted {
                var address = text[text.startIndex + 1..<index]
                let rest = text[(index + 1)...]
                guard rest.isEmpty || rest.first == 0x20, address.count <= 512 else { return nil }
                if address.first == UInt8(ascii: "@"), let colon = address.firstIndex(of: UInt8(ascii: ":")) {
                    address = address[(colon + 1)...]
                }
                return (address, rest)
            }
        }
        return nil
    }

    /// `Local-part@Domain` or `Local-part@[literal]`; bytes of UTF-8 are taken as they are (RFC 6531).
    package static func isMailbox(_ address: ArraySlice<UInt8>) -> Bool {
        guard let at = address.lastIndex(of: UInt8(ascii: "@")) else { return false }
        let local = address[..<at]
        let domain = address[(at + 1)...]
        return isLocalPart(local) && (isDomain(domain) || isLiteral(domain))
    }

    private static func isLocalPart(_ local: ArraySlice<UInt8>) -> Bool {
        guard let first = local.first else { return false }
        if first == UInt8(ascii: "\"") {
            var isEscaped = false
            for byte in local.dropFirst().dropLast() {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    return false
                }
            }
            return local.count >= 2 && local.last == first && !isEscaped
        }
        return local.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty && atom.allSatisfy { $0 > 0x20 && $0 != 0x7F && !specials.contains($0) }
        }
    }

    private static let specials = Array("()<>[]:;@\\,.\"".utf8)

    /// An underscore is taken as other servers take it.
    private static func isDomain(_ domain: ArraySlice<UInt8>) -> Bool {
        domain.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy {
                    $0.isLetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 >= 0x80
                }
        }
    }

    private static func isLiteral(_ domain: ArraySlice<UInt8>) -> Bool {
        domain.count > 2 && domain.first == UInt8(ascii: "[") && domain.last == UInt8(ascii: "]")
            && domain.dropFirst().dropLast().allSatisfy {
                $0.isLetterOrDigit || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":")
            }
    }

    private static func keyAndValue(_ parameter: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, ArraySlice<UInt8>?) {
        guard let equals = parameter.firstIndex(of: UInt8(ascii: "=")) else { return (parameter, nil) }
        return (parameter[..<equals], parameter[(equals + 1)...])
    }

    /// RFC 3461, section 4: printable ASCII; `+` begins two upper-case hexadecimal digits.
    private static func isXtext(_ value: ArraySlice<UInt8>) -> Bool {
        var digitsDue = 0
        for byte in value {
            if digitsDue > 0 {
                guard byte.isDigit || (byte >= 0x41 && byte <= 0x46) else { return false }
                digitsDue -= 1
            } else if byte == UInt8(ascii: "+") {
                digitsDue = 2
            } else if byte <= 0x20 || byte > 0x7E || byte == UInt8(ascii: "=") {
                return false
            }
        }
        return digitsDue == 0 && !value.isEmpty
    }

    private static func isNotify(_ value: ArraySlice<UInt8>) -> Bool {
        if value.matches("NEVER") { return true }
        return value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).allSatisfy {
            $0.matches("SUCCESS") || $0.matches("FAILURE") || $0.matches("DELAY")
        }
    }
}

extension Reply {
    fileprivate static let unknownParameter = Reply(555, "5.5.4", "Unknown parameter")
}
