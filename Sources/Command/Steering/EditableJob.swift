internal import JSON
internal import Spool

/// A job's file for an editor: the object, and behind it the history, which no editor is shown.
struct EditableJob: Sendable {
    /// The object as it stands in the file, or the text in its place.
    let object: [UInt8]
    private let rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        let end: Int
        if let file = try? JobFile(bytes) {
            end = file.object.endIndex
        } else {
            // A dead letter that is not a job has the event that says so after it.
            end = EditableJob.firstEvent(in: bytes) ?? bytes.endIndex
        }
        object = Array(bytes[..<end])
        rest = bytes[end...]
    }

    private static func firstEvent(in bytes: [UInt8]) -> Int? {
        var start = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            if line.first == UInt8(ascii: "{"), let object = (try? JSON(parsing: Array(line)))?.object,
                Event(object) != nil
            {
                return start
            }
            start = line.endIndex + 1
        }
        return nil
    }

    /// The file with another object; what was behind the old one is kept byte for byte, on a line of its own.
    func file(with edited: [UInt8]) -> [UInt8] {
        var edited = edited
        while let last = edited.last, [0x0A, 0x0D, 0x20, 0x09].contains(last) { edited.removeLast() }
        var rest = rest
        if rest.first == 0x0A { rest = rest.dropFirst() }
        return edited + [0x0A] + rest
    }
}
