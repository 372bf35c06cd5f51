internal import Linux

/// The groups of this machine, as /etc/group has them: the name service of a static program.
enum Groups {
    /// The number of the group `name`, or nil.
    static func number(of name: String, in path: String = "/etc/group") throws(Failure) -> UInt32? {
        let bytes: [UInt8]
        do throws(Errno) { bytes = try Input.open(path).readAll(limit: 16 << 20) } catch { throw Failure(path, error) }
        for line in bytes.split(separator: 0x0A) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard fields.count >= 3, fields[0].elementsEqual(name.utf8) else { continue }
            return UInt32(String(decoding: fields[2], as: UTF8.self))
        }
        return nil
    }
}
