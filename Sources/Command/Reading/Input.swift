internal import JSON
internal import Linux
internal import Text

/// Files that the command line names; `-` is standard input.
enum Input {
    /// The most that is read of a job: the default of `max_job_size`.
    static let jobLimit = 32 << 20

    static func open(_ path: String) throws(Errno) -> Descriptor { try Descriptor(readingAndAwaiting: path) }

    /// All of a file, up to `limit` bytes.
    static func read(_ path: String, limit: Int = jobLimit) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        try chunks(of: path) { (chunk) throws(Failure) in
            bytes += chunk
            if bytes.count > limit { throw Failure(.data, "\(printable(path)): over \(limit) bytes") }
            return true
        }
        return bytes
    }

    /// The lines of a file, without their ends and each up to ``jobLimit``, as they arrive.
    static func lines(of path: String, _ body: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
        var line: [UInt8] = []
        try chunks(of: path) { (chunk) throws(Failure) in
            var rest = chunk
            while let end = rest.firstIndex(of: 0x0A) {
                line += rest[..<end]
                rest = rest[(end + 1)...]
                try body(line)
                line = []
            }
            line += rest
            if line.count > jobLimit { throw Failure(.data, "\(printable(path)): a line over \(jobLimit) bytes") }
            return true
        }
        if !line.isEmpty { try body(line) }
    }

    /// The JSON value that a text is; `place` says where it is wrong.
    static func json(_ bytes: [UInt8], of place: String) throws(Failure) -> JSON {
        do throws(JSONError) { return try JSON(parsing: bytes) } catch {
            throw Failure(.data, printable("\(place): \(error)"))
        }
    }

    private static func openOrStandard(_ path: String) throws(Failure) -> Descriptor {
        do throws(Errno) {
            return path == "-" ? try Descriptor(duplicating: 0) : try open(path)
        } catch { throw Failure(path, error) }
    }

    /// The bytes of a file as they arrive, until its end or until `body` wants no more of them.
    static func chunks(of path: String, _ body: (ArraySlice<UInt8>) throws(Failure) -> Bool) throws(Failure) {
        let file = try openOrStandard(path)
        while true {
            var failure: Errno?
            let chunk = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
                do throws(Errno) { count = try file.read(into: UnsafeMutableRawBufferPointer(buffer)) } catch {
                    failure = error
                }
            }
            if let failure { throw Failure(path == "-" ? "standard input" : path, failure) }
            if chunk.isEmpty { return }
            if try !body(chunk[...]) { return }
        }
    }
}
