import Foundation
import Testing
import Time

@testable import Message

/// Python's reader of mail as the judge of what is composed here.
@Suite("Python reads what is composed")
struct PythonTests {
    static let python =
        ["/usr/bin/python3", "/usr/local/bin/python3"]
        .first(where: FileManager.default.isExecutableFile)
        ?? (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/python3" }
        .first(where: FileManager.default.isExecutableFile)

    @Test("500 random messages", .enabled(if: python != nil, "python3 is not installed"))
    func readsRandomMessages() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "message-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }

        var lines: [Data] = []
        for seed in 0..<500 {
            var random = RandomMail(seed: UInt64(seed))
            let mail = try random.mail()
            let message = try mail.compose()
            #expect(Self.longestLine(message.bytes) <= 998, "seed \(seed)")
            #expect(message.needsSMTPUTF8 || message.bytes.allSatisfy { $0 < 0x80 }, "seed \(seed)")
            lines.append(try Self.expectation(of: mail, seed: seed, bytes: message.bytes))
        }
        let cases = directory.appending(path: "cases.jsonl")
        try Data(lines.joined(separator: Data("\n".utf8))).write(to: cases)
        let script = directory.appending(path: "judge.py")
        try Data(Self.script.utf8).write(to: script)

        let process = Process()
        process.executableURL = URL(filePath: try #require(Self.python))
        process.arguments = [script.path, cases.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(said == "500 read\n")
        #expect(process.terminationStatus == 0)
    }

    private static func longestLine(_ bytes: [UInt8]) -> Int {
        bytes.split(separator: 0x0A).map { $0.last == 0x0D ? $0.count - 1 : $0.count }.max() ?? 0
    }

    private static func expectation(of mail: Composition, seed: Int, bytes: [UInt8]) throws -> Data {
        func boxes(_ list: [Mailbox]) -> [[String]] {
            list.map { [$0.name ?? "", $0.address.local, $0.address.domain] }
        }
        let files = mail.attachments.map { file in
            [
                "name": file.filename as Any? ?? NSNull(), "cid": file.cid as Any? ?? NSNull(),
                "type": file.contentType ?? "application/octet-stream",
                "content": Data(file.content).base64EncodedString(),
            ]
        }
        return try JSONSerialization.data(withJSONObject: [
            "seed": seed, "raw": Data(bytes).base64EncodedString(), "subject": mail.subject,
            "from": boxes([mail.from]), "to": boxes(mail.to), "cc": boxes(mail.cc), "reply-to": boxes(mail.replyTo),
            "text": mail.text as Any? ?? NSNull(), "html": mail.html as Any? ?? NSNull(), "files": files,
            "headers": mail.headers.map { [$0.name, $0.value] }, "id": mail.messageID.text,
            "date": Int(mail.date.seconds),
        ])
    }

    private static let script = #"""
        import base64, email, email.header, email.policy, email.utils, json, re, sys
        count = 0
        for line in open(sys.argv[1], encoding="utf-8"):
            want = json.loads(line)
            raw = base64.b64decode(want["raw"])
            def check(what, got, expected):
                if got != expected:
                    print("seed", want["seed"], what, ascii(got)[:600], "instead of", ascii(expected)[:600])
            # Bodies are ASCII; a header has UTF-8 only in addresses (RFC 6532).
            message = email.message_from_string(raw.decode("utf-8"), policy=email.policy.default)
            old = email.message_from_string(raw.decode("utf-8"))
            def defects(part):
                found = list(part.defects)
                for name, value in part.items():
                    found += getattr(value, "defects", ())
                return [d for d in found if type(d).__name__ != "NonASCIILocalPartDefect"]
            for part in message.walk():
                check("defects", defects(part), [])
            try:
                if raw.isascii(): email.message_from_bytes(raw, policy=email.policy.strict)
            except Exception as error:
                print("seed", want["seed"], "strict", error)
            for header in raw.split(b"\r\n\r\n")[0].split(b"\r\n"):
                words = re.findall(rb"=\?utf-8\?[qb]\?[^?]*\?=", header)
                if any(len(word) > 75 for word in words) or (words and len(header) > 76):
                    print("seed", want["seed"], "long", header)
            check("subject", message["subject"], want["subject"].strip(" \t"))
            for field in ["from", "to", "cc", "reply-to"]:
                # The new reader keeps the space between encoded-words of a name, against RFC 2047, 6.2.
                boxes = message[field].addresses if field in message else []
                names = [name for name, _ in email.utils.getaddresses(old.get_all(field, []))]
                names = [str(email.header.make_header(email.header.decode_header(name))) for name in names]
                if len(boxes) == 0: names = []
                check(field + " count", len(names), len(boxes))
                # The old reader takes no name before a domain literal.
                names = [name or box.display_name for name, box in zip(names, boxes)]
                got = [[name, box.username, box.domain] for name, box in zip(names, boxes)]
                for mine, theirs in zip(got, want[field]):
                    if mine[2].startswith("[") and mine[0].replace(" ", "") == theirs[0].replace(" ", ""):
                        mine[0] = theirs[0]
                check(field, got, want[field])
            check("id", message["message-id"], want["id"])
            check("date", int(message["date"].datetime.timestamp()), want["date"])
            for name, value in want["headers"]:
                check(name, message[name], value)
            if want["text"] is not None:
                got = message.get_body(("plain",)).get_content()
                text = re.sub("\r\n|\r|\n", "\n", want["text"])
                check("text", re.sub("\r\n|\r|\n", "\n", got), text if text.endswith("\n") or not text else text + "\n")
            if want["html"] is not None:
                got = message.get_body(("html",)).get_content()
                html = re.sub("\r\n|\r|\n", "\n", want["html"])
                check("html", re.sub("\r\n|\r|\n", "\n", got), html if html.endswith("\n") or not html else html + "\n")
            elif message.get_body(("html",)) is not None:
                print("seed", want["seed"], "html from nowhere")
            leaves = [p for p in message.walk() if not p.is_multipart() and p.get_content_disposition()]
            got = sorted((p.get_filename() or "", p.get("content-id") or "", p.get_content_type(),
                          base64.b64encode(p.get_payload(decode=True)).decode()) for p in leaves)
            expected = sorted((f["name"] or "", f"<{f['cid']}>" if f["cid"] else "", f["type"], f["content"])
                              for f in want["files"])
            check("files", got, expected)
            count += 1
        print(count, "read")
        """#
}
