import Testing

@testable import Daemon

@Suite("The command line of outspoold")
struct DaemonInvocationTests {
    private static let standard = "/etc/outspool/outspool.conf"

    @Test(
        "The words say what is to be done, and with which configuration",
        arguments: [
            ("", .serve(configuration: standard)), ("--config a", .serve(configuration: "a")),
            ("--config=a", .serve(configuration: "a")), ("--config=", .serve(configuration: "")),
            ("--config a --config=b", .serve(configuration: "b")),
            ("--check", .check(configuration: standard)), ("--config=\u{301}a", .serve(configuration: "\u{301}a")),
            ("--check --config a", .check(configuration: "a")),
            ("--probe main", .probe(relay: "main", mailTo: nil, configuration: standard)),
            ("--check --probe main", .probe(relay: "main", mailTo: nil, configuration: standard)),
            (
                "--mail-to zoe@example.com --probe main --config a",
                .probe(relay: "main", mailTo: "zoe@example.com", configuration: "a")
            ),
            ("--probe --check", .probe(relay: "--check", mailTo: nil, configuration: standard)),
            ("--help", .help), ("-h", .help), ("--version", .version), ("--check --version --nonsense", .version),
        ] as [(String, Invocation)])
    func words(line: String, invocation: Invocation) throws {
        #expect(try Invocation(line.split(separator: " ").map(String.init)) == invocation)
    }

    @Test("The environment's configuration is the one without --config")
    func environment() throws {
        #expect(try Invocation(["--check"], configuration: "e") == .check(configuration: "e"))
        #expect(try Invocation(["--config", "a"], configuration: "e") == .serve(configuration: "a"))
    }

    @Test(
        "A wrong word is named, with the status of a usage error",
        arguments: [
            ("--config", "--config needs a file"), ("--probe", "--probe needs the name of a relay"),
            ("--probe main --mail-to", "--mail-to needs an address"),
            ("--mail-to zoe@example.com", "--mail-to needs --probe"),
            ("--check extra --help", "unknown argument 'extra'; see outspoold --help"),
            ("--nonsense", "unknown argument '--nonsense'; see outspoold --help"),
        ])
    func refused(line: String, message: String) {
        #expect(throws: ProgramFailure(64, message)) { try Invocation(line.split(separator: " ").map(String.init)) }
    }

    @Test("A configuration that cannot be read is a fault of the configuration", arguments: [["--check"], []])
    func unreadable(words: [String]) { #expect(Program.run(words + ["--config", "/nonexistent/outspool.conf"]) == 78) }
}
