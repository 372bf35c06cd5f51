// swift-tools-version: 6.2
import PackageDescription

/// How every module in Swift is compiled: nothing that SwiftPM calls unsafe, since applications compile some of them.
let common: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// A sanitizer looks on: its runtime wants to be loaded, see `make sanitize`.
let isSanitized = Context.environment["OUTSPOOL_SANITIZE"] != nil

/// The command starts once for each submission: linked statically it starts in a quarter of the time, because nothing is
/// left for the dynamic linker to do.
let quickStart: [LinkerSetting] = isSanitized ? [] : [.unsafeFlags(["-static-executable", "-lunistring"])]

/// The servers carry the Swift runtime with them and load the C libraries of the system,
/// which the distribution keeps patched.
let staticRuntime: [LinkerSetting] = isSanitized ? [] : [.unsafeFlags(["-static-stdlib"])]

/// The servers that need no resolver and no libcurl. In the tarball of `make dist` they need nothing of the system.
let staticServer: [LinkerSetting] =
    Context.environment["OUTSPOOL_STATIC"] == nil
    ? staticRuntime : [.unsafeFlags(["-static-executable", "-lidn2", "-lunistring"])]

let package = Package(
    name: "outspool",
    products: [
        .executable(name: "outspool", targets: ["outspool"]),
        .executable(name: "outspoold", targets: ["outspoold"]),
        .executable(name: "outspool-sink", targets: ["outspool-sink"]),
        .executable(name: "outspool-smtpd", targets: ["outspool-smtpd"]),
        .executable(name: "outspool-web", targets: ["outspool-web"]),
        .library(name: "Outspool", targets: ["Outspool"]),
        .plugin(name: "OutspoolTypesPlugin", targets: ["OutspoolTypesPlugin"]),
    ],
    targets: [
        // C: exactly what Swift cannot say.
        .target(name: "CLinux"),
        .target(name: "CProducers"),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "CIDN2", pkgConfig: "libidn2", providers: [.apt(["libidn2-dev", "libunistring-dev"])]),

        // Values and system calls, known to everything above.
        .target(name: "Linux", dependencies: ["CLinux"], swiftSettings: common),
        .target(name: "Time", dependencies: ["Linux"], swiftSettings: common),
        .target(name: "Text", swiftSettings: common),
        .target(name: "JSON", dependencies: ["Text"], swiftSettings: common),
        .target(name: "Configuration", dependencies: ["Text", "Time"], swiftSettings: common),
        .target(
            name: "Schema", dependencies: ["JSON", "Text", "Time"],
            swiftSettings: common + [.strictMemorySafety()]),

        // The queue, the mail, the wire.
        .target(name: "Spool", dependencies: ["Linux", "Time", "JSON", "Text"], swiftSettings: common),
        .target(
            name: "Template", dependencies: ["Configuration", "JSON", "Linux", "Schema", "Text", "Time"],
            resources: [.embedInCode("clients.txt")],
            swiftSettings: common + [.strictMemorySafety()]),
        .target(
            name: "TypeGeneration", dependencies: ["CProducers", "JSON", "Schema", "Text"],
            exclude: ["Producers", "Adapters"], swiftSettings: common),
        .target(
            name: "TypeFiles", dependencies: ["TypeGeneration", "Template", "Linux", "Text"], swiftSettings: common),
        .target(name: "Message", dependencies: ["JSON", "Text", "Time"], swiftSettings: common),
        .target(name: "IDNA", dependencies: ["CIDN2", "JSON", "Message"], swiftSettings: common),
        .target(name: "MailForm", dependencies: ["JSON", "Message", "Spool", "Text"], swiftSettings: common),
        .target(
            name: "SMTP", dependencies: ["Text", "Time"], resources: [.embedInCode("replies.conf")],
            swiftSettings: common),
        .target(
            name: "Mail",
            dependencies: [
                "Configuration", "Spool", "Template", "Schema", "Message", "IDNA", "MailForm", "JSON", "Text", "Time",
                "Linux",
            ],
            swiftSettings: common),
        .target(name: "Signatures", dependencies: ["Text"], swiftSettings: common),
        .target(
            name: "Feedback", dependencies: ["JSON", "Message", "Signatures", "Text", "Time"],
            resources: [.embedInCode("bounces.conf")], swiftSettings: common),
        .target(name: "EventLoop", dependencies: ["Linux", "CLinux", "Time"], swiftSettings: common),
        .target(
            name: "Relay", dependencies: ["EventLoop", "SMTP", "CCurl", "Linux", "Text", "Time"],
            swiftSettings: common),

        // What is built of them.
        .target(
            name: "Outspool", dependencies: ["MailForm", "Spool", "Schema", "JSON", "Text", "Time", "Linux"],
            swiftSettings: common),
        .target(
            name: "Daemon",
            dependencies: [
                "CLinux", "EventLoop", "Spool", "Template", "Feedback", "Message", "IDNA", "Mail", "SMTP", "Relay",
                "Schema",
                "Configuration", "JSON", "Text", "Time", "Linux",
            ],
            swiftSettings: common),
        .executableTarget(
            name: "outspoold", dependencies: ["Daemon", "Linux"], swiftSettings: common, linkerSettings: staticRuntime),
        .target(
            name: "Command",
            dependencies: [
                "EventLoop", "Spool", "Template", "Feedback", "Schema", "TypeFiles", "TypeGeneration", "Message",
                "IDNA", "Mail",
                "Configuration", "JSON", "SMTP", "SMTPServer", "Submission", "Text", "Time", "Linux", "Web",
            ],
            swiftSettings: common),
        .executableTarget(
            name: "outspool", dependencies: ["Command", "Linux"], swiftSettings: common, linkerSettings: quickStart),
        .target(name: "SMTPServer", dependencies: ["Text"], swiftSettings: common),
        .target(
            name: "ServerSocket", dependencies: ["COpenSSL", "EventLoop", "Linux", "Text"], swiftSettings: common),
        .target(
            name: "Submission",
            dependencies: [
                "IDNA", "JSON", "Linux", "Mail", "Message", "SMTPServer", "Spool", "Template", "Text", "Time",
            ],
            swiftSettings: common),
        .target(
            name: "SubmissionServer",
            dependencies: [
                "CCrypt", "Configuration", "EventLoop", "IDNA", "Linux", "Mail", "Message", "SMTPServer",
                "ServerSocket", "Spool", "Submission", "Text", "Time",
            ],
            swiftSettings: common),
        .executableTarget(
            name: "outspool-smtpd", dependencies: ["SubmissionServer", "Linux"], swiftSettings: common,
            linkerSettings: staticServer),
        .target(
            name: "Sink",
            dependencies: ["EventLoop", "JSON", "Linux", "SMTPServer", "ServerSocket", "Text", "Time", "COpenSSL"],
            swiftSettings: common),
        .executableTarget(
            name: "outspool-sink", dependencies: ["Sink", "Linux"], swiftSettings: common,
            linkerSettings: staticServer),

        // Pages for browsers: as values, and the server that shows them.
        .target(
            name: "Web", dependencies: ["JSON", "Text", "Time"], resources: [.embedInCode("style.css")],
            swiftSettings: common),
        .target(
            name: "WebServer",
            dependencies: [
                "CMicroHTTPD", "Command", "EventLoop", "Linux", "ServerSocket", "Spool", "Text", "Time", "Web",
            ],
            swiftSettings: common),
        .executableTarget(
            name: "outspool-web", dependencies: ["WebServer", "Linux"], swiftSettings: common,
            linkerSettings: staticRuntime),

        // Types for applications, made from the templates in their builds.
        .executableTarget(
            name: "outspool-types", dependencies: ["TypeFiles", "Linux"], swiftSettings: common),
        .plugin(
            name: "OutspoolTypesPlugin", capability: .buildTool(), dependencies: ["outspool-types"],
            path: "Sources/OutspoolTypesPlugin"),

        // An application, as the README tells its author to write one.
        .executableTarget(
            name: "example-shop", dependencies: ["Outspool"], exclude: ["outspool-types.conf"], swiftSettings: common,
            plugins: ["OutspoolTypesPlugin"]),

        // The client library at work, for `make bench`.
        .executableTarget(
            name: "bench-producer", dependencies: ["Outspool"], path: "Tests/Benchmarks/producer",
            swiftSettings: common),

        // Lookups of suppressed addresses, see Tests/Benchmarks/suppressed.
        .executableTarget(
            name: "bench-suppressed", dependencies: ["Spool", "Linux", "Time"], path: "Tests/Benchmarks/suppressed",
            swiftSettings: common),

        // What the tests share, see Tests/README.md.
        .target(name: "Scratch", path: "Tests/Support/Scratch", swiftSettings: common),
        .target(
            name: "Judges", dependencies: ["Message", "Scratch"], path: "Tests/Support/Judges",
            exclude: ["cases.py", "email.judge.py", "gmime.judge.py", "gmime.c"], swiftSettings: common),

        // Tests of the libraries: tables of values for decisions, real files for the rest.
        .testTarget(name: "JSONTests", dependencies: ["JSON", "Scratch"]),
        .testTarget(name: "TextTests", dependencies: ["Text"]),
        .testTarget(name: "TimeTests", dependencies: ["Time"]),
        .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "Time"]),
        .testTarget(name: "SchemaTests", dependencies: ["Schema", "JSON", "Scratch"]),
        .testTarget(name: "EventLoopTests", dependencies: ["EventLoop", "Linux", "Scratch", "Time"]),
        .testTarget(name: "SpoolTests", dependencies: ["Spool", "JSON", "Time", "Linux", "Scratch"]),
        .testTarget(
            name: "TemplateTests", dependencies: ["Template", "Schema", "JSON", "Linux", "Text", "Time", "Scratch"]),
        .testTarget(name: "TypeGenerationTests", dependencies: ["TypeGeneration", "Schema", "JSON"]),
        .testTarget(
            name: "MessageTests", dependencies: ["Message", "IDNA", "Judges", "JSON", "Text", "Time", "Scratch"]),
        .testTarget(name: "SignaturesTests", dependencies: ["Signatures", "Text"]),
        .testTarget(
            name: "FeedbackTests",
            dependencies: ["Feedback", "JSON", "Message", "Scratch", "Signatures", "Text", "Time"]),
        .testTarget(name: "SMTPTests", dependencies: ["SMTP", "Time"]),
        .testTarget(name: "RelayTests", dependencies: ["Relay", "SMTP", "Text", "Time"]),
        .testTarget(name: "SMTPServerTests", dependencies: ["SMTPServer", "Text"]),
        .testTarget(
            name: "SubmissionTests",
            dependencies: [
                "Submission", "Configuration", "IDNA", "JSON", "Mail", "Message", "SMTPServer", "Scratch", "Spool",
                "Text",
            ]),
        .testTarget(name: "WebTests", dependencies: ["Web", "JSON", "Text"]),
        .testTarget(name: "SinkTests", dependencies: ["SMTPServer", "ServerSocket", "Sink", "Text", "Time"]),
        .testTarget(name: "OutspoolTests", dependencies: ["Outspool", "JSON", "Scratch"]),
        .testTarget(
            name: "CommandValueTests",
            dependencies: ["Command", "Configuration", "Linux", "Message", "Scratch", "Spool", "JSON", "Time"]),
        .testTarget(
            name: "DaemonTests",
            dependencies: [
                "Daemon", "Configuration", "EventLoop", "Feedback", "Mail", "Relay", "Scratch", "Sink", "Spool", "SMTP",
                "JSON", "Template", "Text", "Time", "Linux",
            ]),
        .testTarget(
            name: "MailTests",
            dependencies: [
                "Mail", "Configuration", "IDNA", "Judges", "Message", "Scratch", "Spool", "Template", "JSON", "Text",
                "Time",
            ]),

        // Tests that start programs: `make check` leaves them out by name.
        .testTarget(
            name: "RelayServerTests", dependencies: ["Relay", "SMTP", "EventLoop", "Linux", "Time", "Scratch"],
            exclude: ["server.py"]),
        .testTarget(name: "SinkProgramTests", dependencies: ["JSON", "Scratch"]),
        .testTarget(name: "DoorProgramTests", dependencies: ["JSON", "Scratch"]),
        .testTarget(name: "WebProgramTests", dependencies: ["JSON", "Scratch"]),
        .testTarget(name: "CommandTests", dependencies: ["JSON", "Scratch"]),
        .testTarget(name: "ProgramTests", dependencies: ["JSON", "Scratch"]),
    ],
    swiftLanguageModes: [.v6]
)

// Fuzzing, see Tests/Proof/fuzz.py: one static library of all targets, built with the sanitizers in a place of its
// own. Other builds see nothing of it.
if Context.environment["OUTSPOOL_FUZZ"] != nil {
    package.products = [.library(name: "Fuzz", type: .static, targets: ["Fuzz"])]
    package.targets.removeAll { $0.isTest || $0.type == .executable || $0.type == .plugin }
    package.targets += [
        .target(
            name: "Fuzz",
            dependencies: [
                "Command", "Configuration", "Daemon", "Feedback", "IDNA", "JSON", "Linux", "Message", "SMTP",
                "SMTPServer",
                "Schema",
                "Spool", "Submission", "Template", "Text", "Time", "Web",
            ],
            path: "Tests/Fuzz", exclude: ["Seeds"], swiftSettings: common)
    ]
}
