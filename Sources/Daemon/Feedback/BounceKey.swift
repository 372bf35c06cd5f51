internal import Linux
internal import Mail
internal import Spool
internal import Text

/// The key of the tokens in `bounce_address`: a file that the configuration names, or the spool's own, which the daemon
/// makes when it first needs one.
enum BounceKey {
    /// Its name in the spool.
    static let name = ".bounce-key"
    private static let limit = 4096

    /// Gives the address its key. On error it has none: mail goes out under its own senders.
    ///
    /// A crash leaves the key whole, or none: it is synced before it has its name.
    static func load(_ bounce: inout BounceAddress?, in spool: SpoolTree) throws(SpoolError) {
        guard let file = bounce?.keyFile else {
            if bounce != nil { bounce?.key = try own(in: spool) }
            return
        }
        let bytes = try step(.read, file) { () throws(Errno) in try Descriptor.contents(ofFile: file, limit: limit) }
        bounce?.key = try key(trimmed(bytes), of: file)
    }

    private static func own(in spool: SpoolTree) throws(SpoolError) -> KeyedHash {
        if let key = try read(in: spool) { return key }
        try step(.create, name) { () throws(Errno) in
            let draft = JobID.random(characters: 20)
            let file = try spool.tmp.create(draft, mode: 0o600)
            // 260 bits.
            try file.write(all: Array((JobID.random(characters: 52) + "\n").utf8))
            try file.sync()
            if try allowing(.exists, spool.tmp.rename(draft, into: spool.root, as: name)) == nil {
                try spool.tmp.unlink(draft)
            }
            try spool.root.sync()
        }
        guard let key = try read(in: spool) else { throw SpoolError(.read, name, .noEntry) }
        return key
    }

    private static func read(in spool: SpoolTree) throws(SpoolError) -> KeyedHash? {
        guard let file = try step(.read, name, allowing(.noEntry, spool.root.open(name))) else { return nil }
        let bytes = trimmed(try step(.read, name, file.readAll(limit: limit)))
        return try key(bytes, of: name)
    }

    /// An empty one would be every stranger's, too.
    private static func key(_ bytes: [UInt8], of path: String) throws(SpoolError) -> KeyedHash {
        guard bytes.count >= 16 else { throw SpoolError(.read, path, .invalid) }
        return KeyedHash(key: bytes)
    }

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes[...]
        while bytes.last?.isSpace == true { bytes.removeLast() }
        return Array(bytes)
    }
}

extension Settings {
    /// Gives `bounce_address` its key. Without one mail goes out under its own senders, and the log says why.
    mutating func loadBounceKey(in spool: SpoolTree, _ log: Log) {
        do throws(SpoolError) { try BounceKey.load(&mail.bounce, in: spool) } catch {
            log.write("bounce_address is not used: \(error)", .warning)
        }
    }
}
