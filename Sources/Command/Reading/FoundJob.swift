internal import JSON
internal import Linux
internal import Spool
internal import Text

/// A job that an operand names: a file, as its producer wrote it or as the daemon did, or an id in the spool.
struct FoundJob {
    let value: JSON
    let history: History
    /// Its id: what the daemon has had has one.
    let id: JobID?

    /// Reads a file, `-` for standard input; without a file of that name, looks in the spool for a job of that id.
    init(_ operand: String, _ arguments: Arguments) throws(Failure) {
        let name = operand == "-" ? "standard input" : operand
        var isInSpool = false
        let bytes: [UInt8]
        do throws(Failure) { bytes = try Input.read(operand, limit: .max) } catch {
            guard error.status == .noInput, let id = JobID(operand) else { throw error }
            guard let found = try FoundJob.inSpool(id, arguments) else {
                throw Failure(.noInput, "\(error.message), and no job of that id in the spool")
            }
            (bytes, isInSpool) = (found, true)
        }
        let file: JobFile
        do throws(JSONError) { file = try JobFile(bytes) } catch {
            throw Failure(.data, printable("\(name): \(error)"))
        }
        if file.hasStrayText {
            throw Failure(.data, "\(printable(name)): text behind the job object: a file has one job")
        }
        (value, history) = (file.value, file.history)
        let last = operand.pieces(at: "/").last.map(String.init) ?? operand
        id = isInSpool || !history.isEmpty ? JobID(last) : nil
    }

    private static func inSpool(_ id: JobID, _ arguments: Arguments) throws(Failure) -> [UInt8]? {
        let reader = try SpoolReader(path: try Location.spoolPath(arguments))
        var found: [UInt8]?
        try reader.find(id) { (state) throws(Failure) in
            do throws(Errno) {
                found = try allowing(.noEntry, reader.root.open("\(state.path)/\(id)").readAll(limit: .max))
            } catch { throw Failure(SpoolError(.read, "\(state.path)/\(id)", error)) }
            return found != nil
        }
        return found
    }
}
