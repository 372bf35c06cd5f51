import Linux
import Scratch
import Spool
import Testing

@testable import Daemon

@Suite("Watching the spool")
struct SpoolWatcherTests {
    /// What the watcher tells: `+place/name`, `-place/name`, `end place`.
    private final class Heard {
        var words: [String] = []
        func take(_ change: SpoolWatcher.Change) {
            switch change {
            case .arrival(let place, let name): words.append("+\(place)/\(name.printable)")
            case .departure(let place, let name): words.append("-\(place)/\(name.printable)")
            case .overflow: words.append("overflow")
            case .end(let place): words.append("end \(place)")
            }
        }
    }

    /// Has a place watched, runs a script in the spool, and returns what the watcher told by then.
    private func told(of place: SpoolWatcher.Place, before: String = ":", _ script: String) throws -> [String] {
        let spool = try SpoolPlace()
        try Program.shell("cd '\(spool.spool.path)' && mkdir -p drop/last/new && \(before)")
        let heard = Heard()
        let watcher = try SpoolWatcher(spool: spool.spool.path, loop: spool.loop) { heard.take($0) }
        try watcher.add(place)
        try watcher.add(.box("last"))
        #expect(try Program.shell("cd '\(spool.spool.path)' && \(script)").status == 0)
        // Events come in their order: when this one is there, all are.
        try spool.put("drop/last/new/x")
        try spool.run(until: { heard.words.last == "+drop/last/new/x" })
        withExtendedLifetime(watcher) {}
        return heard.words.dropLast()
    }

    @Test(
        "Each place tells what it is watched for, and its own end",
        arguments: [
            (.state(.new), "touch tmp/a && mv tmp/a new/a", ["+new/a"]), (.state(.new), "touch new/a", ["+new/a"]),
            (.state(.new), "touch new/.a tmp/b", []), (.state(.scheduled), "mv scheduled away", ["end scheduled"]),
            (.root, "touch pause && rm pause", ["+./pause", "-./pause"]), (.root, "touch .digest", []),
            (.boxes, "mkdir drop/shop; rmdir drop/shop", ["+drop/shop", "-drop/shop"]),
            (.anchor("hold"), "touch hold/a; rm hold/a", []), (.anchor("hold"), "mv hold away", ["end hold"]),
        ] as [(SpoolWatcher.Place, String, [String])])
    func tells(place: SpoolWatcher.Place, script: String, words: [String]) throws {
        #expect(try told(of: place, script) == words)
    }

    @Test("In a bucket a new mtime is an arrival; in new/ it is not, and neither is a departure")
    func changes() throws {
        let touched = try told(of: .state(.retry(.first)), before: "touch retry/01-30s/a", "touch -m retry/01-30s/a")
        #expect(Set(touched) == ["+retry/01-30s/a"])
        #expect(try told(of: .state(.new), before: "touch new/a new/b", "touch -m new/a; rm new/b") == [])
    }

    @Test("A place that is not watched any more tells nothing; one that is not there cannot be watched")
    func removed() throws {
        let spool = try SpoolPlace()
        let heard = Heard()
        let watcher = try SpoolWatcher(spool: spool.spool.path, loop: spool.loop) { heard.take($0) }
        #expect(throws: Errno.noEntry) { try watcher.add(.box("shop")) }
        try watcher.add(.state(.new))
        try watcher.add(.state(.hold))
        try spool.put("new/early")
        watcher.remove(.state(.new))
        try spool.put("new/late")
        try spool.put("hold/last")
        try spool.run(until: { Set(heard.words) == ["+hold/last"] })
    }
}
