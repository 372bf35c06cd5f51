import Configuration
import Testing
import Time

@Suite("Configuration section")
struct ConfigurationSectionTests {
    private func section(_ text: String) throws -> ConfigurationSection {
        try ConfigurationFile(parsing: text, name: "etc/outspool.conf").main
    }

    private enum Lane: String, CaseIterable { case high, normal, bulk }

    @Test("A key that is not there is nil, whatever its type")
    func absent() throws {
        var section = try section("")
        #expect(section.string("a") == nil)
        #expect(try section.bool("a") == nil)
        #expect(try section.int("a", in: 0...1) == nil)
        #expect(try section.span("a") == nil)
        #expect(try section.size("a") == nil)
        #expect(try section.choice("a", of: Lane.self) == nil)
        #expect(section.path("a") == nil)
    }

    @Test("Reads typed values")
    func values() throws {
        var section = try section("b = yes\nc = no\ni = -3\ns = 1h30m\nl = bulk\np = ../x\nq = /abs")
        #expect(try section.bool("b") == true)
        #expect(try section.bool("c") == false)
        #expect(try section.int("i", in: -3...3) == -3)
        #expect(try section.span("s") == .minutes(90))
        #expect(try section.choice("l", of: Lane.self) == .bulk)
        #expect(section.path("p") == "etc/../x")
        #expect(section.path("q") == "/abs")
        try section.refuseUnknown()
    }

    @Test(
        "Sizes are powers of 1024",
        arguments: [
            ("0", 0), ("512", 512), ("7B", 7), ("10k", 10240), ("64 KiB", 65536), ("32 MiB", 32 << 20), ("1G", 1 << 30),
            ("10 MB", nil), ("1.5M", nil), ("-1", nil), ("M", nil), ("9999999999G", nil), ("٣", nil),
        ] as [(String, Int?)])
    func sizes(text: String, bytes: Int?) throws {
        var section = try section("k = \(text)")
        if let bytes {
            #expect(try section.size("k") == bytes)
        } else {
            #expect(throws: ConfigurationError.self) { try section.size("k") }
        }
    }

    @Test("A value of the wrong type is an error that says what is wanted")
    func wrongType() throws {
        var section = try section("x = 1\nv = maybe")
        func reason(_ read: (inout ConfigurationSection) throws -> Void) -> String? {
            do {
                try read(&section)
                return nil
            } catch { return "\(error)" }
        }
        #expect(reason { _ = try $0.bool("v") } == "etc/outspool.conf:2: 'v' is yes or no, not 'maybe'")
        #expect(
            reason { _ = try $0.int("v", in: 1...9) }
                == "etc/outspool.conf:2: 'v' is a whole number from 1 to 9, not 'maybe'")
        #expect(reason { _ = try $0.int("x", in: 2...9) } != nil)
        #expect(reason { _ = try $0.span("v") } != nil)
        #expect(
            reason { _ = try $0.choice("v", of: Lane.self) }
                == "etc/outspool.conf:2: 'v' is high or normal or bulk, not 'maybe'")
    }

    @Test(
        "A key nobody asked for is an error that names the nearest one",
        arguments: [
            ("foo", "unknown key 'foo'; did you mean 'from'?"), ("form", "unknown key 'form'; did you mean 'from'?"),
            ("replyto", "unknown key 'replyto'; did you mean 'reply_to'?"), ("colour", "unknown key 'colour'"),
            ("From", "unknown key 'From'; did you mean 'from'?"),
        ])
    func unknown(key: String, reason: String) throws {
        var section = try section("# x\n\(key) = 1")
        _ = section.string("from")
        _ = section.string("reply_to")
        #expect(throws: ConfigurationError(file: "etc/outspool.conf", line: 2, reason: reason)) {
            try section.refuseUnknown()
        }
    }

    @Test("Free sections know every key, missing keys are reported at the header")
    func freeAndMissing() throws {
        let file = try ConfigurationFile(parsing: "\n[relay a]\nx = 1", name: "f")
        var section = file.sections[0]
        #expect(section.missing("url").description == "f:2: [relay a] needs 'url'")
        #expect(section.allEntries().map(\.key) == ["x"])
        try section.refuseUnknown()
    }
}
