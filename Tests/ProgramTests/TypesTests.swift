import Foundation
import Scratch
import Testing

@Suite("Types of jobs, in every language", .serialized, .ownThreads)
struct TypesTests {
    private func swiftc(_ place: Workplace, _ arguments: [String]) throws -> Ran {
        try place.run(
            try #require(Machine.program("swiftc")),
            [
                "-swift-version", "6", "-warnings-as-errors", "-I", Program.builtFolder.appending(path: "Modules").path,
                "-Xcc", "-fmodule-map-file=\(Program.builtFolder.path)/CLinux.build/module.modulemap",
            ] + arguments)
    }

    @Test("The build's own types are those of the sample templates, and its program's job is delivered")
    func exampleShop() throws {
        let place = try sampleShop()
        try place.configure(port: try place.sink())
        let ran = try place.run(Program.built("example-shop").path, [], environment: place.environment)
        #expect(ran.status == 0, "\(ran.err)")
        _ = try place.daemon()
        try place.wait(for: ran.lines[0], in: "done")
    }

    @Test(
        "Its sister in Python does the same, and is typed",
        .enabled(if: Machine.program("python3") != nil, "needs python3"))
    func exampleShopInPython() throws {
        let place = try sampleShop()
        try place.makeTypes("python")
        let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/example-shop-python/shop.py").standardizedFileURL
        try place.write("types/shop.py", try String(contentsOf: program, encoding: .utf8))
        let python = try #require(Machine.program("python3"))
        let environment = ["OUTSPOOL_SPOOL": place.spool.path, "PYTHONDONTWRITEBYTECODE": "1"]
        let ran = try place.run(python, ["\(place.types)/shop.py"], environment: environment)
        #expect(ran.status == 0, "\(ran.err)")
        #expect(place.names("new") == ran.lines)
        let nowhere = try place.run(
            python, ["\(place.types)/shop.py"],
            environment: ["OUTSPOOL_SPOOL": place.root.path + "/nowhere", "PYTHONDONTWRITEBYTECODE": "1"])
        #expect(nowhere.status == 75)
        if Machine.program("mypy") != nil {
            let checked = try mypy(place, "shop.py")
            #expect(checked.status == 0, "\(checked.out)")
        }
    }

    @Test(
        "A parameter of another type: the old program does not compile, and its job is dead with the reason",
        .enabled(if: Machine.program("swiftc") != nil, "needs swiftc"))
    func change() throws {
        let place = try sampleShop()
        let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/example-shop/main.swift").standardizedFileURL.path
        let types = "\(place.types)/OutspoolTypes.swift"
        try place.makeTypes("swift")
        let before = try swiftc(place, ["-typecheck", program, types])
        #expect(before.status == 0, "\(before.err)")

        let schema = place.root.appending(path: "templates/order-shipped/schema.json")
        let changed = place.text(schema).replacingOccurrences(
            of: #""quantity": {"type": "integer", "minimum": 1}"#, with: #""quantity": {"type": "string"}"#)
        #expect(changed != place.text(schema))
        try place.write("templates/order-shipped/schema.json", changed)
        try place.makeTypes("swift")
        let after = try swiftc(place, ["-typecheck", program, types])
        #expect(after.status != 0)
        #expect(
            after.err.contains("cannot convert value of type 'Int' to expected argument type 'String'"),
            "\(after.err)")

        let old = try place.run(Program.built("example-shop").path, [], environment: place.environment)
        #expect(old.status == 0)
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.wait(for: old.lines[0], in: "dead")
        let reason = try place.history(old.lines[0]).last?["reason"] as? String ?? ""
        #expect(reason.contains("/params/items/0/quantity: expected a string, found 1"), "\(reason)")
    }

    @Test("The zoo compiles in Swift", .enabled(if: Machine.program("swiftc") != nil, "needs swiftc"))
    func swiftZoo() throws {
        let place = try Workplace()
        try place.fillZoo()
        #expect(try place.makeTypes("swift").status == 0)
        let ran = try swiftc(place, ["-typecheck", "\(place.types)/OutspoolTypes.swift"])
        #expect(ran.status == 0, "\(ran.err.prefix(4000))")
    }

    @Test("The zoo compiles in Python", .enabled(if: Machine.program("python3") != nil, "needs python3"))
    func pythonZoo() throws {
        let place = try Workplace()
        try place.fillZoo()
        #expect(try place.makeTypes("python").status == 0)
        // Not only compiled: the classes are made too.
        let ran = try place.run(
            try #require(Machine.program("python3")),
            ["-W", "error", "-c", "import outspool; print(outspool.Nested._template)"],
            environment: ["PYTHONPATH": place.types])
        #expect(ran.out == "nested\n", "\(ran.err)")
    }

    private func mypy(_ place: Workplace, _ file: String) throws -> Ran {
        try place.run(
            try #require(Machine.program("mypy")), ["--strict", "--cache-dir=/dev/null", "\(place.types)/\(file)"])
    }

    @Test("mypy has nothing against the zoo", .enabled(if: Machine.program("mypy") != nil, "needs mypy"))
    func pythonZooTypes() throws {
        let place = try Workplace()
        try place.fillZoo()
        try place.makeTypes("python")
        try place.write("types/check.py", ZooJob.python)
        let checked = try mypy(place, "check.py")
        #expect(checked.status == 0, "\(checked.out.prefix(4000))")
    }

    @Test("The zoo compiles in PHP", .enabled(if: Machine.program("php") != nil, "needs php-cli"))
    func phpZoo() throws {
        let place = try Workplace()
        try place.fillZoo()
        #expect(try place.makeTypes("php").status == 0)
        let ran = try place.run(
            try #require(Machine.program("php")),
            [
                "-d", "error_reporting=-1", "-d", "display_errors=1", "-r",
                "require '\(place.types)/outspool.php'; echo (new Outspool\\Closed())->template();",
            ])
        #expect(ran.out == "closed", "\(ran.out.prefix(4000))")
    }

    @Test("The zoo compiles in TypeScript", .enabled(if: Machine.program("tsc") != nil, "needs node-typescript"))
    func typeScriptZoo() throws {
        let place = try Workplace()
        try place.fillZoo()
        #expect(try place.makeTypes("typescript").status == 0)
        let ran = try tsc(
            place, "import * as all from \"./outspool.mjs\";\nexport const job: all.Job = all.closed();\n")
        #expect(ran.status == 0, "\(ran.out.prefix(4000))")
        let node = try place.run(
            try #require(Machine.program("node")),
            ["--input-type=module", "-e", "await import('\(place.types)/outspool.mjs')"])
        #expect(node.status == 0, "\(node.err)")
    }

    private func tsc(_ place: Workplace, _ program: String) throws -> Ran {
        try place.write("types/check.mts", program)
        return try place.run(
            try #require(Machine.program("tsc")),
            [
                "--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--module", "node16",
                "--moduleResolution",
                "node16", "\(place.types)/check.mts",
            ])
    }

    @Test(
        "A wrong type does not pass the compiler of TypeScript",
        .enabled(if: Machine.program("tsc") != nil, "needs node-typescript"))
    func typeScriptFails() throws {
        let place = try sampleShop()
        try place.makeTypes("typescript")
        let items = #"items: [{ name: "Teapot", quantity: 1, price: "1" }]"#
        let orders = [
            "{ orderId: 1, carrier: \"DHL\", \(items) }", "{ orderId: 1, carrier: 7, \(items) }",
            "{ orderId: true, carrier: \"DHL\", \(items) }", "{ orderId: 1, carrier: \"DHL\" }",
            "{ orderId: 1, carrier: \"DHL\", trackingURL: \"x\", \(items) }",
        ]
        let calls = orders.map {
            "await spool.submit(orderShipped(\($0)), { to: \"a@example.com\", sendAt: new Date() });\n"
        }
        let output = try tsc(
            place,
            "import { Spool, orderShipped } from \"./outspool.mjs\"; const spool = new Spool();\n"
                + calls.joined() + "await spool.submit({ template: \"x\", params: {} }, { too: \"a@example.com\" });\n"
        ).out
        // Lines count from the import; the first order is right.
        let wrong = output.matches(of: /check\.mts\((\d+),/).compactMap { Int($0.output.1) }
        #expect(wrong == [3, 4, 5, 6, 7], "\(output)")
        #expect(output.contains("Type 'number' is not assignable to type 'string'"))
        #expect(output.contains("Property 'items' is missing"))
    }

    @Test("A wrong type does not pass mypy", .enabled(if: Machine.program("mypy") != nil, "needs mypy"))
    func pythonFails() throws {
        let place = try sampleShop()
        try place.makeTypes("python")
        func check(_ words: String) throws -> Ran {
            try place.write(
                "types/check.py", "from outspool import *\nSpool().submit(Hello(\(words)), to=\"a@example.com\")\n")
            return try mypy(place, "check.py")
        }
        let right = try check("name=\"Zoë\"")
        #expect(right.status == 0, "\(right.out)")
        #expect(try check("name=7").out.contains("incompatible type"))
        #expect(try check("").out.contains("Missing named argument"))
    }

    @Test("One job is the same in every language, and fits its schema")
    func everything() throws {
        let place = try Workplace()
        try place.fillZoo()
        var ids: [String] = []
        func submit(_ id: String, _ command: String, _ arguments: [String]) throws {
            let ran = try place.run(command, arguments, environment: place.environment)
            #expect(ran.status == 0, "\(id): \(ran.out) \(ran.err)")
            if ran.status == 0 { ids.append(id) }
        }
        for (language, file, program) in [
            ("python", "app.py", ZooJob.python), ("php", "app.php", ZooJob.php),
            ("typescript", "app.mjs", ZooJob.typescript), ("swift", "main.swift", ZooJob.swift),
        ] {
            try place.makeTypes(language)
            try place.write("types/\(file)", program)
        }
        for language in ProducerLanguage.installed {
            try submit(
                language.rawValue, try #require(Machine.program(language.interpreter)),
                ["\(place.types)/\(language.file)"])
        }
        if Machine.program("tsc") != nil {
            let checked = try tsc(place, ZooJob.typescript)
            #expect(checked.status == 0, "\(checked.out)")
        }
        if Machine.program("swiftc") != nil {
            // The client library and what it is built of.
            let objects = try [
                "Outspool", "MailForm", "Message", "Schema", "Spool", "Text", "JSON", "Time", "Linux", "CLinux",
            ]

            .flatMap { module in
                let folder = Program.builtFolder.appending(path: "\(module).build")
                // A build leaves the objects of files that have gone since the one before.
                let sources = try FileManager.default.subpathsOfDirectory(
                    atPath: "\(repository.path)/Sources/\(module)"
                )
                .map { ($0 as NSString).lastPathComponent + ".o" }
                return try FileManager.default.contentsOfDirectory(atPath: folder.path)
                    .filter(sources.contains).map { folder.appending(path: $0).path }
            }
            let program = place.root.appending(path: "zoo").path
            let built = try swiftc(
                place, ["\(place.types)/main.swift", "\(place.types)/OutspoolTypes.swift", "-o", program] + objects)
            #expect(built.status == 0, "\(built.err.prefix(3000))")
            if built.status == 0 { try submit("swift", program, []) }
        }
        #expect(ids.count >= 2)
        let expected = try JSONSerialization.jsonObject(with: Data(ZooJob.params.utf8)) as? NSDictionary
        for id in ids { #expect(try place.params(id) == expected, "\(id)") }
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        for id in ids {
            try place.wait("\(id) to be delivered") { !place.names("done").isEmpty || !place.names("dead").isEmpty }
        }
        for id in ids { try place.wait(for: id, in: "done") }
    }

    // MARK: The verb

    @Test("Files that would not change are not touched", arguments: ["swift", "typescript", "python", "php"])
    func unchanged(language: String) throws {
        let place = try sampleShop()
        #expect(try place.makeTypes(language).status == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: place.types).sorted()
        #expect(names.count == ["swift": 1, "php": 8][language] ?? 6)
        let file = "\(place.types)/\(names[0])"
        let old = Date(timeIntervalSince1970: 1_000_000_000)
        try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: file)
        let text = place.text(URL(filePath: file))
        #expect(try place.makeTypes(language).status == 0)
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date == old)
        try place.write("templates/hello/schema.json", #"{"type":"object","properties":{"name":{"type":"integer"}}}"#)
        #expect(try place.makeTypes(language).status == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.types).sorted() == names)
        #expect(place.text(URL(filePath: file)) != text)
    }

    @Test("A broken template is said, and nothing is written")
    func broken() throws {
        let place = try sampleShop()
        try place.write("templates/hello/schema.json", #"{"tpye":"object"}"#)
        try place.write("templates/password-reset/text.mustache", "{{#open}}")
        let ran = try place.makeTypes("python")
        #expect(ran.status == 78)
        #expect(
            ran.err.contains("did you mean 'type'?") && ran.err.contains("password-reset/text.mustache:1:1"),
            "\(ran.err)")
        #expect(!FileManager.default.fileExists(atPath: place.types))
        // Those that are named are not concerned.
        #expect(try place.makeTypes("python", "order-shipped").status == 0)
        #expect(!place.text(URL(filePath: "\(place.types)/outspool.py")).contains("class Hello"))
        #expect(try place.makeTypes("python", "order-shiped").status == 66)
        #expect(try place.makeTypes("cobol").status == 64)
    }

    @Test("Without --output it is standard output, of one file")
    func standardOutput() throws {
        let place = try sampleShop()
        let templates = place.root.appending(path: "templates").path
        let ran = try place.outspool(arguments: ["types", "--lang", "swift", "--templates", templates])
        #expect(ran.status == 0)
        try place.makeTypes("swift")
        #expect(ran.out == place.text(URL(filePath: "\(place.types)/OutspoolTypes.swift")))
        #expect(
            try place.outspool(arguments: ["types", "--lang", "typescript", "--templates", templates]).status == 64)
    }

    @Test("Two templates of one name are refused")
    func clash() throws {
        let place = try Workplace()
        for name in ["a-b", "aB"] { try place.write("templates/\(name)/subject.mustache", "x\n") }
        for name in ["a-b", "aB"] { try place.write("templates/\(name)/text.mustache", "x\n") }
        let ran = try place.makeTypes("swift")
        #expect(ran.status == 78)
        #expect(ran.err.contains("a-b and aB would both be AB"), "\(ran.err)")
    }
}
