internal import JSON
internal import Schema
internal import Text

/// Makes a template of its files.
struct TemplateLoader {
    /// How many partials and layouts one part may use.
    static let partialLimit = 200

    let name: String
    var files: TemplateFiles
    /// The parsed files, by path: the parts share most of their partials.
    private var parsed: [String: Mustache] = [:]
    /// The files for its mails that were read already, by name.
    var sent: [ExactText: TemplateFile] = [:]

    init(_ files: TemplateFiles, name: String) {
        self.files = files
        self.name = name
    }

    mutating func load() throws(TemplateError) -> Template {
        let run = try files.program("run")
        // In a task's folder everything else is the program's own.
        let data = run == nil ? try files.program("data") : nil
        let settings = try settings(of: run != nil ? .task : data != nil ? .mailWithData : .mail)
        let schema = try schema("schema.json")
        let sample = try sample("sample.json")
        let viewSample = data == nil ? nil : try self.sample("view.sample.json")
        let viewSchema = data == nil ? nil : try self.schema("view.schema.json")
        var parts: [Template.Part] = []
        for variant in try variants() {
            if run != nil {
                throw broken("\(files.path)/\(variant.file)", "next to run: a template is a mail or a task")
            }
            parts.append(try part(variant, settings))
        }
        let defaults = Set(parts.filter { $0.locale == nil }.map(\.kind))
        if run == nil {
            if !defaults.contains(.subject) { throw broken(files.path, "no subject.mustache") }
            if defaults == [.subject] { throw broken(files.path, "neither text.mustache nor html.mustache") }
        }
        let source = TemplateSource(
            path: files.path, names: try files.names(), schema: schema?.bytes, sample: sample?.bytes,
            viewSchema: viewSchema?.bytes, viewSample: viewSample?.bytes)
        return Template(
            terms: Template.Terms(name: name, schema: schema?.value, isTask: run != nil), settings: settings,
            sample: sample?.value, run: run,
            view: data.map { .init(program: $0, schema: viewSchema?.value, sample: viewSample?.value) },
            parts: parts, source: source, images: try images(of: parts), attachments: try attachments(settings))
    }

    /// The rules for jobs: two of the files, without the texts.
    mutating func terms() throws(TemplateError) -> Template.Terms {
        let isTask = try files.program("run") != nil
        return Template.Terms(name: name, schema: try schema("schema.json")?.value, isTask: isTask)
    }

    private func broken(_ file: String, _ reason: String) -> TemplateError {
        .broken(TemplateFault(file: file, reason: reason))
    }

    private mutating func settings(of kind: TemplateSettings.Kind) throws(TemplateError) -> TemplateSettings {
        guard let (bytes, path) = try files.read("template.conf") else { return TemplateSettings() }
        do throws(TemplateFault) {
            return try TemplateSettings(parsing: bytes, file: path, of: kind)
        } catch { throw .broken(error) }
    }

    private mutating func schema(_ name: String) throws(TemplateError) -> (value: Schema, bytes: [UInt8])? {
        guard let (value, bytes) = try json(name) else { return nil }
        do throws(SchemaFault) { return (try Schema(parsing: value), bytes) } catch {
            throw .broken(TemplateFault(error, file: "\(files.path)/\(name)", text: bytes))
        }
    }

    private mutating func sample(_ name: String) throws(TemplateError) -> (value: JSON.Object, bytes: [UInt8])? {
        guard let (value, bytes) = try json(name) else { return nil }
        if let object = value.object { return (object, bytes) }
        throw broken("\(files.path)/\(name)", "not an object but of type \(value.typeName)")
    }

    private mutating func json(_ file: String) throws(TemplateError) -> (value: JSON, bytes: [UInt8])? {
        guard let (bytes, path) = try files.read(file) else { return nil }
        do throws(JSONError) {
            return (try JSON(parsing: bytes), bytes)
        } catch {
            throw .broken(TemplateFault(file: path, line: error.line, column: error.column, reason: error.reason))
        }
    }

    /// A file `KIND.mustache` or `KIND.LOCALE.mustache`.
    private struct Variant {
        let file: String
        let kind: Template.Part.Kind
        let locale: String?
    }

    /// The parts' files, of each kind the default first.
    private func variants() throws(TemplateError) -> [Variant] {
        var variants: [Variant] = []
        for file in try files.names() where file.ends(with: ".mustache") {
            let words = Substring(file.utf8.dropLast(".mustache".utf8.count)).pieces(at: ".", most: 2)
            guard let kind = words.first.flatMap({ Template.Part.Kind(rawValue: String($0)) }) else { continue }
            var locale: String?
            if words.count == 2 {
                guard let tag = LanguageTag(words[1]) else {
                    throw broken("\(files.path)/\(file)", "'\(words[1])' is not a language tag like de or de-AT")
                }
                locale = tag.text
            }
            if let other = variants.first(where: { $0.kind == kind && $0.locale == locale }) {
                throw broken("\(files.path)/\(file)", "of the same locale as \(other.file)")
            }
            variants.append(Variant(file: file, kind: kind, locale: locale))
        }
        return variants.filter { $0.locale == nil } + variants.filter { $0.locale != nil }
    }

    private mutating func part(
        _ variant: Variant, _ settings: TemplateSettings
    ) throws(TemplateError) -> Template.Part {
        guard var mustache = try mustache(variant.file, in: .own) else {
            throw broken("\(files.path)/\(variant.file)", "gone while the template was read")
        }
        if variant.kind == .html, let layout = settings.layout {
            mustache = mustache.wrapped(in: layout, blocks: try blocks(ofLayout: layout, settings))
        }
        let partials = try partials(of: mustache, variant.kind)
        return Template.Part(kind: variant.kind, locale: variant.locale, mustache: mustache, partials: partials)
    }

    private mutating func blocks(
        ofLayout name: String, _ settings: TemplateSettings
    ) throws(TemplateError) -> Set<ExactText> {
        let conf = "\(files.path)/template.conf"
        guard let layout = try partial(name, .html) else {
            throw .broken(TemplateFault(file: conf, line: settings.layoutLine, reason: "layout '\(name)' not found"))
        }
        let all = try partials(of: layout, .html).values.reduce(layout.blockNames) { $0.union($1.blockNames) }
        guard all.contains("body") else {
            throw .broken(
                TemplateFault(
                    file: conf, line: settings.layoutLine, reason: "the layout '\(name)' has no block 'body'"))
        }
        return all
    }

    /// Everything that `mustache` includes, and what that includes in turn.
    private mutating func partials(
        of mustache: Mustache, _ kind: Template.Part.Kind
    ) throws(TemplateError) -> [String: Mustache] {
        var found: [String: Mustache] = [:]
        var pending = [mustache]
        while let next = pending.popLast() {
            for reference in next.references where found[reference.name] == nil {
                guard isTemplateName(reference.name), let partial = try partial(reference.name, kind) else {
                    throw .broken(
                        TemplateFault(
                            file: next.file, reference.position,
                            "partial or layout '\(reference.name.prefix(60))' not found"))
                }
                found[reference.name] = partial
                pending.append(partial)
                if found.count > Self.partialLimit {
                    throw broken(mustache.file, "more than \(Self.partialLimit) partials")
                }
            }
        }
        try refuseEndless(found)
        return found
    }

    /// Throws if a partial includes itself whatever the parameters are: no job could be
    /// rendered, and none should be blamed for it.
    private func refuseEndless(_ partials: [String: Mustache]) throws(TemplateError) {
        var open = partials.mapValues { $0.references.filter(\.isCertain) }
        // Taking away what leads to nothing that is still there leaves the circles and what leads to them.
        while let leaf = open.first(where: { !$0.value.contains { open[$0.name] != nil } }) { open[leaf.key] = nil }
        guard var name = open.keys.min() else { return }
        func next() -> Mustache.Reference? { open[name]?.first { open[$0.name] != nil } }
        // After as many steps as there are partials one is going in a circle.
        for _ in open { name = next()?.name ?? name }
        guard let partial = partials[name], let reference = next() else { return }
        throw .broken(
            TemplateFault(file: partial.file, reference.position, "'\(reference.name)' includes itself without end"))
    }

    /// The first of NAME.KIND.mustache and NAME.mustache in the template's own folder, then
    /// in `_partials`, then in `_layouts`.
    private mutating func partial(_ name: String, _ kind: Template.Part.Kind) throws(TemplateError) -> Mustache? {
        for place in TemplateFiles.Place.allCases {
            for file in ["\(name).\(kind.rawValue).mustache", "\(name).mustache"] {
                if let mustache = try mustache(file, in: place) { return mustache }
            }
        }
        return nil
    }

    private mutating func mustache(_ file: String, in place: TemplateFiles.Place) throws(TemplateError) -> Mustache? {
        let key = "\(place.rawValue)/\(file)"
        if let mustache = parsed[key] { return mustache }
        guard let (bytes, path) = try files.read(file, in: place) else { return nil }
        do throws(TemplateFault) {
            let mustache = try Mustache(parsing: bytes, file: path)
            parsed[key] = mustache
            return mustache
        } catch { throw .broken(error) }
    }
}
