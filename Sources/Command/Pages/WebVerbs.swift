internal import Glibc
internal import Linux
internal import Text

extension Verb {
    static var web: Verb {
        Verb(
            name: "web", summary: "show queue, templates and mail in a browser",
            help: """
                usage: outspool web [--listen ADDRESS] [--actions] [--user-header NAME]
                                    [--host NAME ...] [--maildir DIR]

                Serves pages of the spool on 127.0.0.1:8025 until it is ended. They have no
                script, and change nothing without --actions. See outspool-web(8).

                  --listen ADDRESS     127.0.0.1:PORT, [::1]:PORT, or unix:PATH; port 0 is any
                  --actions            jobs may be retried, held, released and removed
                  --user-header NAME   the field in which a proxy says who asks
                  --host NAME          a name under which a proxy is reached; may be repeated
                  --maildir DIR        captured mail, as outspool-sink writes it

                """,
            options: [
                .init("--listen", "an address"), .init("--actions"), .init("--user-header", "a field's name"),
                .init("--host", "a name"), .init("--maildir", "a directory"),
            ],
            run: { (invocation) throws(Failure) in try become("web", invocation) })
    }

    static var dev: Verb {
        Verb(
            name: "dev", summary: "a place to develop in: all mail is captured",
            help: """
                usage: outspool dev [TEMPLATES] [--spool DIR] [--fail PLAN ...] [--port N]

                Starts a relay that captures all mail, the daemon, an SMTP port and pages that
                show it, on a temporary spool, and says where they are. Ctrl-C ends all of it.
                TEMPLATES is a folder of templates; the one here, if it is one. A template that
                is changed is used at once.

                  --spool DIR   a spool that stays
                  --fail PLAN   what the relay does wrong: see outspool-sink(8); may be repeated
                  --port N      of the pages: 8025, or any where that is taken
                  --host NAME   a name besides localhost under which the pages are reached

                """,
            options: [
                .init("--fail", "a plan"), .init("--port", "a number"), .init("--host", "a name"),
            ],
            run: { (invocation) throws(Failure) in try become("dev", invocation) })
    }
}

/// Becomes outspool-web, which lies beside this program. Returns only when there is none.
private func become(_ verb: String, _ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    if verb == "dev", arguments.has("--config") { throw .usage("dev has a configuration of its own") }
    var words = ["outspool-web", verb]
    for option in arguments.given {
        words.append(option.value.isEmpty ? option.name : "\(option.name)=\(option.value)")
    }
    words += arguments.operands
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(Process.ownProgram, &buffer, buffer.count - 1)
    let own = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let directory = own.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(own[..<$0]) } ?? "."
    let path = "\(directory)/outspool-web"
    let pointers = words.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    execv(path, pointers)
    throw Failure(.unavailable, "\(printable(path)): \(Errno.last); it belongs to this program")
}
