package import JSON
package import Schema
package import Text

/// One template: all its files, read at one moment and parsed.
package struct Template: Sendable {
    package let terms: Terms
    package let settings: TemplateSettings
    /// `sample.json`.
    package let sample: JSON.Object?
    /// `run`, the path of the program, where the template is a task and makes no mail.
    package let run: String?
    /// The program that makes the view of a job's parameters; nil if the parameters are the view.
    package let view: View?
    /// Its subjects, texts and HTMLs in every locale; of each kind the default first.
    package let parts: [Part]
    package let source: TemplateSource
    /// The files that its HTMLs name as `cid:NAME`, by name.
    package let images: [ExactText: TemplateFile]
    /// The files that each of its mails carries, in the order of `template.conf`.
    package let attachments: [TemplateFile]

    /// One mustache file, with all that it includes.
    package struct Part: Sendable {
        package enum Kind: String, CaseIterable, Sendable {
            case subject, text, html
        }

        package let kind: Kind
        /// In lower case; nil for the default.
        package let locale: String?
        /// The file; a configured layout is around it already.
        package let mustache: Mustache
        /// All partials, parents and layouts that the part uses, by name.
        package let partials: [String: Mustache]
    }

    /// A program `data`: it gets a job's parameters and gives what is rendered.
    package struct View: Sendable {
        /// The program's path.
        package let program: String
        /// `view.schema.json`: what it gives.
        package let schema: Schema?
        /// `view.sample.json`: what it may give.
        package let sample: JSON.Object?

        /// Why its output is not a view, in one line; nil if it is.
        package func objection(to view: JSON.Object) -> String? {
            let violations = schema?.validate(.object(view)) ?? []
            if violations.isEmpty { return nil }
            return "what data gave does not fit view.schema.json: " + violations.map { "\($0)" }.joined(separator: "; ")
        }
    }

    /// A mail's content.
    package struct Rendered: Equatable, Sendable {
        /// On one line.
        package let subject: String
        package let text: [UInt8]?
        package let html: [UInt8]?
        /// Those of `template.conf`; one whose value came out empty is left out.
        package let headers: [Field]
        /// `list_unsubscribe`, as it came out; nothing of it was checked, and what is empty is left out.
        package let listUnsubscribe: [String]

        package struct Field: Equatable, Sendable {
            package let name: String
            package let value: String
            /// Whether the value is the same for all parameters.
            package let isFixed: Bool

            package init(name: String, value: String, isFixed: Bool) {
                self.name = name
                self.value = value
                self.isFixed = isFixed
            }
        }
    }

    package var name: String { terms.name }
    package var schema: Schema? { terms.schema }
    package var isTask: Bool { terms.isTask }

    /// Renders every part in the variant that fits `locale` best: the very locale, a shorter
    /// one (`de` for `de-AT`), or the default; each part on its own.
    ///
    /// Throws ``TemplateError/exceeded(_:part:)`` only.
    package func render(
        params: JSON.Object, locale: String? = nil, limits: RenderLimits = RenderLimits()
    ) throws(TemplateError) -> Rendered {
        let tags = LanguageTag.fallbacks(for: locale).map(\.text)
        let view = JSON.object(params)
        func render(_ kind: Part.Kind) throws(TemplateError) -> [UInt8]? {
            guard let part = part(kind, tags) else { return nil }
            do throws(RenderLimit) {
                return try part.mustache.rendered(
                    view, partials: part.partials, escape: kind == .html ? .html : .none, limits: limits)
            } catch {
                throw .exceeded(error, part: part.mustache.file)
            }
        }
        func render(_ value: Mustache) throws(TemplateError) -> String {
            do throws(RenderLimit) {
                return String(decoding: try value.rendered(view, escape: .none, limits: limits), as: UTF8.self)
            } catch {
                throw .exceeded(error, part: value.file)
            }
        }
        var headers: [Rendered.Field] = []
        for header in settings.headers {
            let value = try render(header.value)
            if value.isEmpty { continue }
            headers.append(.init(name: header.name, value: value, isFixed: header.value.fixedText != nil))
        }
        var unsubscribe: [String] = []
        for uri in settings.listUnsubscribe { unsubscribe.append(try render(uri)) }
        let subject = try render(.subject) ?? []
        return Rendered(
            subject: oneLine(subject), text: try render(.text), html: try render(.html), headers: headers,
            listUnsubscribe: unsubscribe.filter { !$0.isEmpty })
    }

    /// - Parameter tags: in lower case, the best first.
    private func part(_ kind: Part.Kind, _ tags: [String]) -> Part? {
        for tag in tags {
            if let part = parts.first(where: { $0.kind == kind && $0.locale == tag }) { return part }
        }
        return parts.first { $0.kind == kind && $0.locale == nil }
    }
}

/// The text without line breaks: those at the ends are dropped with the white space around
/// them, those within become one space. So does every other control character but the tab: old databases have U+0092
/// for an apostrophe.
private func oneLine(_ bytes: [UInt8]) -> String {
    let lines = bytes.split { $0 == 0x0A || $0 == 0x0D }.map { $0.trimmed(\.isSpace) }.filter { !$0.isEmpty }
    let text = String(decoding: Array(lines.joined(separator: [0x20])), as: UTF8.self).unicodeScalars
    func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 && scalar != "\t" || (0x7F...0x9F).contains(scalar.value)
    }
    guard text.contains(where: isControl) else { return String(text) }
    return String(String.UnicodeScalarView(text.map { isControl($0) ? " " : $0 }))
}
