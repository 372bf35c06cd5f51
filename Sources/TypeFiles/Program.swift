internal import Linux
internal import Text
internal import TypeGeneration

/// The program outspool-types, which the build plugin runs: `outspool types --lang swift` without the rest of the
/// command, since an application's build compiles it.
package enum Program {
    /// Writes the Swift types of the templates in the first directory into the second; returns a status of sysexits(3).
    /// A failure is a line on standard error for each fault, which builds show as an error.
    package static func run(_ words: [String]) -> Int32 {
        guard words.count == 2 else { return complain("usage: outspool-types TEMPLATES OUTPUT", status: 64) }
        do throws(TypeFilesError) {
            try write(try sourceFiles(in: .swift, templates: words[0]), into: words[1])
            return 0
        } catch {
            if case .unwritten = error { return complain("\(error)", status: 73) }
            return complain("\(error)", status: 78)
        }
    }

    private static func complain(_ message: String, status: Int32) -> Int32 {
        let lines = message.pieces(at: "\n").filter { !$0.isEmpty }.map { "error: \(printable(String($0)))\n" }
        // There is nowhere left to report that this failed.
        try? Descriptor(duplicating: 2).write(all: Array(lines.joined().utf8))
        return status
    }
}
