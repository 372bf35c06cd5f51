internal import Configuration
internal import Spool
internal import Text

/// Which mails a relay takes, by `senders`, `templates`, `tags` and `domains` of its section; all, where none is set.
package struct Routing: Equatable, Sendable {
    /// Patterns in lower case, in which `*` stands for anything; nil for all.
    private var senders: [String]?
    private var templates: [String]?
    private var tags: [String]?
    private var domains: [String]?

    package init() {}

    init(_ section: inout ConfigurationSection) throws(ConfigurationError) {
        senders = try Routing.patterns("senders", &section)
        templates = try Routing.patterns("templates", &section)
        tags = try Routing.patterns("tags", &section)
        domains = try Routing.patterns("domains", &section)
    }

    private static func patterns(
        _ key: String, _ section: inout ConfigurationSection
    ) throws(ConfigurationError) -> [String]? {
        guard let text = section.string(key) else { return nil }
        let words = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
            String(decoding: $0.filter { !$0.isBlank }, as: UTF8.self).lowercasedASCII
        }
        guard words.allSatisfy({ !$0.isEmpty }) else {
            throw section.fault("'\(key)' are words with commas between them; * stands for anything", at: key)
        }
        return words
    }

    /// Whether every mail is taken.
    var isOpen: Bool { senders == nil && templates == nil && tags == nil && domains == nil }

    /// Whether mails of this sender, template and tags are taken, if the recipients' domain is.
    func takes(_ job: Job, sender: String) -> Bool {
        guard Routing.fits(sender, senders), Routing.fits(job.template ?? "", templates) else { return false }
        guard let tags else { return true }
        return job.tags.contains { Routing.fits($0, tags) }
    }

    /// Whether mails for the recipient are taken.
    func takes(recipient: String) -> Bool {
        guard let domains else { return true }
        guard let at = recipient.utf8.lastIndex(of: UInt8(ascii: "@")) else { return false }
        return Routing.fits(String(recipient[recipient.utf8.index(after: at)...]), domains)
    }

    private static func fits(_ text: String, _ patterns: [String]?) -> Bool {
        guard let patterns else { return true }
        let text = Array(text.lowercasedASCII.utf8)
        return patterns.contains { matches(text[...], Array($0.utf8)[...]) }
    }

    /// Whether the text matches the pattern. Linear in the text for each `*`.
    private static func matches(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
        let pieces = pattern.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        guard let first = pieces.first, let last = pieces.last, text.starts(with: first) else { return false }
        if pieces.count == 1 { return text.count == first.count }
        var rest = text.dropFirst(first.count)
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            guard piece.count <= rest.count,
                let start = (rest.startIndex...(rest.endIndex - piece.count)).first(where: {
                    rest[$0...].starts(with: piece)
                })
            else { return false }
            rest = rest[(start + piece.count)...]
        }
        return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
    }
}
