internal import Spool

/// The bytes of the mails that relays have: a bound on the memory that large mails take, which is several times that.
struct Load {
    /// With so many under way no other mail begins.
    var limit = 64 << 20
    private var sizes: [JobID: Int] = [:]
    private var bytes = 0

    /// True when another mail may begin.
    var hasRoom: Bool { bytes < limit }

    /// A mail went to a relay, from a file of `size` bytes.
    mutating func add(_ id: JobID, size: Int) {
        remove(id)
        sizes[id] = size
        bytes += size
    }

    /// It ended, or waits for another connection.
    mutating func remove(_ id: JobID) { bytes -= sizes.removeValue(forKey: id) ?? 0 }
}
