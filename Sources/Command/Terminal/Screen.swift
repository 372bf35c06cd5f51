internal import Glibc
internal import Linux

/// The whole terminal, for a program that draws it anew every second.
///
/// As long as the value lives the terminal is in its alternate screen, without a cursor, and hands over each key. It is
/// as it was before when the value ends, by whatever way but SIGKILL: signals are read, and end the program's loop.
struct Screen: ~Copyable {
    private let before: termios
    private let signals: SignalQueue

    /// The event that ended a wait.
    enum Happening: Equatable {
        case key(UInt8)
        /// The terminal has another size.
        case resize
        /// The program is to end.
        case end
        /// The descriptor that was waited on, too, is readable.
        case readable
        case time
    }

    /// Standard input and output have to be a terminal.
    init() throws(Failure) {
        var mode = termios()
        guard tcgetattr(0, &mode) == 0 else { throw Failure("standard input", Errno.last) }
        let signals: SignalQueue
        do throws(Errno) { signals = try SignalQueue([.hangUp, .interrupt, .quit, .terminate, .windowChange]) } catch {
            throw Failure("signalfd", error)
        }
        let before = mode
        // Keys one by one and unseen; ISIG stays off, so that ^C comes as a key.
        mode.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        guard tcsetattr(0, TCSAFLUSH, &mode) == 0 else { throw Failure("standard input", Errno.last) }
        self.before = before
        self.signals = signals
        Screen.say("\u{1B}[?1049h\u{1B}[?25l")
    }

    deinit {
        Screen.say("\u{1B}[?25h\u{1B}[?1049l")
        var mode = before
        _ = tcsetattr(0, TCSAFLUSH, &mode)
    }

    /// Rows and columns.
    var size: (rows: Int, columns: Int) {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else { return (24, 80) }
        return (Int(size.ws_row), Int(size.ws_col))
    }

    /// Draws lines that fit; what was there is gone. False when the terminal takes nothing any more.
    func draw(_ lines: [String]) -> Bool {
        Screen.say("\u{1B}[H" + lines.prefix(size.rows).joined(separator: "\u{1B}[K\r\n") + "\u{1B}[K\u{1B}[J")
    }

    /// Waits for a key, a signal, or `other`, at most so many milliseconds. See poll(2).
    func wait(milliseconds: Int, or other: Int32) -> Happening {
        var waits = [
            pollfd(fd: 0, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals.descriptor.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&waits, 3, Int32(max(0, milliseconds))) > 0 else { return .time }
        if waits[1].revents != 0 { return signals.next() == .windowChange ? .resize : .end }
        if waits[0].revents != 0 {
            var byte: UInt8 = 0
            return read(0, &byte, 1) == 1 ? .key(byte) : .end
        }
        return .readable
    }

    @discardableResult
    private static func say(_ text: String) -> Bool {
        do throws(Errno) {
            try Descriptor(duplicating: 1).write(all: Array(text.utf8))
            return true
        } catch { return false }
    }
}
