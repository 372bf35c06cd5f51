internal import Text

/// A file of `feedback/new`: a mail as it came, or the body of a relay's webhook behind the header fields that its
/// signature needs.
///
///     Outspool-Webhook: mailgun
///     Content-Type: application/json
///
///     {"signature": ...
package enum FeedbackFile: Equatable, Sendable {
    case mail([UInt8])
    case webhook(Request)

    /// A request as a relay made it; the writer of the file names the relay.
    package struct Request: Equatable, Sendable {
        package var provider: String
        /// In their order, names as they came.
        package var headers: [Header]
        package var body: [UInt8]

        package struct Header: Equatable, Sendable {
            package var name: String
            package var value: String

            package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
        }

        package init(provider: String, headers: [Header], body: [UInt8]) {
            (self.provider, self.headers, self.body) = (provider, headers, body)
        }

        /// The bytes of the file.
        package var file: [UInt8] {
            var bytes = Array("\(FeedbackFile.mark) \(provider)\n".utf8)
            for header in headers { bytes += "\(header.name): \(header.value)\n".utf8 }
            return bytes + [0x0A] + body
        }
    }

    private static let mark = "Outspool-Webhook:"
    private static let headerLimit = 100

    /// Tells by the first line which it is. A webhook without an end of its header, or with more than 100 fields, is one
    /// without a body.
    package init(_ bytes: [UInt8]) {
        guard bytes.starts(with: FeedbackFile.mark.utf8) else {
            self = .mail(bytes)
            return
        }
        var rest = bytes[...]
        var request = Request(provider: "", headers: [], body: [])
        while let end = rest.firstIndex(of: 0x0A), request.headers.count <= FeedbackFile.headerLimit {
            var line = rest[..<end]
            if line.last == 0x0D { line.removeLast() }
            rest = rest[(end + 1)...]
            if line.isEmpty {
                request.body = Array(rest)
                break
            }
            let text = String(decoding: line, as: UTF8.self)
            guard let (name, value) = text.halves(at: ":") else { continue }
            let trimmed = FeedbackFile.trimmed(value)
            if request.provider.isEmpty {
                request.provider = trimmed
            } else {
                request.headers.append(.init(String(name), trimmed))
            }
        }
        self = .webhook(request)
    }

    private static func trimmed(_ text: Substring) -> String {
        var bytes = text.utf8[...]
        while bytes.first == 0x20 || bytes.first == 0x09 { bytes.removeFirst() }
        while bytes.last == 0x20 || bytes.last == 0x09 { bytes.removeLast() }
        return String(Substring(bytes))
    }
}
