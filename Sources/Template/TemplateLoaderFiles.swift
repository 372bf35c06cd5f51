internal import Text

/// The files that travel with a template's mails.
extension TemplateLoader {
    /// Every file that an HTML, or what it includes, names as `cid:NAME`.
    mutating func images(of parts: [Template.Part]) throws(TemplateError) -> [ExactText: TemplateFile] {
        var images: [ExactText: TemplateFile] = [:]
        for part in parts where part.kind == .html {
            for mustache in [part.mustache] + part.partials.values.sorted(by: { $0.file < $1.file }) {
                for reference in mustache.fileReferences where images[ExactText(reference.name)] == nil {
                    func fault(_ reason: String) -> TemplateError {
                        .broken(TemplateFault(file: mustache.file, reference.position, reason))
                    }
                    let name = reference.name
                    if let refusal = TemplateFile.refusal(of: name) {
                        throw fault("'\(name.prefix(60))' is \(refusal)")
                    }
                    guard let file = try file(name) else { throw fault("file '\(name)' not found") }
                    images[ExactText(name)] = file
                }
            }
        }
        return images
    }

    /// The files that `template.conf` attaches, in its order.
    mutating func attachments(_ settings: TemplateSettings) throws(TemplateError) -> [TemplateFile] {
        var attachments: [TemplateFile] = []
        for name in settings.attachments {
            guard let file = try file(name) else {
                throw .broken(
                    TemplateFault(
                        file: "\(files.path)/template.conf", line: settings.attachmentsLine,
                        reason: "'attachments': file '\(name)' not found"))
            }
            attachments.append(file)
        }
        return attachments
    }

    /// The file of that name in the template's own folder, then in `_partials`, then in `_layouts`, or nil. Its name
    /// was checked before.
    private mutating func file(_ name: String) throws(TemplateError) -> TemplateFile? {
        if let file = sent[ExactText(name)] { return file }
        let size = sent.values.reduce(0) { $0 + $1.bytes.count }
        for place in TemplateFiles.Place.allCases {
            guard let (bytes, path) = try files.read(name, in: place, limit: TemplateFile.sizeLimit) else { continue }
            if size + bytes.count > TemplateFile.sizeLimit {
                let reason = "with it the template's files are larger than \(TemplateFile.sizeLimit) bytes"
                throw .broken(TemplateFault(file: path, reason: reason))
            }
            let file = TemplateFile(name: name, bytes: bytes, path: path)
            sent[ExactText(name)] = file
            return file
        }
        return nil
    }
}
