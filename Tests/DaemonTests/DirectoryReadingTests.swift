import EventLoop
import Linux
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

@Suite("Reading of a directory")
struct DirectoryReadingTests {
    private let loop: EventLoop
    private let scratch: Scratch

    init() throws {
        loop = try EventLoop()
        scratch = try Scratch()
    }

    private func fill(_ count: Int) throws { for index in 0..<count { try scratch.write("", to: "\(index)") } }

    private func read(
        mayGoOn: @escaping () -> Bool = { true }, each: @escaping (String) -> Void,
        finish: @escaping (SpoolError?) -> Void
    ) throws -> DirectoryReading {
        try DirectoryReading(
            try Directory(path: scratch.path), path: "here", loop: loop, mayGoOn: mayGoOn,
            each: { each($0.text ?? "?") }, finish: finish)
    }

    @Test("Names that are not hidden come once, from the loop, then the end")
    func names() throws {
        for name in ["a", "b c", ".hidden", "Zoë"] { try scratch.write("", to: name) }
        var heard: [String] = []
        let reading = try read(each: { heard.append($0) }) {
            heard.append($0.map { "\($0)" } ?? "end")
            loop.stop()
        }
        #expect(heard == [])
        try loop.run()
        #expect(heard.last == "end")
        #expect(heard.dropLast().sorted() == ["Zoë", "a", "b c"])
        #expect(reading.cost > .zero)
    }

    @Test("A large directory is read in slices: others have their turn between")
    func slices() throws {
        try fill(64)
        var (count, isOver) = (0, false)
        var seen: [Int] = []
        func turn() {
            if seen.last != count { seen.append(count) }
            if !isOver { loop.later(turn) }
        }
        loop.later(turn)
        let reading = try read(
            each: { _ in
                count += 1
                // A slice's time is over after sixteen of these.
                let end = Clock.monotonic + DirectoryReading.slice.nanoseconds / 15
                while Clock.monotonic < end {}
            },
            finish: { _ in
                isOver = true
                loop.stop()
            })
        try loop.run()
        #expect(seen == [0, 16, 32, 48, 64] || seen == [0, 16, 32, 48])
        #expect(reading.cost >= DirectoryReading.slice * 4)
    }

    @Test("It rests while it may not go on, and goes on when it is told to and may")
    func rests() throws {
        try fill(10)
        var (count, room) = (0, 4)
        var isOver = false
        let reading = try read(mayGoOn: { count < room }, each: { _ in count += 1 }, finish: { _ in isOver = true })
        func rest() throws { try loop.run(until: { reading.isResting || isOver }, saying: { "\(count)" }) }
        try rest()
        #expect(count == 4)
        reading.resume()
        #expect(!reading.isResting)
        try rest()
        #expect(count == 4 && reading.isResting)
        room = 100
        reading.resume()
        try rest()
        #expect(count == 10 && isOver)
    }

    @Test("After it was cancelled nothing comes")
    func cancelled() throws {
        try fill(10)
        var heard = 0
        var reading: DirectoryReading?
        reading = try read(
            each: { _ in
                heard += 1
                if heard == 2 { reading?.cancel() }
            }, finish: { _ in heard += 100 })
        // Nothing must come, and no event tells of that.
        try loop.pass(.milliseconds(20))
        #expect(heard == 2)
        reading?.resume()
        try loop.pass(.milliseconds(20))
        #expect(heard == 2)
    }
}
