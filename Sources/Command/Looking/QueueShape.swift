internal import Time

/// How many jobs wait, by a name such as their template's and by age, as qshape(1) shows a queue by domain.
///
/// A column that is full of jobs of one age, or a row that is, tells what is wrong before a log is read.
struct QueueShape: Equatable, Sendable {
    /// The ages that end the columns; jobs that are older still are in a last one.
    static let limits: [Span] = [
        .minutes(1), .minutes(5), .minutes(15), .hours(1), .hours(4), .hours(12), .days(1), .days(2), .days(5),
    ]
    /// The columns' titles: up to what age.
    static let titles = ["1m", "5m", "15m", "1h", "4h", "12h", "1d", "2d", "5d", ">5d"]

    struct Row: Equatable, Sendable {
        let name: String
        fileprivate(set) var total = 0
        fileprivate(set) var ages = [Int](repeating: 0, count: QueueShape.limits.count + 1)
    }

    /// How many names are told apart; what comes beyond is counted together, so that a hostile queue costs
    /// no more memory than another.
    static let nameLimit = 1000
    /// The row of those.
    static let others = "(others)"

    private var rowsByName: [String: Row] = [:]
    private(set) var total = Row(name: "TOTAL")

    init() {}

    /// Counts one job. A job of unknown age is young.
    mutating func add(_ name: String, age: Span?) {
        let column = age.map { age in QueueShape.limits.firstIndex { age < $0 } ?? QueueShape.limits.count } ?? 0
        let isKnown = rowsByName[name] != nil || rowsByName.count < QueueShape.nameLimit
        let key = isKnown ? name : QueueShape.others
        var row = rowsByName[key] ?? Row(name: key)
        row.total += 1
        row.ages[column] += 1
        rowsByName[key] = row
        total.total += 1
        total.ages[column] += 1
    }

    /// The rows, the longest first, those of the same length by name.
    var rows: [Row] {
        rowsByName.values.sorted { ($1.total, $0.name) < ($0.total, $1.name) }
    }
}
