internal import CLinux
internal import Glibc

/// Other programs that run while this one waits, with its terminal, process group and environment. Those that a loop
/// watches are each a ``ChildProcess``.
package enum Foreground {
    /// Runs a program, which is looked for in PATH unless its name has a slash, to its end; its standard streams are
    /// this process's. The exit status, or 128 and the signal that ended it, as the shell has it.
    ///
    /// The keyboard's signals are the program's while it runs. See posix_spawn(3), waitpid(2).
    package static func run(_ words: [String]) throws(Errno) -> Int32 {
        let child = try spawn(words, output: -1)
        let interrupt = signal(SIGINT, SIG_IGN)
        let quit = signal(SIGQUIT, SIG_IGN)
        defer {
            _ = signal(SIGINT, interrupt)
            _ = signal(SIGQUIT, quit)
        }
        return try wait(for: child)
    }

    /// Runs a program to its end; the exit status, and what it wrote to standard output, up to `limit` bytes.
    package static func output(of words: [String], limit: Int) throws(Errno) -> (status: Int32, bytes: [UInt8]) {
        var ends: [Int32] = [-1, -1]
        _ = try retrying { clinux_pipe(&ends) }
        let reader = Descriptor(owning: ends[0])
        var writer: Descriptor? = Descriptor(owning: ends[1])
        let child = try spawn(words, output: ends[1])
        _ = writer.take()
        var bytes: [UInt8] = []
        var failure: Errno?
        while failure == nil {
            let chunk = [UInt8](unsafeUninitializedCapacity: 16384) { buffer, count in
                do throws(Errno) { count = try reader.read(into: UnsafeMutableRawBufferPointer(buffer)) } catch {
                    failure = error
                }
            }
            if chunk.isEmpty { break }
            // The rest is read all the same, so that the program can end.
            bytes += chunk.prefix(max(0, limit - bytes.count))
        }
        let status = try wait(for: child)
        if let failure { throw failure }
        return (status, bytes)
    }

    private static func spawn(_ words: [String], output: Int32) throws(Errno) -> Int32 {
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        let child = arguments.withUnsafeMutableBufferPointer { clinux_run($0.baseAddress!, output) }
        if child == -1 { throw Errno.last }
        return child
    }

    private static func wait(for child: Int32) throws(Errno) -> Int32 {
        var status: Int32 = 0
        _ = try retrying { waitpid(child, &status, 0) }
        // WIFSIGNALED, WTERMSIG and WEXITSTATUS are macros.
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }
}
