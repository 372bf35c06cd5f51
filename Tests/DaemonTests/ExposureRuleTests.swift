import Glibc
import Scratch
import Spool
import Testing

@testable import Daemon

@Suite("What lies open")
struct ExposureRuleTests {
    private let place: SpoolPlace

    init() throws { place = try SpoolPlace() }

    @Test(
        "Nobody but its owner may change the configuration",
        arguments: [(0o644, nil), (0o600, nil), (0o444, nil), (0o664, "0664"), (0o646, "0646"), (0o666, "0666")]
            as [(Int, String?)])
    func configuration(mode: Int, found: String?) throws {
        let path = try place.scratch.write("", to: "outspool.conf", mode: mode)
        let finding = Exposure.configuration(at: path)
        #expect(
            finding
                == found.map {
                    "\(path): the configuration of mode \($0): others than its owner may change it (chmod go-w)"
                })
    }

    @Test(
        "A group may read a secret, and nobody else",
        arguments: [
            ("password_file", 0o600, true), ("password_file", 0o640, true), ("token_file", 0o400, true),
            ("password_file", 0o660, false), ("password_file", 0o644, false), ("token_file", 0o602, false),
            ("token_file", 0o601, false),
        ])
    func secrets(key: String, mode: Int, isFine: Bool) throws {
        let path = try place.scratch.write("secret", to: "secret", mode: mode)
        let settings = try place.settings("", relay: "smtp://mx.example", "user = shop\n\(key) = \(path)")
        let findings = Exposure.secrets(of: settings)
        #expect(findings.isEmpty == isFine)
        #expect(findings.allSatisfy { $0.hasPrefix("\(path): a secret of mode ") && $0.hasSuffix("(chmod g-w,o=)") })
        #expect(Exposure.secrets(of: try place.settings()).isEmpty)
    }

    @Test("A file that is not there is no finding")
    func missing() throws {
        let settings = try place.settings(
            "", relay: "smtp://mx.example", "user = shop\npassword_file = \(place.scratch.path("none"))")
        #expect(Exposure.secrets(of: settings).isEmpty)
        #expect(Exposure.configuration(at: place.scratch.path("none")) == nil)
        #expect(try Exposure.spool(at: place.scratch.path("none")).isEmpty)
    }

    @Test(
        "Every user may write to the two directories of drop/local that have the sticky bit, and to no other",
        arguments: [
            ("new", 0o702, "o-w"), (".", 0o703, "o-w"), ("cur/main", 0o722, "o-w"), ("retry/01-30s", 0o777, "o-w"),
            ("new", 0o770, nil), ("drop/shop/new", 0o3732, "o-w"), ("drop/shop/new", 0o3730, nil),
            ("drop/local/new", 0o1733, nil), ("drop/local/tmp", 0o733, "+t"), ("drop/local", 0o713, "o-w"),
        ] as [(String, UInt32, String?)])
    func spool(name: String, mode: UInt32, remedy: String?) throws {
        try Creation.dropBox("shop", group: getegid(), in: place.spool.path)
        try Creation.dropBox("local", group: nil, in: place.spool.path)
        #expect(try Exposure.spool(at: place.spool.path) == [])
        #expect(chmod(place.scratch.path("spool/\(name)"), mode) == 0)
        let findings = try Exposure.spool(at: place.spool.path)
        #expect(findings.count == (remedy == nil ? 0 : 1))
        #expect(findings.allSatisfy { $0.hasSuffix("every user may add and remove files (chmod \(remedy ?? ""))") })
    }
}
