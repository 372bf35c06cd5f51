package import Linux

internal import JSON

/// Reads a job's file with bounded memory: the object is judged alone, and the history is folded as it is read.
///
/// Each attempt of a job with 100,000 recipients appends megabytes, which say nothing against the job.
extension JobFile {
    /// Why a file was not read.
    package enum Fault: Error {
        case disk(Errno)
        /// It is not a job object, or exceeds the limit; the reason in words.
        case malformed(String)
    }

    /// The bytes that are read at a time behind the object.
    static let pieceSize = 1 << 20

    /// Reads `file`, of `size` bytes, whose object may have `limit` bytes.
    ///
    /// Memory is that of the object, and of the history as ``History/fold(_:)`` keeps it.
    package init(reading file: borrowing Descriptor, size: Int, limit: Int) throws(Fault) {
        // The history of most jobs is short: it comes with the same read(2).
        let most = min(limit, size) + (64 << 10)
        let head: [UInt8]
        do throws(Errno) { head = try file.readAll(limit: most, sizeHint: min(size, most)) } catch {
            throw .disk(error)
        }
        let (value, end): (JSON, Int)
        do throws(JSONError) { (value, end) = try JSON.prefix(of: head) } catch {
            throw .malformed(size > limit ? JobFile.tooLarge(size, limit) : "not a JSON object: \(error)")
        }
        guard end <= limit else { throw .malformed(JobFile.tooLarge(end, limit)) }
        var lines = HistoryLines(longest: max(2 * limit.clamped, JobFile.pieceSize))
        var history = History()
        lines.take(head[end...]) { history.fold($0) }
        var (length, last) = (head.count, head.last)
        // A file that grew meanwhile is read further.
        while head.count == most {
            let piece: [UInt8]
            do throws(Errno) {
                piece = try file.readAll(from: length, limit: JobFile.pieceSize, sizeHint: length + JobFile.pieceSize)
            } catch { throw .disk(error) }
            if piece.isEmpty { break }
            lines.take(piece[...]) { history.fold($0) }
            length += piece.count
            last = piece.last
        }
        lines.end { history.fold($0) }
        self.init(
            object: head[..<end], value: value, history: history, endsInNewline: last == 0x0A, rest: head[end...],
            size: length)
    }

    private static func tooLarge(_ size: Int, _ limit: Int) -> String {
        "\(size) bytes, and max_job_size is \(limit)"
    }
}

/// Cuts what comes in pieces into lines. A line over a length is skipped, as one that a power cut tore is.
struct HistoryLines {
    private var rest: [UInt8] = []
    private var isSkipping = false
    private let longest: Int

    init(longest: Int) { self.longest = longest }

    /// Hands over every line that ends in the piece, without its end; empty ones are left out.
    mutating func take(_ piece: ArraySlice<UInt8>, _ each: (ArraySlice<UInt8>) -> Void) {
        var start = piece.startIndex
        while let end = piece[start...].firstIndex(of: 0x0A) {
            hand(piece[start..<end], each)
            start = end + 1
        }
        keep(piece[start...])
    }

    /// Hands over what stands behind the last line's end.
    mutating func end(_ each: (ArraySlice<UInt8>) -> Void) { hand([], each) }

    private mutating func hand(_ end: ArraySlice<UInt8>, _ each: (ArraySlice<UInt8>) -> Void) {
        if rest.isEmpty, !isSkipping {
            if !end.isEmpty { each(end) }
            return
        }
        keep(end)
        if !isSkipping, !rest.isEmpty { each(rest[...]) }
        rest = []
        isSkipping = false
    }

    private mutating func keep(_ part: ArraySlice<UInt8>) {
        if isSkipping { return }
        rest += part
        if rest.count > longest {
            rest = []
            isSkipping = true
        }
    }
}

extension Int {
    /// Small enough to be doubled.
    fileprivate var clamped: Int { Swift.min(self, 1 << 40) }
}
