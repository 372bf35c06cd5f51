package import Linux
internal import Text

/// The names that one of several workers looks at: each name belongs to exactly one of them.
///
/// A worker claims, settles and buries files of its names only. Which they are depends on nothing but the name and the
/// number of workers, so that a restarted worker has the same ones. See spool(5), Workers.
package struct WorkerShare: Equatable, Sendable {
    /// From 1 to ``count``.
    package let number: Int
    package let count: Int

    /// Nil unless 1 <= `number` <= `count`.
    package init?(_ number: Int, of count: Int) {
        guard number >= 1, number <= count else { return nil }
        self.number = number
        self.count = count
    }

    private init() { (number, count) = (1, 1) }

    /// The share of a daemon without workers: every name.
    package static let everything = WorkerShare()

    /// Whether the name belongs to this worker.
    package func owns(_ name: DirectoryName) -> Bool {
        if count == 1 { return true }
        if let text = name.text { return owns(text) }
        return WorkerShare.owner(of: name.bytes.lazy.map { UInt8(bitPattern: $0) }, among: count) == number
    }

    /// The share for a name that is UTF-8.
    package func owns(_ name: String) -> Bool {
        count == 1 || WorkerShare.owner(of: name.utf8, among: count) == number
    }

    /// Which of `count` workers a name belongs to, from 1 on: FNV-1a of 64 bits over its bytes, modulo `count`, and 1.
    package static func owner(of name: some Sequence<UInt8>, among count: Int) -> Int {
        Int(fnv1a(name) % UInt64(count)) + 1
    }

    /// The name of the directory below `cur/` in which the worker claims.
    package func claims(of instance: String) -> String { count == 1 ? instance : "\(instance).\(number)" }

    /// Those of all workers; empty without workers.
    package func claimsOfAll(of instance: String) -> [String] {
        count == 1 ? [] : (1...count).map { "\(instance).\($0)" }
    }
}
