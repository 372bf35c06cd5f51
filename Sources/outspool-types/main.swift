internal import Glibc
internal import Text
internal import TypeFiles
internal import TypeGeneration

// What the build plugin runs: `outspool types --lang swift`, in a program that is quick to build and whose
// package may be a dependency, which SwiftPM refuses where a program has linker flags of its own.
//   outspool-types TEMPLATES OUTPUT

/// Ends with a line that builds show as an error.
func fail(_ message: String, status: Int32) -> Never {
    for line in message.split(separator: "\n") {
        let bytes = Array("error: \(printable(line))\n".utf8)
        // There is nowhere left to report that this failed.
        _ = write(2, bytes, bytes.count)
    }
    exit(status)
}

guard CommandLine.arguments.count == 3 else { fail("usage: outspool-types TEMPLATES OUTPUT", status: EX_USAGE) }
do throws(TypeFilesError) {
    let files = try sourceFiles(in: .swift, templates: CommandLine.arguments[1])
    try TypeFiles.write(files, into: CommandLine.arguments[2])
} catch {
    if case .unwritten = error { fail("\(error)", status: EX_CANTCREAT) }
    fail("\(error)", status: EX_CONFIG)
}
