internal import Text

/// What HTML says, as plain text: the other half of a mail that has only HTML.
package struct HTMLText {
    private var lines = PlainLines()
    private var lists: [Int?] = []
    private var link: Link?
    private var preformatted = 0
    private var cellIsDue = false
    /// The element that is not shown, and how many of its name are open in it.
    private var hidden: (name: String, depth: Int)?

    /// An `a` that is open.
    private struct Link {
        var href: [UInt8]
        /// What it says, as far as that can be the address itself.
        var text: [UInt8] = []
    }

    /// The text of `html` in UTF-8 with LF line ends.
    ///
    /// Links become `text <url>`, list items `- ` or `1. `, cells of a table are separated by
    /// `|`, headings are underlined, quotations begin with `>`; scripts, styles, comments and what
    /// is not displayed are left out. Lines have at most 78 characters unless a word or `pre` is longer. Any
    /// input gives some text, in linear time; behind ``tokenLimit`` it ends in `[...]`.
    package static func text(of html: String) -> [UInt8] {
        var text = HTMLText()
        var scanner = HTMLScanner(html)
        var tokens = 0
        while let token = scanner.next() {
            tokens += 1
            if tokens > tokenLimit {
                text.endLink()
                text.lines.lineBreak(2)
                for byte in "[...]".utf8 { text.lines.append(Unicode.Scalar(byte)) }
                break
            }
            switch token {
            case .text(let bytes): if text.hidden == nil { text.append(bytes) }
            case .tag(let tag): if text.isShown(tag) { tag.isEnd ? text.end(tag.name) : text.start(tag) }
            }
        }
        text.endLink()
        return text.lines.finished()
    }

    /// The most tags and texts that are looked at: no page that people read has as many, and while they are
    /// counted nothing else is sent.
    static let tokenLimit = 500_000

    /// Whether `html` has nothing to show: no text, hidden or not, and no image or other element that is seen by itself.
    static func isBlank(_ html: String) -> Bool {
        let lowercase = html.lowercasedASCII
        if ["<svg", "url(", "background="].contains(where: { lowercase.holds($0) }) { return false }
        var scanner = HTMLScanner(html)
        var tokens = 0
        while let token = scanner.next() {
            tokens += 1
            if tokens > tokenLimit { return false }
            switch token {
            case .text(let bytes):
                var isVisible = false
                decode(bytes) { isVisible = isVisible || $0.isVisible }
                if isVisible { return false }
            case .tag(let tag): if seen.contains(tag.name) { return false }
            }
        }
        return true
    }

    /// Elements that are something to see without text in them.
    private static let seen: Set = [
        "img", "picture", "hr", "input", "video", "audio", "object", "embed", "iframe", "canvas", "math", "meter",
        "progress", "button", "select",
    ]

    /// Whether the tag stands outside of what is hidden; it may begin or end that.
    private mutating func isShown(_ tag: HTMLScanner.Tag) -> Bool {
        if let (name, depth) = hidden {
            guard tag.name == name else { return false }
            if !tag.isEnd, !HTMLText.selfClosing.contains(name) {
                hidden = (name, depth + 1)
                return false
            }
            hidden = depth > 1 ? (name, depth - 1) : nil
            // A tag that ends such an element by beginning the next one.
            if tag.isEnd { return false }
        }
        if tag.isEnd || !tag.isHidden { return true }
        if !HTMLText.void.contains(tag.name) { hidden = (tag.name, 1) }
        return false
    }

    /// Elements without content.
    private static let void: Set = ["br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
    /// Elements that end where another one of their name begins.
    private static let selfClosing: Set = ["p", "li", "td", "th", "tr", "dt", "dd", "option"]

    private mutating func start(_ tag: HTMLScanner.Tag) {
        switch tag.name {
        case "br": preformatted > 0 ? lines.verbatim("\n") : lines.hardBreak()
        case "hr":
            lines.lineBreak(2)
            lines.append(word: repeatElement(UInt8(ascii: "-"), count: 40))
            lines.lineBreak(2)
        case "a":
            endLink()
            lines.separateFromURL()
            if let href = tag.href { link = HTMLText.link(to: href) }
        case "img":
            if let alt = tag.alt {
                lines.space()
                append(alt)
                lines.space()
            }
        case "ul", "ol":
            lines.lineBreak(lists.isEmpty ? 2 : 1)
            // Deeper ones are not indented further; hostile nesting must not cost memory.
            if lists.count < 64 { lists.append(tag.name == "ol" ? 0 : nil) }
            indent()
        case "li":
            var bullet = "- "
            if let last = lists.last, let number = last {
                bullet = "\(number + 1). "
                lists[lists.count - 1] = number + 1
            }
            lines.startItem(bullet)
        case "blockquote":
            lines.lineBreak(2)
            lines.quotes += 1
        case "pre":
            lines.lineBreak(2)
            preformatted += 1
        case "tr":
            lines.lineBreak(1)
            cellIsDue = false
        case "td", "th":
            lines.space()
            cellIsDue = lines.isInLine
        default:
            lines.lineBreak(HTMLText.blocks[tag.name] ?? 0)
        }
    }

    private mutating func end(_ name: String) {
        switch name {
        case "a": endLink()
        case "h1", "h2":
            lines.underline(UInt8(ascii: name == "h1" ? "=" : "-"))
            lines.lineBreak(2)
        case "ul", "ol":
            lines.endItem()
            if !lists.isEmpty { lists.removeLast() }
            lines.lineBreak(lists.isEmpty ? 2 : 1)
            indent()
        case "li": lines.endItem()
        case "tr": lines.lineBreak(1)
        case "blockquote":
            lines.lineBreak(2)
            lines.quotes = max(lines.quotes - 1, 0)
        case "pre":
            lines.lineBreak(2)
            preformatted = max(preformatted - 1, 0)
        case "p": lines.lineBreak(2)
        default: lines.lineBreak(HTMLText.blocks[name] ?? 0)
        }
    }

    /// How many line ends there are before and after an element.
    private static let blocks: [String: Int] = [
        "p": 2, "h1": 2, "h2": 2, "h3": 2, "h4": 2, "h5": 2, "h6": 2, "table": 2, "dl": 2, "figure": 2,
        "div": 1, "section": 1, "article": 1, "header": 1, "footer": 1, "main": 1, "nav": 1, "aside": 1,
        "address": 1, "center": 1, "dt": 1, "dd": 1, "caption": 1, "figcaption": 1, "form": 1, "fieldset": 1,
        "body": 1, "thead": 1, "tbody": 1, "tfoot": 1,
    ]

    private mutating func indent() {
        lines.indentation = lists.reduce(0) { $0 + ($1 == nil ? 2 : 3) }
    }

    /// Nil for links that lead nowhere outside the page.
    private static func link(to href: ArraySlice<UInt8>) -> Link? {
        var url: [UInt8] = []
        decode(href) { scalar in
            if scalar != " ", !scalar.isControl { url += UTF8.encode(scalar) ?? .init() }
        }
        let schemes = ["http://", "https://", "mailto:", "tel:", "ftp://"]
        guard schemes.contains(where: { url.prefix($0.utf8.count).isSame(asLowercase: $0) }) else { return nil }
        return Link(href: url)
    }

    private mutating func endLink() {
        guard let link else { return }
        self.link = nil
        // Nothing is said twice: a link whose text is the address, with or without its scheme.
        let withoutScheme = link.href.drop { $0 != UInt8(ascii: ":") }.dropFirst().drop { $0 == UInt8(ascii: "/") }
        func isSame(_ url: some Sequence<UInt8>) -> Bool { link.text.elementsEqual(url) }
        func withoutSlash(_ url: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
            url.last == UInt8(ascii: "/") ? url.dropLast() : url
        }
        if isSame(link.href) || isSame(withoutScheme) || isSame(withoutSlash(withoutScheme))
            || isSame(withoutSlash(link.href[...]))
        {
            return
        }
        lines.append(url: link.href)
    }

    private mutating func append(_ text: ArraySlice<UInt8>) {
        HTMLText.decode(text) { scalar in
            if preformatted > 0 {
                lines.verbatim(scalar)
                return
            }
            let isSpace = scalar.value <= 0x20 || scalar == "\u{A0}"
            if !isSpace, cellIsDue {
                if lines.isInLine { lines.append(word: CollectionOfOne(UInt8(ascii: "|"))) }
                cellIsDue = false
            }
            if !isSpace, let open = link, open.text.count <= open.href.count {
                link?.text += UTF8.encode(scalar) ?? .init()
            }
            isSpace ? lines.space() : lines.append(scalar)
        }
    }

    /// Calls `body` for each character, references decoded.
    private static func decode(_ text: ArraySlice<UInt8>, _ body: (Unicode.Scalar) -> Void) {
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            if byte == UInt8(ascii: "&"),
                let end = text[index...].prefix(HTMLEntity.longest + 2).firstIndex(of: UInt8(ascii: ";")),
                let scalar = HTMLEntity.scalar(text[(index + 1)..<end])
            {
                body(scalar)
                index = end + 1
            } else if byte < 0x80 {
                body(Unicode.Scalar(byte))
                index += 1
            } else {
                var iterator = text[index...].makeIterator()
                var decoder = UTF8()
                // It comes from a String, so it is valid.
                guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return }
                body(scalar)
                index += UTF8.width(scalar)
            }
        }
    }
}
