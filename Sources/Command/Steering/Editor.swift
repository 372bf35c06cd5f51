internal import Glibc
internal import Linux
internal import Text

/// A text in a temporary file that only this user can read, and the editor of this user's choice.
///
/// The file goes when the value ends, unless it is kept for what is in it.
struct Editor: ~Copyable {
    let path: String
    private let folder: String
    private var isKept = false

    /// Writes `text` into a new file whose name ends in `name`.
    init(_ text: [UInt8], name: String) throws(Failure) {
        let parent = Process.environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array("\(parent)/outspool-edit.XXXXXX".utf8CString)
        guard template.withUnsafeMutableBufferPointer({ mkdtemp($0.baseAddress!) }) != nil else {
            throw Failure(parent, Errno.last)
        }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do throws(Errno) {
            let file = try Directory(path: folder).create(name, mode: 0o600)
            try file.write(all: text)
        } catch {
            _ = rmdir(folder)
            throw Failure(folder, error)
        }
        self.folder = folder
        path = "\(folder)/\(name)"
    }

    deinit {
        if isKept { return }
        // A file left behind in the temporary directory is the machine's to clear.
        _ = unlink(path)
        _ = rmdir(folder)
    }

    /// Lets the editor run: $VISUAL, or $EDITOR, or vi, which may be several words.
    func run() throws(Failure) {
        let named = ["VISUAL", "EDITOR"].lazy.compactMap { Process.environment($0) }.first { !$0.isEmpty }
        let command = named ?? "vi"
        let status: Int32
        do throws(Errno) {
            status = try Foreground.run(["/bin/sh", "-c", "\(command) \"$1\"", "sh", path])
        } catch { throw Failure(.unavailable, "\(printable(command)): \(error)") }
        if status != 0 { throw Failure(.unavailable, "\(printable(command)) ended with status \(status)") }
    }

    /// The text that the file holds now.
    func text() throws(Failure) -> [UInt8] { try Input.read(path) }

    /// Leaves the file where it is.
    mutating func keep() { isKept = true }

    /// Asks whether to go on, if there is a terminal to answer from.
    static func asks(_ question: String) -> Bool {
        guard isatty(0) == 1, isatty(2) == 1 else { return false }
        _ = Array(question.utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
        var answer: [UInt8] = []
        var byte: UInt8 = 0
        while read(0, &byte, 1) == 1, byte != 0x0A { if answer.count < 100 { answer.append(byte) } }
        return byte == 0x0A
            && (answer.isEmpty || answer.first == UInt8(ascii: "y") || answer.first == UInt8(ascii: "Y"))
    }
}
