internal import Foundation

/// A process that a test has started, and waits for.
///
/// Not Foundation's: that one ends when everything has that its program has started in the background.
final class Child {
    let pid: Int32
    private var ended: Int32?

    /// Starts a program by posix_spawn(3), with no descriptors but its three and no signal blocked or ignored, whatever
    /// the test's thread has done. Both outputs are appended to.
    init(_ program: Program, _ arguments: [String], input: String, output: String, errors: String) throws {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, input, O_RDONLY, 0)
        for (number, path) in [(1, output), (2, errors)] as [(Int32, String)] {
            posix_spawn_file_actions_addopen(&files, number, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        }
        // One that another test has closed meanwhile does no harm.
        for number in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap({ Int32($0) })
        where number > 2 { posix_spawn_file_actions_addclose(&files, number) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let words = program.words + arguments
        var child: pid_t = 0
        let fault = Self.withPointers(words) { words in
            Self.withPointers(program.variables.map { "\($0)=\($1)" }) { variables in
                posix_spawn(&child, program.words[0], &files, &attributes, words, variables)
            }
        }
        guard fault == 0 else { throw NotStarted(description: "\(words[0]): \(String(cString: strerror(fault)))") }
        pid = child
    }

    struct NotStarted: Error, CustomStringConvertible { let description: String }

    private static func withPointers<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }

    /// How it ended, as a shell has it: its exit status, or 128 and the signal's number; nil while it runs.
    func status() -> Int32? { look(WNOHANG) }

    /// Waits for its end; its status.
    func wait() -> Int32 { look(0) ?? -1 }

    private func look(_ options: Int32) -> Int32? {
        if ended != nil { return ended }
        var status: Int32 = 0
        var result: pid_t
        repeat { result = waitpid(pid, &status, options) } while result == -1 && errno == EINTR
        if result == 0 { return nil }
        // Reaped by another part of this process, its end is unknown.
        let signal = status & 0x7F
        ended = result == -1 ? -1 : signal == 0 ? (status >> 8) & 0xFF : 128 + signal
        return ended
    }
}
