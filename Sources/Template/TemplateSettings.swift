internal import Configuration
package import Time

/// What `template.conf` says; nil where it says nothing.
package struct TemplateSettings: Equatable, Sendable {
    package enum Priority: String, CaseIterable, Sendable {
        case high, normal, bulk
    }

    /// What becomes of a job of which nobody knows whether it was sent.
    package enum Doubt: String, CaseIterable, Sendable {
        case resend, hold
    }

    package private(set) var from: String?
    package private(set) var replyTo: String?
    /// How long after its submission a job expires; more than zero.
    package private(set) var ttl: Span?
    package private(set) var priority: Priority?
    package private(set) var onDoubt: Doubt?
    /// The template that the HTML part is wrapped in, as its block `body`.
    package private(set) var layout: String?
    /// Where ``layout`` was set.
    private(set) var layoutLine = 1
    /// Extra header fields in the order of the file, each name once whatever its case.
    package private(set) var headers: [Header] = []

    package struct Header: Equatable, Sendable {
        package let name: String
        package let value: String
    }

    package init() {}

    /// - Parameter file: the path, for errors.
    init(parsing bytes: [UInt8], file: String) throws(TemplateFault) {
        do throws(ConfigurationError) {
            let configuration = try ConfigurationFile(parsing: bytes, name: file)
            try read(configuration.main)
            try configuration.refuseSections(otherThan: ["headers"])
            for section in configuration.sections { try read(headers: section) }
        } catch {
            throw TemplateFault(file: error.file, line: error.line, reason: error.reason)
        }
    }

    private mutating func read(_ section: ConfigurationSection) throws(ConfigurationError) {
        var section = section
        from = section.string("from")
        replyTo = section.string("reply_to")
        ttl = try section.value("ttl", "a length of time like 15m, more than 0") { text in
            Span(text).flatMap { $0 > .zero ? $0 : nil }
        }
        priority = try section.choice("priority")
        onDoubt = try section.choice("on_doubt")
        layoutLine = section.entry("layout")?.line ?? 1
        layout = try section.value("layout", "a name: letters, digits and . _ @ = + -") {
            isTemplateName($0) ? $0 : nil
        }
        try section.refuseUnknown()
    }

    private mutating func read(headers section: ConfigurationSection) throws(ConfigurationError) {
        if section.name != nil { throw section.fault("[headers] has no name") }
        var section = section
        var seen: Set<String> = []
        for entry in section.allEntries() {
            guard seen.insert(entry.key.lowercased()).inserted else {
                throw section.fault("the header '\(entry.key)' is set twice", at: entry.key)
            }
            headers.append(Header(name: entry.key, value: entry.value))
        }
    }
}

/// Whether a template, layout or partial may be called so: `[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}`,
/// the alphabet of ids. No such name leads out of its folder.
package func isTemplateName(_ name: String) -> Bool {
    let bytes = name.utf8
    guard let first = bytes.first, bytes.count <= 200, first.isAlphanumeric else { return false }
    return bytes.allSatisfy { $0.isAlphanumeric || "._@=+-".utf8.contains($0) }
}

extension UInt8 {
    var isLetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
    var isAlphanumeric: Bool { isLetter || (0x30...0x39).contains(self) }
}
