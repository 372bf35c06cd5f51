internal import Glibc
internal import Linux

/// Standard output, where every failed write counts: a full disk must not exit 0.
final class Output {
    private var buffer: [UInt8] = []
    /// Whether people read it.
    let isTerminal: Bool
    /// In columns; 80 without a terminal.
    let width: Int
    private let hasColour: Bool

    init() {
        isTerminal = isatty(1) == 1
        var size = winsize()
        if isTerminal, ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
            width = Int(size.ws_col)
        } else {
            width = 80
        }
        hasColour =
            isTerminal && (Process.environment("NO_COLOR") ?? "").isEmpty && Process.environment("TERM") != "dumb"
    }

    func write(_ text: String) throws(Failure) {
        buffer += text.utf8
        if buffer.count >= 65536 { try flush() }
    }

    func write(_ bytes: [UInt8]) throws(Failure) {
        buffer += bytes
        if buffer.count >= 65536 { try flush() }
    }

    func line(_ text: String) throws(Failure) { try write(text + "\n") }

    /// Hands everything to the kernel.
    func flush() throws(Failure) {
        if buffer.isEmpty { return }
        let bytes = buffer
        buffer = []
        let out = Descriptor(owning: 1)
        do throws(Errno) { try out.write(all: bytes) } catch {
            _ = out.release()
            throw Failure(.inputOutput, "standard output: \(error)")
        }
        _ = out.release()
    }

    /// Flushes, and hears what close(2) reports of late writes. Nothing can be written after it.
    func finish() throws(Failure) {
        try flush()
        do throws(Errno) { try Descriptor(owning: 1).closeChecked() } catch {
            throw Failure(.inputOutput, "standard output: \(error)")
        }
    }

    enum Style: String {
        case bold = "1"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case dim = "2"
    }

    /// The text in a style, where people see styles.
    func styled(_ text: String, _ style: Style?) -> String {
        guard hasColour, let style else { return text }
        return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
    }
}

/// Opens what the caller closed of the descriptors 0 to 2, in the direction that fails: a job's file
/// must not become standard output.
func reserveStandardDescriptors() {
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) == -1 {
        _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
    }
}
