internal import Text

/// A status such as `4.7.1`, which says more than the three digits. RFC 3463.
package struct EnhancedStatus: Hashable, CustomStringConvertible, Sendable {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    package let `class`: Int
    package let subject: Int
    package let detail: Int

    package init(_ class: Int, _ subject: Int, _ detail: Int) {
        self.class = `class`
        self.subject = subject
        self.detail = detail
    }

    package var description: String { "\(`class`).\(subject).\(detail)" }

    /// Message too big for the system. RFC 3463 section 3.4.
    package static let tooBig = EnhancedStatus(5, 3, 4)
    /// Non-ASCII addresses not permitted. RFC 6531 section 3.5.
    package static let nonASCII = EnhancedStatus(5, 6, 7)
    /// Delivery not authorized, message refused. RFC 3463 section 3.8.
    package static let notAllowed = EnhancedStatus(5, 7, 1)
    /// Bad connection. RFC 3463 section 3.5.
    package static let badConnection = EnhancedStatus(4, 4, 2)
    /// Too many recipients, or a protocol error in general. RFC 3463 section 3.6.
    package static let tooManyRecipients = EnhancedStatus(5, 5, 3)
    /// Invalid command: the server is out of step with us.
    package static let outOfStep = EnhancedStatus(4, 5, 0)

    /// The status at the start of `text`, which ends there or goes on with a space; and where the rest begins.
    static func prefix(of text: ArraySlice<UInt8>) -> (EnhancedStatus, end: Int)? {
        var rest = text
        guard let first = number(&rest, digits: 1), [2, 4, 5].contains(first), rest.popFirst() == 0x2E,
            let second = number(&rest, digits: 3), rest.popFirst() == 0x2E,
            let third = number(&rest, digits: 3), rest.first == nil || rest.first == 0x20
        else { return nil }
        while rest.first == 0x20 { rest.removeFirst() }
        return (EnhancedStatus(first, second, third), rest.startIndex)
    }

    private static func number(_ text: inout ArraySlice<UInt8>, digits: Int) -> Int? {
        var value: Int?
        for _ in 0..<digits {
            guard let digit = text.first, digit.isDigit else { break }
            value = (value ?? 0) * 10 + Int(digit - 0x30)
            text.removeFirst()
        }
        return value
    }
}
