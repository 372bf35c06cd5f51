internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// Reads a directory from its beginning in slices, so that a million entries do not hold the loop.
final class DirectoryReading {
    /// How long a slice may take.
    static let slice = Span.milliseconds(2)

    private var stream: DirectoryStream
    private let path: String
    private let showsHidden: Bool
    private let each: (DirectoryName) -> Void
    private let finish: (SpoolError?) -> Void
    private unowned let loop: EventLoop
    private var isCancelled = false
    /// Asked before each slice; while it says no the reading rests until ``resume()``.
    private let mayGoOn: () -> Bool
    private(set) var isResting = false
    /// How long all its slices took.
    private(set) var cost = Span.zero

    /// Calls `each` for every name that is not hidden, or for all, then `finish`, with the error if there was one.
    init(
        _ directory: borrowing Directory, path: String, loop: EventLoop, showsHidden: Bool = false,
        mayGoOn: @escaping () -> Bool = { true }, each: @escaping (DirectoryName) -> Void,
        finish: @escaping (SpoolError?) -> Void
    ) throws(SpoolError) {
        let opened: DirectoryStream
        do throws(Errno) { opened = try directory.entries() } catch { throw SpoolError(.list, path, error) }
        stream = opened
        self.path = path
        self.loop = loop
        self.showsHidden = showsHidden
        self.mayGoOn = mayGoOn
        self.each = each
        self.finish = finish
        loop.later { self.read() }
    }

    /// ``finish`` is not called after this.
    func cancel() { isCancelled = true }

    /// Goes on after `mayGoOn` said no.
    func resume() {
        guard isResting, !isCancelled else { return }
        isResting = false
        loop.later { self.read() }
    }

    private func read() {
        let start = Clock.monotonic
        defer { cost = Span(nanoseconds: cost.nanoseconds + Clock.monotonic - start) }
        let end = start + DirectoryReading.slice.nanoseconds
        var count = 0
        while !isCancelled {
            guard mayGoOn() else {
                isResting = true
                return
            }
            do throws(Errno) {
                guard let name = try stream.next() else { return finish(nil) }
                if showsHidden || !name.isHidden { each(name) }
            } catch {
                return finish(SpoolError(.list, path, error))
            }
            count += 1
            if count % 16 == 0, Clock.monotonic > end { return loop.later { self.read() } }
        }
    }
}
