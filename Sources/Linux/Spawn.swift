internal import Glibc

extension Process {
    /// Runs a program with this process's environment and standard streams, and waits for its end.
    ///
    /// - Returns: its exit status; 128 and the signal's number if one ended it. See posix_spawn(3), waitpid(2).
    package static func run(_ path: String, _ arguments: [String]) throws(Errno) -> Int32 {
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var child: pid_t = 0
        let result = posix_spawn(&child, path, nil, nil, words, environ)
        if result != 0 { throw Errno(result) }
        var status: Int32 = 0
        _ = try retrying { waitpid(child, &status, 0) }
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }
}
