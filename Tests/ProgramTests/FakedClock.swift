import Foundation
import Scratch
import Testing

/// The clock that a program under libfaketime sees: as far ahead of the machine's as the test says.
struct FakedClock {
    private let file: URL
    private let isMonotonicFaked: Bool

    /// - Parameter onlyWall: the monotonic clock and that of the time since boot are the machine's, as when somebody
    ///   sets the clock; otherwise time itself goes by for the program.
    init(in place: Workplace, at offset: String, onlyWall: Bool) throws {
        file = place.root.appending(path: "clock")
        isMonotonicFaked = !onlyWall
        try set(offset)
    }

    /// Sets the clock in one step: the program reads it at every look at the time.
    func set(_ offset: String) throws { try Data("\(offset)\n".utf8).write(to: file, options: .atomic) }

    /// The words of env(1) before the program's own.
    var environment: [String] {
        [
            "LD_PRELOAD=\(Machine.faketime ?? "")", "FAKETIME_TIMESTAMP_FILE=\(file.path)", "FAKETIME_NO_CACHE=1",
            // Times of files are the kernel's, and the daemon sets those that it means.
            "NO_FAKE_STAT=1",
        ] + (isMonotonicFaked ? [] : ["FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1"])
    }

    /// Starts the daemon under this clock and returns when it is ready.
    func daemon(of place: Workplace, by command: [String] = []) throws -> RunningProgram {
        try place.ready {
            try place.start(
                "/usr/bin/env",
                command
                    + ["env"] + environment
                    // The library sets variables before Swift looks for the arguments, which it does from the
                    // environment on: they are lost, and the environment says it.
                    + ["OUTSPOOL_CONFIG=\(place.configuration.path)", Program.built("outspoold").path],
                name: "daemon")
        }
    }
}
