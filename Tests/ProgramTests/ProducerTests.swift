import Foundation
import Scratch
import Testing

/// A language with a producer of its own, and how its programs are run.
enum ProducerLanguage: String, CaseIterable, CustomTestStringConvertible {
    case python, php, typescript

    var interpreter: String { self == .python ? "python3" : self == .php ? "php" : "node" }
    var file: String { self == .python ? "app.py" : self == .php ? "app.php" : "app.mjs" }
    var testDescription: String { rawValue }
    static var installed: [ProducerLanguage] {
        allCases.filter { Machine.program($0.interpreter) != nil }
    }

    /// A program that submits an order under the ids of its arguments (`-` has one made) and prints
    /// for each the id, or the reason why not.
    var shop: String {
        switch self {
        case .python:
            #"""
            import sys
            from outspool import OrderShipped, OrderShippedItem, Spool, SubmitError
            for word in sys.argv[1:]:
                try:
                    print(Spool().submit(OrderShipped(
                        orderId=1042, carrier="DHL",
                        items=[OrderShippedItem(name="Teapot", quantity=1, price="€ 38.00")]),
                        to="Zoë <zoe@example.com>", id=None if word == "-" else word, locale="de"))
                except SubmitError as error:
                    print(error.reason)
            """#
        case .php:
            #"""
            <?php
            declare(strict_types=1);
            require __DIR__ . '/outspool.php';
            use Outspool\{OrderShipped, OrderShippedItem, Spool, SubmitError};
            foreach (array_slice($argv, 1) as $word) {
                try {
                    echo (new Spool())->submit(
                        new OrderShipped(
                            orderId: 1042, carrier: 'DHL', items: [new OrderShippedItem('Teapot', 1, '€ 38.00')]),
                        to: 'Zoë <zoe@example.com>', id: $word === '-' ? null : $word, locale: 'de'), "\n";
                } catch (SubmitError $error) {
                    echo $error->reason->value, "\n";
                }
            }
            """#
        case .typescript:
            #"""
            import { Spool, SubmitError, orderShipped } from "./outspool.mjs";
            for (const word of process.argv.slice(2)) {
              try {
                console.log(await new Spool().submit(
                  orderShipped({
                    orderId: 1042, carrier: "DHL", items: [{ name: "Teapot", quantity: 1, price: "€ 38.00" }] }),
                  { to: "Zoë <zoe@example.com>", id: word === "-" ? undefined : word, locale: "de" }));
              } catch (error) {
                if (!(error instanceof SubmitError)) throw error;
                console.log(error.reason);
              }
            }
            """#
        }
    }
}

@Suite("Producers in other languages", .serialized, .ownThreads)
struct ProducerTests {
    private func run(
        _ language: ProducerLanguage, in place: Workplace, _ words: [String], strace: [String] = [],
        as user: String? = nil, spool: String? = nil
    ) throws -> Ran {
        try place.makeTypes(language.rawValue)
        try place.write("types/\(language.file)", language.shop)
        var command = [try #require(Machine.program(language.interpreter)), "\(place.types)/\(language.file)"] + words
        if let user {
            command = ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"] + command
        }
        if !strace.isEmpty { command = [try #require(Machine.program("strace")), "-f"] + strace + command }
        return try place.run(
            command[0], Array(command[1...]),
            environment: [
                "OUTSPOOL_SPOOL": spool ?? place.spool.path, "PYTHONDONTWRITEBYTECODE": "1",
                // strace counts the calls of each thread.
                "UV_THREADPOOL_SIZE": "1",
            ])
    }

    @Test("A producer's jobs are delivered", arguments: ProducerLanguage.installed)
    func delivers(language: ProducerLanguage) throws {
        let place = try sampleShop()
        let ran = try run(language, in: place, ["-", "order-1042", "order-1042", "a/b", "-"])
        #expect(ran.status == 0, "\(ran.err)")
        try #require(ran.lines.count == 5, "\(ran.out) \(ran.err)")
        #expect(Array(ran.lines[1...3]) == ["order-1042", "alreadyQueued", "invalid"])
        for id in [ran.lines[0], ran.lines[4]] {
            #expect(id.wholeMatch(of: /\d{8}T\d{6}Z-[0-9a-v]{10}/) != nil, "\(id)")
        }
        #expect(place.names("new") == [ran.lines[0], ran.lines[4], "order-1042"].sorted())
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.spool.appending(path: "tmp").path) == [])
        for id in place.names("new") {
            let attributes = try FileManager.default.attributesOfItem(atPath: try place.file(id).path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        for id in [ran.lines[0], ran.lines[4], "order-1042"] { try place.wait(for: id, in: "done") }
        #expect(place.mails().count == 3)
    }

    @Test(
        "What a producer says when it does not succeed", .enabled(if: Machine.program("strace") != nil, "needs strace"),
        arguments: ProducerLanguage.installed)
    func failures(language: ProducerLanguage) throws {
        let place = try sampleShop()
        func calls(_ injection: String, _ word: String) throws -> String {
            try run(language, in: place, [word], strace: ["-o", "/dev/null", "-e", "inject=\(injection)"])
                .out.trimmingCharacters(in: .newlines)
        }
        let rename = "rename,renameat,renameat2"
        let link = "link,linkat"
        #expect(try calls("fsync,fdatasync:error=ENOSPC:when=1", "-") == "temporary")
        #expect(try calls("fsync,fdatasync:error=EIO:when=1", "k") == "temporary")
        #expect(try calls("\(rename):error=EDQUOT:when=1", "-") == "temporary")
        #expect(try calls("\(rename):error=EACCES:when=1", "-") == "unusable")
        #expect(try calls("\(link):error=ENOSPC:when=1", "k") == "temporary")
        #expect(place.names("new").isEmpty)
        #expect(try calls("fsync,fdatasync:error=EIO:when=2", "-") == "unsettled")
        #expect(try calls("fsync,fdatasync:error=EIO:when=2", "k") == "unsettled")
        #expect(place.names("new").count == 2)
        #expect(try calls("fsync:error=EIO:when=9", "k") == "alreadyQueued")
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.spool.appending(path: "tmp").path) == [])
        let nowhere = try run(language, in: place, ["-"], spool: place.root.path + "/nowhere")
        #expect(nowhere.out == "unusable\n")
    }

    @Test(
        "A producer's system calls, in order", .enabled(if: Machine.program("strace") != nil, "needs strace"),
        arguments: ProducerLanguage.installed)
    func order(language: ProducerLanguage) throws {
        let place = try sampleShop()
        #expect(
            try trace(language, in: place, "-", at: place.spool.path)
                == ["create tmp O_EXCL 0600", "write tmp", "sync tmp", "rename tmp>new", "sync new/"])
        #expect(
            try trace(language, in: place, "k", at: place.spool.path)
                == ["create tmp O_EXCL 0600", "write tmp", "sync tmp", "link tmp>new", "unlink tmp", "sync new/"])
    }

    @Test(
        "A producer in a drop box",
        .enabled(if: Machine.program("strace") != nil && Machine.isRoot, "needs strace and root"),
        arguments: ProducerLanguage.installed)
    func dropBox(language: ProducerLanguage) throws {
        let place = try sampleShop()
        // The stranger has to reach the box, and the program.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.root.path)
        #expect(
            try place.run(
                Program.built("outspool").path,
                ["--spool", place.spool.path, "dropbox", "add", "shop", "--group", "65533"]
            ).status == 0)
        let box = "\(place.spool.path)/drop/shop"
        let calls = try trace(language, in: place, "k", at: box, as: "65533")
        // The daemon, which owns the box, has to read the file; new/ cannot be read, so the file is synced again.
        // The file was unlinked from tmp/ by then, which is how the kernel names it.
        #expect(calls.first?.hasPrefix("create tmp O_EXCL") == true)
        #expect(
            Array(calls.dropFirst()) == ["write tmp", "sync tmp", "link tmp>new", "unlink tmp", "sync tmp"], "\(calls)")
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(box)/new/k")
        #expect(attributes[.posixPermissions] as? Int == 0o604)
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.wait(for: "k@shop", in: "done")
    }

    /// What the producer did to the spool, in words.
    private func trace(
        _ language: ProducerLanguage, in place: Workplace, _ word: String, at spool: String, as user: String? = nil
    ) throws -> [String] {
        let log = place.root.appending(path: "trace")
        let calls =
            "trace=openat,open,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat"
        let ran = try run(
            language, in: place, [word], strace: ["-y", "-s", "0", "-o", log.path, "-e", calls], as: user, spool: spool)
        #expect(!ran.out.contains("unusable") && !ran.out.contains("unsettled"), "\(ran.out) \(ran.err)")
        return place.text(log).split(separator: "\n").compactMap { line in
            guard line.contains("\(spool)/tmp") || line.contains("\(spool)/new"), !line.contains("resumed>") else {
                return nil
            }
            let call = line.drop { $0 != " " }.drop { $0 == " " }.prefix { $0 != "(" }
            let places = ["tmp", "new"].filter { line.contains("\(spool)/\($0)") }.joined(separator: ">")
            switch call {
            case "openat", "open":
                guard line.contains("O_CREAT") else { return nil }
                // PHP says its mode by the umask.
                return "create \(places)\(line.contains("O_EXCL") ? " O_EXCL" : "") "
                    + (language == .php
                        ? "0600"
                        : String(line.split(separator: ",").last?.prefix { $0 != ")" } ?? "").trimmingCharacters(
                            in: .whitespaces))
            case "renameat2", "renameat", "rename": return "rename \(places)"
            case "linkat", "link": return "link \(places)"
            case "unlinkat", "unlink": return "unlink \(places)"
            case "pwrite64": return "write \(places)"
            case "fsync", "fdatasync": return "sync \(places)\(line.contains("\(spool)/\(places)>") ? "/" : "")"
            default: return "\(call) \(places)"
            }
        }
    }
}
