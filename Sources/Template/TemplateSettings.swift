internal import Configuration
internal import Text
package import Time

/// The values of `template.conf`; nil where it is silent.
package struct TemplateSettings: Equatable, Sendable {
    package enum Priority: String, CaseIterable, Sendable {
        case high, normal, bulk
    }

    /// The treatment of a job that may or may not have been sent.
    package enum Doubt: String, CaseIterable, Sendable {
        case resend, hold
    }

    /// The kind of template.
    package enum Kind: Sendable {
        case mail, task
        /// A mail with `data`.
        case mailWithData
    }

    package private(set) var from: String?
    package private(set) var replyTo: String?
    /// How long after its submission a job expires; more than zero.
    package private(set) var ttl: Span?
    package private(set) var priority: Priority?
    package private(set) var onDoubt: Doubt?
    /// After how many failed attempts a job is a dead letter; one or more.
    package private(set) var maximumAttempts: Int?
    /// The template that the HTML part is wrapped in, as its block `body`.
    package private(set) var layout: String?
    /// Where ``layout`` was set.
    private(set) var layoutLine = 1
    /// The names of the files that are attached to each mail, each once.
    private(set) var attachments: [String] = []
    /// Where ``attachments`` was set.
    private(set) var attachmentsLine = 1
    /// Where a reader unsubscribes, in the order of preference.
    package private(set) var listUnsubscribe: [Mustache] = []
    /// How its program is run, if it has one.
    package private(set) var program = ProgramSettings()
    /// Extra header fields in the order of the file, each name once whatever its case.
    package private(set) var headers: [Header] = []

    package struct Header: Equatable, Sendable {
        package let name: String
        package let value: Mustache
    }

    /// All that is rendered with the parameters; it includes nothing, and its positions are those in `template.conf`.
    package var mustaches: [Mustache] { listUnsubscribe + headers.map(\.value) }

    package init() {}

    /// - Parameter file: the path, for errors.
    init(parsing bytes: [UInt8], file: String, of kind: Kind = .mail) throws(TemplateFault) {
        let main: ConfigurationSection
        let fields: [ConfigurationEntry]
        do throws(ConfigurationError) {
            let configuration = try ConfigurationFile(parsing: bytes, name: file)
            main = try read(configuration.main, of: kind)
            try configuration.refuseSections(otherThan: kind == .task ? [] : ["headers"])
            fields = try entries(configuration.sections("headers"))
        } catch {
            throw TemplateFault(file: error.file, line: error.line, reason: error.reason)
        }
        if let entry = main.entries.first(where: { $0.key == "list_unsubscribe" }) {
            listUnsubscribe = try UnsubscribeURI.templates(in: entry, file: file)
        }
        for field in fields {
            if !listUnsubscribe.isEmpty, field.key.lowercasedASCII.begins(with: "list-unsubscribe") {
                throw TemplateFault(
                    file: file, line: field.line, reason: "'\(field.key)' follows from list_unsubscribe")
            }
            let value = Array(field.value.utf8)[...]
            headers.append(Header(name: field.key, value: try .value(value, of: field, file: file)))
        }
    }

    /// - Returns: the section, of which every key is known.
    private mutating func read(
        _ section: ConfigurationSection, of kind: Kind
    ) throws(ConfigurationError) -> ConfigurationSection {
        var section = section
        try readCommon(&section)
        switch kind {
        case .mail:
            try section.refuse(ProgramSettings.keys, "is for a program, and there is neither run nor data")
            try readMail(&section)
        case .mailWithData:
            try readMail(&section)
            program = try ProgramSettings(&section)
        case .task:
            try section.refuse(TemplateSettings.mailKeys, "is for a mail, and this is a task")
            program = try ProgramSettings(&section)
        }
        try section.refuseUnknown()
        return section
    }

    /// The keys that only a mail has.
    private static let mailKeys = ["from", "reply_to", "layout", "attachments", "list_unsubscribe"]

    private mutating func readCommon(_ section: inout ConfigurationSection) throws(ConfigurationError) {
        ttl = try section.positiveSpan("ttl", like: "15m")
        priority = try section.choice("priority")
        onDoubt = try section.choice("on_doubt")
        maximumAttempts = try section.int("max_attempts", in: 1...1000)
    }

    private mutating func readMail(_ section: inout ConfigurationSection) throws(ConfigurationError) {
        from = section.string("from")
        replyTo = section.string("reply_to")
        layoutLine = section.entry("layout")?.line ?? 1
        layout = try section.value("layout", "a name: letters, digits and . _ @ = + -") {
            isTemplateName($0) ? $0 : nil
        }
        if let entry = section.entry("attachments") {
            attachmentsLine = entry.line
            for name in entry.words {
                var refusal = TemplateFile.refusal(of: name)
                if attachments.holds(exactly: name) { refusal = "there twice" }
                if let refusal { throw section.fault("'attachments': '\(name)' is \(refusal)", at: "attachments") }
                attachments.append(name)
            }
        }
        _ = section.entry("list_unsubscribe")
    }

    private func entries(_ sections: [ConfigurationSection]) throws(ConfigurationError) -> [ConfigurationEntry] {
        var entries: [ConfigurationEntry] = []
        for var section in sections {
            if section.name != nil { throw section.fault("[headers] has no name") }
            var seen: Set<ExactText> = []
            for entry in section.allEntries() {
                guard seen.insert(ExactText(entry.key.lowercasedASCII)).inserted else {
                    throw section.fault("the header '\(entry.key)' is set twice", at: entry.key)
                }
                entries.append(entry)
            }
        }
        return entries
    }
}

extension Mustache {
    /// A value of `template.conf` that is rendered with the parameters.
    /// - Parameter text: the entry's value or a part of it, with the value's indices.
    static func value(
        _ text: ArraySlice<UInt8>, of entry: ConfigurationEntry, file: String
    ) throws(TemplateFault) -> Mustache {
        let start = Position(line: entry.line, column: entry.column + text.startIndex)
        let mustache = try Mustache(parsing: Array(text), file: file, at: start)
        if let reference = mustache.references.first {
            throw TemplateFault(file: file, reference.position, "a value of template.conf includes nothing")
        }
        return mustache
    }

    /// The text of a template without tags, which is the same for all parameters; nil if there are tags.
    package var fixedText: String? {
        var bytes: [UInt8] = []
        for node in nodes {
            guard case .text(let text) = node else { return nil }
            bytes += text.bytes
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Whether a template, layout or partial may be called so: `[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}`,
/// the alphabet of ids. No such name leads out of its folder.
package func isTemplateName(_ name: String) -> Bool {
    let bytes = name.utf8
    guard let first = bytes.first, bytes.count <= 200, first.isLetterOrDigit else { return false }
    return bytes.allSatisfy { $0.isLetterOrDigit || "._@=+-".utf8.contains($0) }
}
