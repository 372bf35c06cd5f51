internal import Glibc
internal import JSON
internal import Linux
internal import ServerSocket
internal import Time

/// One line of JSON for each message, fault and refusal.
final class Log {
    private let descriptor: Descriptor
    private var isBroken = false

    /// Opens `path` to append to it; `-` is standard output.
    init(path: String) throws(Errno) {
        let number = try retrying {
            path == "-" ? fcntl(1, F_DUPFD_CLOEXEC, 3) : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        }
        descriptor = Descriptor(owning: number)
    }

    /// Writes one line. The first write that fails is reported on standard error; the server
    /// goes on.
    func write(_ event: String, _ members: [(name: String, value: JSON)]) {
        var line = JSON.object(
            JSON.Object([("time", .string(Timestamp.now.rfc3339)), ("event", .string(event))] + members)
        ).encoded
        line.append(0x0A)
        do throws(Errno) {
            try descriptor.write(all: line)
        } catch {
            if !isBroken { complain("log: \(error)") }
            isBroken = true
        }
    }
}

/// Writes one line to standard error.
func complain(_ text: String) { Program.program.complain(text) }
