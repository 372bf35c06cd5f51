internal import JSON
internal import Linux
internal import Text

extension Template {
    /// Finds what mail programs will not show as it is meant, and what people without pictures or with other programs miss.
    /// All of it are warnings: a mail may do without.
    package func clientFindings() -> [Finding] {
        if isTask { return [] }
        let htmls = parts.filter { $0.kind == .html }
        var check = ClientCheck()
        var seen: Set<ExactText> = []
        for part in htmls {
            let files = [part.mustache.file] + part.partials.values.map(\.file).sorted()
            for file in files where seen.insert(ExactText(file)).inserted {
                // It was read a moment ago; one that is gone has nothing to say.
                if let bytes = try? Descriptor.contents(ofFile: file, limit: TemplateFolder.fileSizeLimit) {
                    check.read(bytes, of: file)
                }
            }
        }
        if !htmls.isEmpty, !parts.contains(where: { $0.kind == .text }) {
            check.add(source.path, "no text.mustache: readers without HTML, and filters against spam, miss it")
        }
        for locale in Set(htmls.map(\.locale)) {
            guard let part = htmls.first(where: { $0.locale == locale }),
                let html =
                    (try? render(params: view.map { $0.sample ?? .init() } ?? sample ?? .init(), locale: locale))?.html
            else { continue }
            check.readRendered(html, of: part.mustache.file)
        }
        return check.findings.map { finding in
            var finding = finding
            if !(finding.file + "/").begins(with: source.path + "/") { finding.template = name }
            return finding
        }.sorted()
    }
}

/// Finds what is doubtful for mail programs in one source of HTML, and in it as it comes out.
package func clientFindings(ofHTML html: [UInt8], file: String) -> [Finding] {
    var check = ClientCheck()
    check.read(html, of: file)
    check.readRendered(html, of: file)
    return check.findings.sorted()
}

/// Collects what is doubtful for mail programs in sources of HTML, each kind once for each file.
struct ClientCheck {
    /// The bytes that Gmail shows of a message's HTML before it cuts it off.
    static let gmailLimit = 102 * 1024

    private let table = ClientTable()
    private(set) var findings: [Finding] = []
    private var said: Set<ExactText> = []
    /// Places of tags that are not closed in their own file, by file and name.
    private var unclosed: [ExactText: (file: String, line: Int, column: Int)] = [:]

    mutating func add(_ file: String, line: Int? = nil, column: Int? = nil, _ message: String) {
        guard said.insert(ExactText("\(file)\u{0}\(message)")).inserted else { return }
        findings.append(Finding(.warning, file, line: line, column: column, message))
    }

    /// A file of a template.
    mutating func read(_ bytes: [UInt8], of file: String) {
        let scan = MarkupScan(bytes)
        let places = LinePlaces(bytes)
        var notes: [(offset: Int, message: String)] = []
        func add(_ offset: Int, _ message: String) { notes.append((offset, message)) }
        for tag in scan.tags where !tag.isEnd {
            if let note = table.note("element", tag.name) { add(tag.offset, "<\(tag.name)> \(note)") }
            if tag.name == "html", tag.value(of: "lang") == nil {
                add(tag.offset, "<html> without lang: a reader's program does not know how to speak it")
            }
            if tag.name == "img", tag.value(of: "alt") == nil {
                add(
                    tag.offset,
                    "<img> without alt: who sees no pictures sees nothing; alt=\"\" says that it is decoration")
            }
            for attribute in tag.attributes { judge(attribute, of: tag, add) }
        }
        for sheet in scan.sheets { judge(StyleScan(sheet.text, isSheet: true), from: 0, add) }
        for note in notes {
            let place = places.place(of: note.offset)
            self.add(file, line: place.line, column: place.column, note.message)
        }
        for tag in MarkupScan.unclosed(scan.tags) where unclosed[ExactText(tag.name)] == nil {
            let place = places.place(of: tag.offset)
            unclosed[ExactText(tag.name)] = (file, place.line, place.column)
        }
    }

    private func judge(
        _ attribute: MarkupScan.Attribute, of tag: MarkupScan.Tag, _ add: (Int, String) -> Void
    ) {
        if let note = table.note("attribute", attribute.name) { add(attribute.offset, "\(attribute.name)= \(note)") }
        let value = attribute.value
        switch attribute.name {
        case "style":
            judge(StyleScan(Array(value.utf8)[...], isSheet: false), from: attribute.valueOffset, add)
        case "href", "src", "background":
            if let fault = ClientCheck.fault(of: value) { add(attribute.valueOffset, "\(attribute.name)= \(fault)") }
            guard attribute.name != "href" else { break }
            let path = value.lowercasedASCII
            for kind in ["data:", ".svg", ".webp", ".avif", ".apng", ".heic", ".tiff", ".mp4"]
            where kind == "data:" ? path.begins(with: kind) : path.ends(with: kind) {
                if let note = table.note("image", kind) { add(attribute.valueOffset, "a picture as \(kind) \(note)") }
            }
        default: break
        }
    }

    private func judge(_ scan: StyleScan, from offset: Int, _ add: (Int, String) -> Void) {
        for use in scan.uses {
            guard let note = table.note(use.kind, use.name) else { continue }
            let shown =
                switch use.kind {
                case "at": "@\(use.name)"
                case "function": "\(use.name)()"
                case "unit": "the unit \(use.name)"
                case "feature": "@media (\(use.name))"
                default: use.name
                }
            add(use.offset + offset, "\(shown) \(note)")
        }
    }

    /// Why a link that is written out leads nowhere, or is not safe.
    private static func fault(of link: String) -> String? {
        let text = link.lowercasedASCII
        guard text.begins(with: "http://") || text.begins(with: "https://"), let rest = text.halves(at: "/")?.1 else {
            return nil
        }
        let authority = Substring(rest.utf8.dropFirst().prefix { !"/?#".utf8.contains($0) })
        let host = authority.begins(with: "[") ? authority : authority.pieces(at: ":", most: 1).first ?? authority
        let local = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"].contains { host.begins(with: $0) }
        if local || host.ends(with: ".localhost") || host.ends(with: ".local") || host.ends(with: ".test") {
            return "leads to \(authority): no reader gets there"
        }
        return text.begins(with: "http://") ? "without https" : nil
    }

    /// The HTML as it comes out.
    mutating func readRendered(_ html: [UInt8], of file: String) {
        if html.count > ClientCheck.gmailLimit {
            add(file, "\(html.count) bytes of HTML with the sample: Gmail cuts it off after \(ClientCheck.gmailLimit)")
        }
        let scan = MarkupScan(html)
        for tag in MarkupScan.unclosed(scan.tags) {
            let place = unclosed[ExactText(tag.name)]
            add(place?.file ?? file, line: place?.line, column: place?.column, "<\(tag.name)> is not closed")
        }
        if !scan.tags.contains(where: { $0.name == "html" }) {
            add(file, "no <html lang=…> around it: a reader's program does not know how to speak it")
        }
    }
}

extension MarkupScan {
    /// Those without contents, and those whose end tags HTML lets out.
    private static let open = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p", "li",
        "dt", "dd", "td", "th", "tr", "tbody", "thead", "tfoot", "option", "optgroup", "colgroup", "html", "head",
        "body",
        "rp", "rt", "v", "o", "w",
    ]

    /// Tags without their ends, in their order.
    static func unclosed(_ tags: [Tag]) -> [Tag] {
        var stack: [Tag] = []
        var found: [Tag] = []
        for tag in tags where !open.contains(tag.name) && !tag.isEmpty {
            if !tag.isEnd {
                stack.append(tag)
            } else if let place = stack.lastIndex(where: { $0.name == tag.name }) {
                found += stack[(place + 1)...]
                stack.removeSubrange(place...)
            }
            // Deeper than any mail.
            if stack.count > 500 { return found }
        }
        return (found + stack).sorted { $0.offset < $1.offset }
    }
}

/// Where the lines of a text begin.
struct LinePlaces {
    private var starts = [0]

    init(_ bytes: [UInt8]) { for (index, byte) in bytes.enumerated() where byte == 0x0A { starts.append(index + 1) } }

    /// The line and the column in bytes, both from 1.
    func place(of offset: Int) -> (line: Int, column: Int) {
        var (low, high) = (0, starts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        return (low + 1, offset - starts[low] + 1)
    }
}
