import EventLoop
import Relay
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

@Suite("Relay pool")
struct RelayPoolTests {
    @Test("A pool that is retired while it connects ends at once: nothing of it stays behind a reload")
    func retiredWhileConnecting() throws {
        let loop = try EventLoop()
        // The loop never runs: they stay on their way.
        let scratch = try Scratch()
        try Creation.spool(at: scratch.path("spool"))
        let log = try Log(.file(scratch.path("log")), format: .text)
        let allowances = Allowances(try SpoolTree(path: scratch.path("spool"), instance: "main"), log)
        let settings = Settings.Relay(name: "main", connection: try RelaySettings(url: "smtp://127.0.0.1:9"))
        var ended = 0
        let terms = LocalTerms(settings, loop: loop, ledger: Ledger(log), allowances: allowances)
        let pool = RelayPool(
            settings, terms, curl: try CurlLoop(loop), loop: loop, ledger: Ledger(log),
            tell: { if case .relayEmptied = $0 { ended += 1 } })
        pool.connect(for: 3)
        #expect(pool.measured.connections == 3)
        pool.retire()
        #expect(ended == 1)
        #expect(pool.measured.connections == 0)
    }
}
