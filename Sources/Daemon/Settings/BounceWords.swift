internal import Feedback

/// How the words of bounces are read: the lines of a file before those that are built in.
struct BounceWords: Sendable {
    let table: FeedbackTable
    private let bytes: [UInt8]

    init() { (table, bytes) = (.standard, []) }

    /// `name` is how the file's lines are named.
    init(_ bytes: [UInt8], name: String) throws(FeedbackTableError) {
        table = try FeedbackTable(bytes, name: name).followed(by: .standard)
        self.bytes = bytes
    }
}

extension BounceWords: Equatable {
    static func == (one: BounceWords, other: BounceWords) -> Bool { one.bytes == other.bytes }
}
