internal import JSON
internal import Schema
package import Text

extension Template {
    /// Everything that can be said of the template without a job: of its names against its schema, its sample, its
    /// locales, and files that nothing uses. Sorted by file, line and column.
    ///
    /// A template with errors is rendered all the same, as the specification of Mustache has it: names that are not
    /// there render as nothing. This is where strictness is.
    package func findings() -> [Finding] {
        let all = nameFindings() + markupFindings() + sampleFindings() + localeFindings() + fileFindings()
        return all.map { finding in
            var finding = finding
            if !(finding.file + "/").begins(with: source.path + "/") { finding.template = name }
            return finding
        }.sorted()
    }

    /// Names that the parts use against those that the schema declares.
    private func nameFindings() -> [Finding] {
        let (schema, file, text) =
            view.map { ($0.schema, "view.schema.json", source.viewSchema) } ?? (schema, "schema.json", source.schema)
        guard let schema else {
            let what = isTask ? "parameters" : "names"
            return [Finding(.warning, source.path, "no \(file): \(what) are not checked")]
        }
        // A program's use of its parameters cannot be read off it.
        if isTask { return [] }
        let checks = parts.map { part in
            NameCheck(part.mustache, partials: part.partials, schema: schema, isPublic: part.kind == .subject)
        }
        // The link to unsubscribe is seen by the mail's reader alone; other fields stand in logs.
        let values =
            settings.listUnsubscribe.map { NameCheck($0, schema: schema, isPublic: false) }
            + settings.headers.map { NameCheck($0.value, schema: schema, isPublic: true) }
        let used = (checks + values).reduce(into: Set()) { $0.formUnion($1.used) }
        let found = (checks + values).flatMap(\.findings).map { view == nil ? $0 : $0.naming(file) }
        return found + unusedNames(schema, used, file, text) + unevenNames(schema, checks)
    }

    /// The files that the parts include, partials and layouts, and those that its mails carry.
    package var includedFiles: Set<ExactText> {
        let carried = Set((images.values + attachments).map { ExactText($0.path) })
        return parts.reduce(into: carried) { $0.formUnion($1.partials.values.map { ExactText($0.file) }) }
    }

    /// Doubtful syntax of the HTMLs: blocks next to their layout's, and attributes.
    private func markupFindings() -> [Finding] {
        parts.filter { $0.kind == .html }.flatMap { part in
            (settings.layout.map { LayoutCheck(part, layout: $0).findings } ?? []) + AttributeCheck(part).findings
        }
    }

    /// Declared and used in no part: left over, or forgotten.
    private func unusedNames(_ schema: Schema, _ used: Set<ExactText>, _ file: String, _ text: [UInt8]?) -> [Finding] {
        schema.unusedProperties(used).map { property in
            source.finding(
                .warning, in: file, text, at: property.pointer,
                "'\(property.name)' is declared and not used")
        }
    }

    /// Parameters that a locale's variant leaves out and the default uses: a translation that was left behind.
    private func unevenNames(_ schema: Schema, _ checks: [NameCheck]) -> [Finding] {
        var findings: [Finding] = []
        for (part, check) in zip(parts, checks) where part.locale != nil {
            guard let index = parts.firstIndex(where: { $0.kind == part.kind && $0.locale == nil }) else { continue }
            for name in schema.place.names {
                let places = schema.place.declarations(of: name).map(ExactText.init(_:))
                guard check.used.isDisjoint(with: places), !checks[index].used.isDisjoint(with: places) else {
                    continue
                }
                let other = parts[index].mustache.file.lastComponent
                findings.append(Finding(.warning, part.mustache.file, "does not use '\(name)', unlike \(other)"))
            }
        }
        return findings
    }

    /// The sample has to fit the schema, and to render in every locale.
    private func sampleFindings() -> [Finding] {
        guard let sample else {
            return [Finding(.warning, source.path, "no sample.json\(isTask ? "" : ": nothing is rendered")")]
        }
        var findings = terms.violations(of: sample).map { violation in
            source.finding(.error, in: "sample.json", source.sample, at: violation.pointer, "\(violation)")
        }
        let (shown, file) = view.map { ($0.sample, "view.sample.json") } ?? (sample, "sample.json")
        guard let rendered = shown else {
            return findings + [Finding(.warning, source.path, "no view.sample.json: nothing is rendered")]
        }
        if let view {
            findings += (view.schema?.validate(.object(rendered)) ?? []).map { violation in
                source.finding(.error, in: file, source.viewSample, at: violation.pointer, "\(violation)")
            }
        }
        for locale in Set(parts.map(\.locale)) {
            do throws(TemplateError) {
                for uri in try render(params: rendered, locale: locale).listUnsubscribe {
                    guard let refusal = UnsubscribeURI.refusal(of: uri) else { continue }
                    let reason = "with \(file) list_unsubscribe \(refusal): '\(uri)'"
                    findings.append(Finding(.error, source.path(of: "template.conf"), reason))
                }
            } catch {
                // Rendering throws nothing else.
                guard case .exceeded(let limit, let part) = error else { continue }
                findings.append(Finding(.error, part, "rendered with \(file) it is \(limit)"))
            }
        }
        return findings
    }

    /// A locale that only some of the parts have makes mails in two languages.
    private func localeFindings() -> [Finding] {
        var findings: [Finding] = []
        for variant in parts {
            guard let locale = variant.locale,
                parts.first(where: { $0.locale == locale })?.mustache.file == variant.mustache.file
            else { continue }
            let tags = Set(LanguageTag.fallbacks(for: locale).map(\.text))
            for part in parts where part.locale == nil && part.mustache.nodes.haveWords {
                let isThere = parts.contains { $0.kind == part.kind && $0.locale.map(tags.contains) == true }
                if isThere { continue }
                findings.append(
                    Finding(
                        .warning, variant.mustache.file,
                        "\(part.kind.rawValue).\(locale).mustache is missing: such mails are in two languages"))
            }
        }
        return findings
    }

    /// Files that are not part of any mail: misspelt, or left over.
    private func fileFindings() -> [Finding] {
        // Its other files are the program's own.
        if isTask { return [] }
        var used: Set<ExactText> = ["schema.json", "sample.json", "template.conf"]
        if view != nil { used.formUnion(["data", "view.schema.json", "view.sample.json"]) }
        for part in parts {
            used.insert(ExactText(part.mustache.file.lastComponent))
            for partial in part.partials.values where partial.file.begins(with: source.path + "/") {
                used.insert(ExactText(partial.file.lastComponent))
            }
        }
        used.formUnion(images.keys)
        used.formUnion(attachments.map { ExactText($0.name) })
        return source.names.filter { !used.contains(ExactText($0)) }.map { name in
            Finding(.warning, source.path(of: name), "not used", suggestion: meant(by: name))
        }
    }

    /// The file of a template that `name` may be a slip for, unless that is there too.
    private func meant(by name: String) -> String? {
        let kinds = Part.Kind.allCases.map(\.rawValue)
        let words = name.pieces(at: ".", most: 2)
        var guess = nearest(to: name, among: ["schema.json", "sample.json", "template.conf"])
        if words.count == 2, words[1].ends(with: "mustache"), let kind = nearest(to: String(words[0]), among: kinds) {
            guess = "\(kind).\(words[1])"
        }
        return guess.flatMap { source.names.holds(exactly: $0) ? nil : $0 }
    }
}

extension Finding {
    /// The finding with the name of another schema's file.
    fileprivate func naming(_ file: String) -> Finding {
        let message = message.replacing("schema.json", with: file)
        return Finding(severity, self.file, line: line, column: column, message, suggestion: suggestion)
    }
}

extension String {
    /// The text after the last slash of a path.
    fileprivate var lastComponent: String { pieces(at: "/").last.map(String.init) ?? "" }
}

extension [Mustache.Node] {
    /// Whether a text of them satisfies `condition`; overrides belong to them.
    private func haveText(_ condition: ([UInt8]) -> Bool) -> Bool {
        contains { node in
            switch node {
            case .text(let text): condition(text.bytes)
            case .variable, .partial: false
            case .section(let section): section.body.haveText(condition)
            case .parent(let parent): parent.overrides.contains { $0.body.haveText(condition) }
            case .block(let block): block.body.haveText(condition)
            }
        }
    }

    /// Whether it has words to translate.
    fileprivate var haveWords: Bool { haveText { $0.contains { $0.isLetter || $0 >= 0x80 } } }
}
