internal import Text

/// The plain text of HTML: the other half of a mail that has only HTML.
package struct HTMLText {
    private let html: [UInt8]
    private var lines = PlainLines()
    private var elements = HTMLElements()
    private var lists: [HTMLList] = []
    private var tables: [HTMLTable] = []
    private var link: HTMLLink?
    private var preformatted = 0
    /// How many `ol` have begun, and how many items each of all has: that is found where one counts down.
    private var orderedLists = 0
    private var itemCounts: [Int]?
    /// How many tables have begun, and which of all are grids: that is found where the first begins.
    private var tablesBegun = 0
    private var grids: [Bool]?

    /// The text of `html` in UTF-8 with LF line ends.
    ///
    /// Links become `text <url>`, list items `- ` or `1. `, cells of a table are separated by `|`, headings are
    /// underlined, quotations begin with `>`; scripts, styles, comments and what is not displayed are left out.
    /// Elements end where the HTML standard ends them, and list items have the numbers that it gives them. Lines have
    /// at most 78 characters unless a word or `pre` is longer. Any input gives some text, in linear time; behind
    /// ``tokenLimit`` it ends in `[...]`.
    package static func text(of html: String) -> [UInt8] {
        var text = HTMLText(html: Array(html.utf8))
        var scanner = HTMLScanner(text.html)
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
            case .text(let bytes): if !text.elements.isHidden { text.append(bytes) }
            case .tag(let tag): text.take(tag)
            }
        }
        text.endLink()
        text.endElements(downTo: 0)
        return text.lines.finished()
    }

    private init(html: [UInt8]) { self.html = html }

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
                HTMLCharacter.decode(bytes) { isVisible = isVisible || $0.isVisible }
                if isVisible { return false }
            case .tag(let tag): if tag.element.isSeen { return false }
            }
        }
        return true
    }

    private mutating func take(_ tag: HTMLScanner.Tag) {
        let depth = elements.depth(keptBy: tag)
        let hasEnded = depth < elements.open.count
        endElements(downTo: depth)
        if tag.isEnd {
            elements.end(tag)
            if tag.element == .a { endLink() }
            if elements.isHidden || hasEnded { return }
            switch tag.element {
            // The standard makes elements of these ends.
            case .p: lineEnds(2)
            case .br: lines.hardBreak()
            default: break
            }
        } else {
            let isOpen = elements.begin(tag)
            if elements.isHidden || tag.element.isVoid && tag.isHidden { return }
            isOpen ? begin(tag) : show(tag)
        }
    }

    private mutating func endElements(downTo depth: Int) {
        while elements.open.count > depth {
            let ended = elements.removeLast()
            if !ended.isHidden { end(ended.element) }
        }
    }

    /// Shows an element that is not among the open ones: it has no content, or its content is not shown.
    private mutating func show(_ tag: HTMLScanner.Tag) {
        switch tag.element {
        case .br where tables.last?.cellIsEmpty == true: lines.space()
        case .br: preformatted > 0 ? lines.verbatim("\n") : lines.hardBreak()
        case .hr:
            lines.lineBreak(2)
            lines.append(word: repeatElement(UInt8(ascii: "-"), count: 40))
            lines.lineBreak(2)
        case .a:
            endLink()
            lines.separateFromURL()
            link = tag[.href].flatMap(HTMLLink.init(to:))
        case .img:
            if let alt = tag[.alt] {
                lines.space()
                append(alt, isAttribute: true)
                lines.space()
            }
        default: lineEnds(tag.element.lineEnds)
        }
    }

    private mutating func begin(_ tag: HTMLScanner.Tag) {
        switch tag.element {
        case .ul, .ol, .menu, .dir:
            lineEnds(lists.isEmpty ? 2 : 1)
            let place = orderedLists
            if tag.element == .ol { orderedLists += 1 }
            lists.append(HTMLList(tag) { count(ofList: place) })
            indent()
        case .li: lines.startItem(lists.isEmpty ? "- " : lists[lists.count - 1].bullet(of: tag))
        case .blockquote:
            lines.lineBreak(2)
            lines.quotes += 1
        case .pre, .listing, .xmp, .plaintext:
            lineEnds(2)
            preformatted += 1
        case .table:
            // A table with tables in it is for layout.
            if !tables.isEmpty { tables[tables.count - 1].isLayout = true }
            lines.lineBreak(2)
            let all = grids ?? HTMLGrid.all(in: html)
            grids = all
            let isGrid = tablesBegun < all.count && all[tablesBegun]
            tables.append(HTMLTable(isLayout: tag.isArranging, isGrid: isGrid))
            tablesBegun += 1
        case .tr:
            lines.lineBreak(1)
            beginRow()
        case .td, .th: beginCell(tag)
        case .button, .select, .option, .optgroup: lines.space()
        default: lineEnds(tag.element.lineEnds)
        }
    }

    private mutating func end(_ element: HTMLElement) {
        switch element {
        case .h1, .h2:
            lines.underline(UInt8(ascii: element == .h1 ? "=" : "-"))
            lines.lineBreak(2)
        case .ul, .ol, .menu, .dir:
            lines.endItem()
            lists.removeLast()
            lines.lineBreak(lists.isEmpty ? 2 : 1)
            indent()
        case .li: lines.endItem()
        case .td, .th:
            lines.space()
            if !tables.isEmpty { tables[tables.count - 1].endCell() }
        case .tr: endRow()
        case .tbody, .thead, .tfoot:
            endRow()
            if !tables.isEmpty { tables[tables.count - 1].endGroup() }
        case .table:
            endRow()
            tables.removeLast()
            lines.lineBreak(2)
        case .blockquote:
            lines.lineBreak(2)
            lines.quotes -= 1
        case .pre, .listing, .xmp, .plaintext:
            lines.lineBreak(2)
            preformatted -= 1
        case .button, .select, .option, .optgroup: lines.space()
        default: lines.lineBreak(element.lineEnds)
        }
    }

    /// Line ends before an element, or where a paragraph would be; none at the beginning of a cell that has a column.
    private mutating func lineEnds(_ count: Int) {
        if count > 0, let table = tables.last, table.isData, table.cellIsEmpty { return lines.space() }
        lines.lineBreak(count)
    }

    private mutating func indent() { lines.indentation = lists.reduce(0) { $0 + $1.indentation } }

    private mutating func count(ofList place: Int) -> Int {
        let counts = itemCounts ?? HTMLList.counts(in: html)
        itemCounts = counts
        return place < counts.count ? counts[place] : 0
    }

    private mutating func beginRow() {
        if !tables.isEmpty { tables[tables.count - 1].beginRow(afterLines: lines.begun) }
    }

    private mutating func beginCell(_ tag: HTMLScanner.Tag) {
        lines.space()
        guard let table = tables.last else { return }
        if !table.rowIsOpen { beginRow() }
        // The end of a paragraph in a cell is not the end of the row.
        if table.isData, table.values > 0 { lines.withdrawBreaks() }
        tables[tables.count - 1].beginCell(
            isHeading: tag.element == .th, width: tag[.colspan].flatMap(HTMLList.integer) ?? 1,
            height: tag[.rowspan].flatMap(HTMLList.integer) ?? 1)
    }

    private mutating func endRow() {
        guard let table = tables.last, table.rowIsOpen else { return lines.lineBreak(1) }
        if table.isData, table.values > 0 { lines.withdrawBreaks() }
        lines.lineBreak(1)
        let missing = tables[tables.count - 1].endRow(afterLines: lines.begun)
        if missing > 0 { lines.prepend(HTMLText.borders(missing)) }
    }

    private static func borders(_ count: Int) -> [UInt8] { Array(repeatElement("| ".utf8, count: count).joined()) }

    /// The current cell has a value: the borders before it are due.
    private mutating func fillCell() {
        let borders = tables[tables.count - 1].fill()
        if lines.isInLine || tables[tables.count - 1].values == 1 {
            for _ in 0..<borders { lines.append(word: CollectionOfOne(UInt8(ascii: "|"))) }
        }
        for index in tables.indices.dropLast().reversed() {
            if !tables[index].cellIsEmpty { break }
            _ = tables[index].fill()
        }
    }

    private mutating func endLink() {
        if let url = link?.unsaid { lines.append(url: url) }
        link = nil
    }

    private mutating func append(_ text: ArraySlice<UInt8>, isAttribute: Bool = false) {
        HTMLCharacter.decode(text, isAttribute: isAttribute) { scalar in
            let isSpace = scalar.value <= 0x20 || scalar == "\u{A0}"
            if !isSpace, tables.last?.cellIsEmpty == true { fillCell() }
            if preformatted > 0 { return lines.verbatim(scalar) }
            if !isSpace { link?.append(scalar) }
            isSpace ? lines.space() : lines.append(scalar)
        }
    }
}
