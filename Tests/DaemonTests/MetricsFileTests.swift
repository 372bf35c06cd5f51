import Linux
import Scratch
import Testing

@testable import Daemon

@Suite("The metrics file")
struct MetricsFileTests {
    private let place: SpoolPlace
    private let file: MetricsFile

    init() throws {
        place = try SpoolPlace()
        file = MetricsFile(place.log)
        try Directory.make(path: place.scratch.path("textfile"), mode: 0o755)
    }

    private var path: String { place.scratch.path("textfile/outspool.prom") }

    @Test("It is replaced as a whole, whatever a crash left behind, and everybody may read it")
    func replaces() throws {
        try place.scratch.write("half of a draft of a daemon that died", to: "textfile/.outspool.prom.new")
        file.write("one 1\n", to: path)
        let open = try Descriptor(readingFileAt: path)
        file.write("two 2\n", to: path)
        #expect(try place.scratch.read("textfile/outspool.prom") == "two 2\n")
        #expect(try open.readAll(limit: 100) == Array("one 1\n".utf8))
        #expect(try place.scratch.list("textfile") == ["outspool.prom"])
        #expect(try place.scratch.mode("textfile/outspool.prom") & 0o444 == 0o444)
        #expect(try place.logged == "")
    }

    @Test("The same trouble is told once, and that it is over")
    func trouble() throws {
        try place.scratch.remove("textfile")
        for _ in 1...3 { file.write("x 1\n", to: path) }
        #expect(try place.logged.split(separator: "\n").count { $0.contains("metrics_file: \(path): ") } == 1)
        try Directory.make(path: place.scratch.path("textfile"), mode: 0o755)
        file.write("x 1\n", to: path)
        file.write("x 2\n", to: path)
        #expect(try place.logged.split(separator: "\n").count { $0.hasSuffix("is written again") } == 1)
    }

    @Test("A name that is taken by a directory is left alone, and no draft stays")
    func taken() throws {
        try Directory.make(path: path, mode: 0o755)
        file.write("x 1\n", to: path)
        #expect(try place.logged.contains("metrics_file: \(path): "))
        #expect(try place.scratch.list("textfile") == ["outspool.prom"])
    }
}
