internal import Glibc
internal import Linux

/// The reading end of a pipe whose other end a program has: bytes are taken as they come.
///
/// One buffer a round, so that a program that writes without end delays no other work; and every round, so that it does
/// not wait for its reader.
final class PipeReader {
    private let reader: Descriptor
    private var watch: EventLoop.Watch?
    private let take: ([UInt8]) -> Void

    /// Makes the pipe; `writer` is the caller's, to be closed once the program has it.
    init(on loop: EventLoop, take: @escaping ([UInt8]) -> Void, writer: (consuming Descriptor) -> Void) throws(Errno) {
        let ends = try Descriptor.pipe()
        reader = Descriptor(owning: ends.output)
        self.take = take
        writer(Descriptor(owning: ends.input))
        watch = try loop.watch(reader.raw, for: .read) { [unowned self] _ in _ = read() }
    }

    deinit { watch?.cancel() }

    /// False when there was nothing.
    private func read() -> Bool {
        var count = 0
        var isOver = false
        let bytes = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, used in
            do throws(Errno) {
                count = try reader.read(into: UnsafeMutableRawBufferPointer(buffer))
                isOver = count == 0
            } catch { isOver = error != .again }
            used = count
        }
        if isOver { watch?.cancel() }
        if count > 0 { take(bytes) }
        return count > 0
    }

    /// Takes what was written last, and no more: a pipe holds 64 KiB, or 1 MiB where its writer made it larger.
    func finish() {
        var rounds = 0
        while rounds < 16, read() { rounds += 1 }
        watch?.cancel()
    }
}
