internal import Linux
internal import Text

/// `.identity`: a random name of a spool, by which a transfer knows to which one its jobs are under way, whatever host
/// or path leads there.
enum SpoolIdentity {
    private static let file = ".identity"

    /// The spool's identity; nil where it was never made.
    static func read(in root: borrowing Directory) throws(TransferError) -> String? {
        guard let file = try transferStep(.open, file, allowing(.noEntry, root.open(file))) else { return nil }
        let bytes = try transferStep(.read, self.file, file.readAll(limit: 64))
        guard let id = JobID(String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)) else {
            throw .broken("\(self.file): not an identity; remove it while no transfer is under way")
        }
        return id.text
    }

    /// The identity, made if it is missing. It is on disk on return.
    static func make(in root: borrowing Directory) throws(TransferError) -> String {
        if let identity = try read(in: root) { return identity }
        let draft = "tmp/" + JobID.random(characters: 20)
        let made = try transferStep(.create, draft, root.create(draft, mode: 0o600))
        try transferStep(.write, draft, made.write(all: Array("\(JobID.random(characters: 20))\n".utf8)))
        try transferStep(.sync, draft, made.sync())
        if try transferStep(.rename, file, allowing(.exists, root.rename(draft, into: root, as: file))) == nil {
            // Another process was faster. A draft that cannot be removed is litter that the sweep clears.
            try? root.unlink(draft)
        }
        try transferStep(.sync, ".", root.sync())
        guard let identity = try read(in: root) else { throw .broken("\(file): it was removed meanwhile") }
        return identity
    }
}
