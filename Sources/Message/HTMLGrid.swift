internal import Text

/// A look at a whole table, which tells whether it lists values in rows and columns.
///
/// It does if two of its rows have two values each, no cell has a table or more than one line, and it does not say that
/// it only arranges. Then a paragraph in a cell, as word processors write it, is the cell's value and no line of its
/// own.
struct HTMLGrid {
    private var rows = 0
    private var values = 0
    private var isPlain: Bool
    /// Of the cell that is open.
    private var hasText = false
    private var hasBreak = false

    private init(_ tag: HTMLScanner.Tag) { isPlain = !tag.isArranging }

    private var isGrid: Bool { isPlain && rows > 1 }

    private mutating func endRow() {
        if values > 1 { rows += 1 }
        values = 0
    }

    private mutating func addText() {
        if hasText, hasBreak { isPlain = false }
        if !hasText { values += 1 }
        (hasText, hasBreak) = (true, false)
    }

    /// Of each table that is shown, in the order of their beginnings, whether it is one of values.
    static func all(in html: [UInt8]) -> [Bool] {
        var found: [Bool] = []
        /// The tables that are open, each with its place in `found`.
        var open: [(place: Int, grid: HTMLGrid)] = []
        func mark(_ element: HTMLElement, isEnd: Bool) {
            guard !open.isEmpty else { return }
            let last = open.count - 1
            switch element {
            case .td, .th: (open[last].grid.hasText, open[last].grid.hasBreak) = (false, false)
            case .tr: open[last].grid.endRow()
            case .table:
                if isEnd {
                    open[last].grid.endRow()
                    let (place, grid) = open.removeLast()
                    found[place] = grid.isGrid
                }
            case .br, .li, .hr: open[last].grid.hasBreak = true
            default: if element.lineEnds > 0 { open[last].grid.hasBreak = true }
            }
        }
        var elements = HTMLElements()
        var scanner = HTMLScanner(html)
        func close(downTo depth: Int) {
            while elements.open.count > depth {
                let ended = elements.removeLast()
                if !ended.isHidden { mark(ended.element, isEnd: true) }
            }
        }
        while let token = scanner.next() {
            switch token {
            case .text(let bytes):
                guard !open.isEmpty, !elements.isHidden else { continue }
                var isVisible = false
                HTMLCharacter.decode(bytes) { isVisible = isVisible || $0.isVisible }
                if isVisible { open[open.count - 1].grid.addText() }
            case .tag(let tag):
                close(downTo: elements.depth(keptBy: tag))
                if tag.isEnd {
                    elements.end(tag)
                    continue
                }
                let isOpen = elements.begin(tag)
                if elements.isHidden { continue }
                if tag.element == .table, isOpen {
                    if !open.isEmpty { open[open.count - 1].grid.isPlain = false }
                    open.append((found.count, HTMLGrid(tag)))
                    found.append(false)
                } else {
                    mark(tag.element, isEnd: false)
                }
            }
        }
        close(downTo: 0)
        return found
    }
}

extension HTMLScanner.Tag {
    /// A table that says that it only arranges what it holds.
    var isArranging: Bool {
        guard let role = self[.role] else { return false }
        return role.isSame(asLowercase: "presentation") || role.isSame(asLowercase: "none")
    }
}
