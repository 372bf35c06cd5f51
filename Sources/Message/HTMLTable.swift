/// The columns of a table that is read row by row, so that a value stands under its heading.
///
/// A border is due before each cell but a row's first. Borders come into the text with the value behind them: those of
/// empty cells too, except where the table only arranges what it holds.
struct HTMLTable {
    /// Its cells only arrange what they hold, as it says itself or as the table in one of them shows.
    var isLayout: Bool
    /// Its columns mean something: it is a grid, or has a heading, or two values in a row.
    private var hasColumns: Bool
    /// Up to which row a cell from above takes up each column.
    private var takenUntil: [Int] = []
    private var row = 0
    private var column = 0
    /// Borders since the last value of the row, or since its beginning.
    private var borders = 0
    /// Columns beyond its first that the current cell takes up: their borders come behind its value.
    private var innerBorders = 0
    /// Borders before the first value that the text does not have.
    private var missing = 0
    private(set) var values = 0
    /// How many lines had begun when the row did.
    private var lines = 0
    private(set) var rowIsOpen = false
    /// Tells whether the current cell is open and has no value yet.
    private(set) var cellIsEmpty = false

    /// More columns than any table has, for cells that claim more room.
    private static let columnLimit = 64

    /// - Parameter isGrid: whether its columns are known to mean something before a row is read.
    init(isLayout: Bool, isGrid: Bool) {
        self.isLayout = isLayout
        hasColumns = isGrid
    }

    /// Tells whether each value is known to belong to a column.
    var isData: Bool { hasColumns && !isLayout }

    mutating func beginRow(afterLines lines: Int) {
        (row, column, borders, innerBorders, missing, values) = (row + 1, 0, 0, 0, 0, 0)
        (rowIsOpen, cellIsEmpty) = (true, false)
        self.lines = lines
    }

    /// Begins a cell that takes up `width` columns and `height` rows; those that are left of the group if it is 0.
    mutating func beginCell(isHeading: Bool, width: Int, height: Int) {
        if isHeading { hasColumns = true }
        borders += innerBorders + (column > 0 ? 1 : 0)
        while column < takenUntil.count, takenUntil[column] >= row {
            column += 1
            borders += 1
        }
        let end = column + min(max(width, 1), 20)
        innerBorders = end - column - 1
        while takenUntil.count < min(end, HTMLTable.columnLimit) { takenUntil.append(0) }
        let last = height == 0 ? Int.max : row + min(max(height, 1), 65_534) - 1
        for index in column..<max(column, min(end, HTMLTable.columnLimit)) { takenUntil[index] = last }
        column = end
        cellIsEmpty = true
    }

    /// Notes that the current cell has a value.
    /// - Returns: how many borders the text gets before it.
    mutating func fill() -> Int {
        cellIsEmpty = false
        values += 1
        defer { borders = 0 }
        if values > 1 { return isLayout ? min(borders, 1) : borders }
        if isData { return borders }
        missing = borders
        return 0
    }

    mutating func endCell() { cellIsEmpty = false }

    /// Ends the row.
    /// - Returns: how many borders its line needs in front: they were not due until this row showed that the table has
    ///   columns. None if it has several lines.
    mutating func endRow(afterLines lines: Int) -> Int {
        rowIsOpen = false
        if values > 1 { hasColumns = true }
        return isData && values > 0 && lines == self.lines + 1 ? missing : 0
    }

    /// Ends a group of rows, which no cell reaches out of.
    mutating func endGroup() { takenUntil.removeAll(keepingCapacity: true) }
}
