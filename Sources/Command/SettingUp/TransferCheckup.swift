internal import Linux
internal import Spool
internal import Text

extension Checkup {
    /// Says of jobs that an interrupted transfer has under way: no daemon delivers them, and no other verb shows them.
    mutating func examineTransfers(_ reader: borrowing SpoolReader) {
        var counts: [(place: String, count: Int)] = []
        do throws(Failure) {
            try reader.forEachEntry(of: "leaving") { (transfer, _) throws(Failure) in
                guard let name = transfer.text else { return }
                var count = 0
                for state in Parcel.states {
                    try reader.forEachEntry(of: "leaving/\(name)/\(state.path)") { _, _ in count += 1 }
                }
                if count > 0 { counts.append((name, count)) }
            }
        } catch { return add("transfer", .warning, "leaving/: \(error.message)") }
        for (name, count) in counts {
            add(
                "transfer", .warning,
                "\(count) \(count == 1 ? "job" : "jobs") under way to another spool, in leaving/\(printable(name)):"
                    + " outspool transfer goes on with it, or ends it with --back")
        }
    }
}
