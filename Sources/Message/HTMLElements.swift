internal import Text

/// The elements that are open, as the HTML standard begins and ends them: section 13.2.6, "in body" and "in table".
///
/// End tags may be left out: a hidden paragraph ends where the next block begins, and not with the text. An element
/// that shows nothing by itself, such as `span`, is kept only where it hides something. Elements deeper than
/// ``depthLimit`` are counted, and not told apart.
struct HTMLElements {
    struct Open {
        let element: HTMLElement
        let name: HTMLName
        /// Tells whether it or an element around it is not shown.
        let isHidden: Bool
    }

    private(set) var open: [Open] = []
    /// How many are open beyond the limit.
    private var overflow = 0
    /// Formatting elements that are not shown, each with the cells that are open around it and the elements of its
    /// name that are open in it.
    private var hiddenFormatting: [(element: HTMLElement, cells: Int, inner: Int)] = []
    private var cells = 0

    static let depthLimit = 256

    /// Tells whether the next text is not shown.
    var isHidden: Bool { open.last?.isHidden == true || !hiddenFormatting.isEmpty }

    /// How many elements stay open when `tag` is read; the caller ends the others with ``removeLast()``, and then lets
    /// the tag ``begin(_:)`` or ``end(_:)``.
    func depth(keptBy tag: HTMLScanner.Tag) -> Int {
        if overflow > 0 || tag.element.isFormatting && !isInImage { return open.count }
        return (tag.isEnd ? depth(keptByEndOf: tag) : depth(keptByBeginOf: tag.element)) ?? open.count
    }

    /// Ends the innermost element.
    mutating func removeLast() -> Open {
        let last = open.removeLast()
        if last.element.isCell {
            cells -= 1
            hiddenFormatting.removeAll { $0.cells > cells }
        }
        return last
    }

    /// Opens the element of `tag`.
    /// - Returns: whether it is one of ``open`` now.
    mutating func begin(_ tag: HTMLScanner.Tag) -> Bool {
        let element = tag.element
        if element.isVoid || element == .head || isInImage && (element != .svg || tag.isClosed) { return false }
        if element == .html || element == .body, open.contains(where: { $0.element == element }) { return false }
        let hides = tag.isHidden
        if element.isFormatting {
            let around = hiddenFormatting.lastIndex { $0.element == element && $0.cells == cells }
            if let around {
                hiddenFormatting[around].inner += 1
            } else if hides {
                hiddenFormatting.append((element, cells, 0))
            }
            return false
        }
        if !element.isKept, !hides, !isHidden { return false }
        if open.count == HTMLElements.depthLimit {
            overflow += 1
            return false
        }
        if element == .svg, tag.isClosed { return false }
        open.append(Open(element: element, name: tag.name, isHidden: hides || isHidden))
        if element.isCell { cells += 1 }
        return true
    }

    /// Takes an end tag whose elements were removed.
    mutating func end(_ tag: HTMLScanner.Tag) {
        if tag.element.isFormatting {
            guard let index = hiddenFormatting.lastIndex(where: { $0.element == tag.element && $0.cells == cells })
            else { return }
            hiddenFormatting[index].inner -= 1
            if hiddenFormatting[index].inner < 0 { hiddenFormatting.remove(at: index) }
        } else if overflow > 0, !tag.element.isVoid, tag.element.isKept || isHidden {
            overflow -= 1
        }
    }

    private var isInImage: Bool { open.last?.element == .svg }

    private func depth(keptByEndOf tag: HTMLScanner.Tag) -> Int? {
        switch tag.element {
        // What stands behind these ends is still in the body.
        case .body, .html, .head: nil
        case .p: last({ $0 == .p }, before: { $0.bordersScope || $0 == .button })
        case .li: last({ $0 == .li }, before: { $0.bordersScope || $0.isList })
        case .table, .tbody, .thead, .tfoot, .tr, .td, .th, .caption:
            last({ $0 == tag.element }, before: \.bordersTable)
        case let heading where heading.isHeading: last(\.isHeading, before: \.bordersScope)
        case .other:
            open.lastIndex { $0.element.isSpecial || $0.name == tag.name }.flatMap {
                open[$0].name == tag.name ? $0 : nil
            }
        default:
            last({ $0 == tag.element }, before: tag.element.isSpecial ? \.bordersScope : \.isSpecial)
        }
    }

    private func depth(keptByBeginOf element: HTMLElement) -> Int? {
        if isInImage {
            guard element.endsImage else { return nil }
            return open.lastIndex { $0.element != .svg }.map { $0 + 1 } ?? 0
        }
        switch element {
        case .li: return item { $0 == .li } ?? paragraph
        case .dd, .dt: return item { $0 == .dd || $0 == .dt } ?? paragraph
        case .option: return ended { $0 == .option }
        case .optgroup: return last({ $0 == .optgroup }, before: { $0 != .option }) ?? ended { $0 == .option }
        case .rp, .rt, .rb, .rtc: return ended { $0 == .rp || $0 == .rt || $0 == .rb }
        case .button: return last({ $0 == .button }, before: \.bordersScope)
        case .td, .th: return inner { $0 == .tr || $0.isRowGroup || $0 == .table }
        case .tr: return inner { $0.isRowGroup || $0 == .table }
        case .tbody, .thead, .tfoot, .caption, .colgroup, .col: return inner { $0 == .table }
        default:
            if element.isHeading { return paragraph ?? ended(\.isHeading) }
            return element.endsParagraph ? paragraph : nil
        }
    }

    /// Up to the paragraph that is open.
    private var paragraph: Int? { last({ $0 == .p }, before: { $0.bordersScope || $0 == .button }) }

    /// Up to the innermost element, if that is wanted.
    private func ended(_ isWanted: (HTMLElement) -> Bool) -> Int? {
        open.last.map { isWanted($0.element) } == true ? open.count - 1 : nil
    }

    /// Up to the item that the next one ends, if one is open in this list.
    private func item(_ isWanted: (HTMLElement) -> Bool) -> Int? {
        last(isWanted) { $0.isSpecial && $0 != .address && $0 != .div && $0 != .p }
    }

    /// Up to what is open inside the nearest of some parts of the innermost table; nil outside of tables.
    private func inner(_ isWanted: (HTMLElement) -> Bool) -> Int? {
        last(isWanted, before: \.bordersTable).map { $0 + 1 }
    }

    /// The innermost open element that is wanted; nil if none is before a stop.
    private func last(_ isWanted: (HTMLElement) -> Bool, before isStop: (HTMLElement) -> Bool) -> Int? {
        guard let index = open.lastIndex(where: { isWanted($0.element) || isStop($0.element) }) else { return nil }
        return isWanted(open[index].element) ? index : nil
    }
}

extension HTMLElement {
    /// Tells whether it is among the open elements also where it hides nothing.
    fileprivate var isKept: Bool {
        switch self {
        case .option, .optgroup, .rb, .rp, .rt, .rtc, .svg, .legend: true
        default: isSpecial
        }
    }

    fileprivate var isCell: Bool { self == .td || self == .th || self == .caption }
    fileprivate var isRowGroup: Bool { self == .tbody || self == .thead || self == .tfoot }
    fileprivate var bordersTable: Bool { self == .table || self == .html }
}

extension HTMLScanner.Tag {
    /// Tells whether it says that its element is not shown, as the preview text of an inbox does, or the element is of
    /// that kind.
    var isHidden: Bool {
        switch element {
        case .svg, .datalist: return true
        case .dialog where self[.open] == nil: return true
        default: break
        }
        if attributes.isEmpty { return false }
        // The style that comes last decides, and before `hidden`.
        let displays = (self[.style] ?? []).split(separator: UInt8(ascii: ";")).compactMap { declaration in
            let text = declaration.filter { !$0.isSpace }.map(\.lowercased)
            return text.starts(with: "display:".utf8) ? text.dropFirst("display:".utf8.count) : nil
        }
        let decisive = displays.last { $0.suffix(10).elementsEqual("!important".utf8) } ?? displays.last
        return decisive.map { $0.starts(with: "none".utf8) } ?? (self[.hidden] != nil)
    }
}
