internal import Glibc
internal import Linux
internal import Text

/// The other programs: they lie beside this one.
enum Programs {
    /// The path of a program of ours.
    static func path(of name: String) -> String { "\(directory)/\(name)" }

    /// Where this program lies; see readlink(2), proc(5).
    private static var directory: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(Process.ownProgram, &buffer, buffer.count - 1)
        let path = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? "."
    }
}
