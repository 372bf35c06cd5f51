internal import CLinux
internal import Glibc

/// The processes next to and below this one. See proc(5).
extension Process {
    /// From now on a process below this one that loses its parent becomes this one's child, which has to reap it. See
    /// prctl(2), PR_SET_CHILD_SUBREAPER.
    package static func becomeSubreaper() throws(Errno) { _ = try retrying { clinux_become_subreaper() } }

    /// The children of this process's first thread, which every orphan becomes: started, adopted, ended and not
    /// reaped. Empty where the kernel does not tell.
    package static func children() -> [Int32] {
        // A kernel without the file, or a place without /proc, has no children to name.
        guard let bytes = try? Descriptor.contents(ofFile: "/proc/self/task/\(id)/children", limit: 1 << 20) else {
            return []
        }
        return bytes.split(separator: 0x20).compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
    }

    /// Every process that can be seen.
    package static func all() throws(Errno) -> [Int32] {
        var found: [Int32] = []
        var stream = try Directory(path: "/proc").entries()
        while let name = try stream.next() { if let number = name.text.flatMap({ Int32($0) }) { found.append(number) } }
        return found
    }

    /// The environment that a process was started with, as `NAME=VALUE`; nil when it is gone, has ended, or is
    /// another user's.
    package static func environment(of process: Int32) -> [String]? {
        guard let bytes = try? Descriptor.contents(ofFile: "/proc/\(process)/environ", limit: 1 << 20),
            !bytes.isEmpty
        else { return nil }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The parent of a process; nil when it is gone.
    package static func parent(of process: Int32) -> Int32? {
        guard let bytes = try? Descriptor.contents(ofFile: "/proc/\(process)/stat", limit: 4096) else { return nil }
        // PID (NAME) STATE PARENT ...: the name may hold anything.
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let words = bytes[(end + 1)...].split(separator: 0x20)
        return words.count > 1 ? Int32(String(decoding: words[1], as: UTF8.self)) : nil
    }

    /// Takes the end of a child; false while it runs, or if it is not a child. See waitpid(2).
    package static func reap(_ child: Int32) -> Bool {
        var (code, signal): (Int32, Int32) = (0, 0)
        return clinux_reap(child, 0, &code, &signal) == 1
    }

    /// Ends a process at once. See kill(2).
    package static func end(_ process: Int32) { _ = kill(process, SIGKILL) }

    /// Waits a moment. For a start, before there is a loop.
    package static func pause(milliseconds: Int32) { _ = usleep(UInt32(milliseconds) * 1000) }
}
