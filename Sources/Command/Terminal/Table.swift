/// Columns that fit the terminal: the flexible ones give way, and cells that are cut end in `…`.
struct Table {
    struct Column {
        let title: String
        /// The least it may be cut to; nil for one that is never cut.
        var least: Int?
        var isRight = false
    }

    private let shape: [Column]
    private let widths: [Int]

    /// Fits the columns to `rows` and `width`.
    init(_ shape: [Column], fitting rows: [[String]], into width: Int) {
        var widths = shape.map { columns($0.title) }
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], columns(cell)) }
        }
        // The widest of those that may give way does, until it fits or none can.
        var excess = widths.reduce(0, +) + shape.count - 1 - width
        while excess > 0 {
            let flexible = shape.indices.filter { widths[$0] > shape[$0].least ?? .max }
            guard let widest = flexible.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        self.shape = shape
        self.widths = widths
    }

    var header: String { line(shape.map(\.title)) }

    /// One line without its end; `style` is applied to a padded cell.
    func line(_ row: [String], style: (Int, String) -> String = { $1 }) -> String {
        var text = ""
        for (index, cell) in row.enumerated() {
            let isLast = index == row.count - 1
            let shown = cut(cell, to: widths[index])
            let padding = String(
                repeating: " ", count: isLast && !shape[index].isRight ? 0 : widths[index] - columns(shown))
            text += style(index, shape[index].isRight ? padding + shown : shown + padding)
            if !isLast { text += " " }
        }
        return text
    }
}

/// The text in at most `width` columns.
func cut(_ text: String, to width: Int) -> String {
    if columns(text) <= width { return text }
    var shown = ""
    var used = 0
    for scalar in text.unicodeScalars {
        used += columns(scalar)
        if used > width - 1 { break }
        shown.unicodeScalars.append(scalar)
    }
    return shown + "…"
}
