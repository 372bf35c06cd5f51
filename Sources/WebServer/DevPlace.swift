internal import Command
internal import EventLoop
internal import Glibc
internal import Linux
internal import ServerSocket
internal import Text
internal import Time
internal import Web

/// A developer's place: a spool, a relay that captures all mail, the daemon, an SMTP port, and the pages.
///
/// Its programs die with this one, whatever ends it.
final class DevPlace {
    private let loop: EventLoop
    private let settings: DevSettings
    /// The directory of this run, which is removed at its end.
    private let scratch: String
    private let spool: String
    private let templates: String
    private var parts: [DevProgram] = []
    private var site: Site?
    private var server: Server?
    private var isStopping = false
    private var status: Int32 = 0

    /// Called once everything has ended, with the status to end with.
    var whenOver: (Int32) -> Void = { _ in }

    private var configuration: String { "\(scratch)/outspool.conf" }
    private var maildir: String { "\(scratch)/mail" }

    init(_ settings: DevSettings, on loop: EventLoop) throws(StartError) {
        self.loop = loop
        self.settings = settings
        templates = try DevPlace.templates(settings.templates)
        scratch = try DevPlace.makeScratch()
        spool = Process.absolute(settings.spool ?? "\(scratch)/spool")
        do throws(StartError) { try begin() } catch {
            clear()
            throw error
        }
    }

    // MARK: Starting

    /// The folder that was named; else what is here, if it looks like one; else the examples that were installed.
    private static func templates(_ given: String?) throws(StartError) -> String {
        let path = Process.absolute(given ?? ".")
        if given != nil || isFolderOfTemplates(path) {
            do throws(Errno) { _ = try Directory(path: path) } catch { throw .noInput("\(printable(path)): \(error)") }
            return path
        }
        for path in ["./templates", "./etc/templates", "/etc/outspool/templates"] where isFolderOfTemplates(path) {
            return Process.absolute(path)
        }
        throw .noInput("no folder of templates here; name one: outspool dev TEMPLATES")
    }

    private static func isFolderOfTemplates(_ path: String) -> Bool {
        guard let directory = try? Directory(path: path), var entries = try? directory.entries() else { return false }
        while let entry = (try? entries.next()) ?? nil {
            guard let name = entry.text, !entry.isHidden, let folder = try? directory.directory(name) else { continue }
            if (try? folder.contains("subject.mustache")) == true { return true }
        }
        return false
    }

    private static func makeScratch() throws(StartError) -> String {
        let base = Process.environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var path = Array("\(base)/outspool-dev-XXXXXX".utf8CString)
        guard mkdtemp(&path) != nil else { throw .cannotCreate("a directory in \(base)", Errno.last) }
        return String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The relay first: its port goes into the daemon's configuration.
    private func begin() throws(StartError) {
        do throws(Errno) {
            for folder in [maildir, "\(maildir)/tmp", "\(maildir)/new", "\(maildir)/cur"] {
                try Directory.make(path: folder, mode: 0o700)
            }
        } catch { throw .cannotCreate(maildir, error) }
        let faults = settings.faults.flatMap { ["--fail", $0] }
        let sink = ["--listen", "127.0.0.1:0", "--maildir", maildir, "--quiet"] + faults
        try start("outspool-sink", sink) { [unowned self] (line) throws(StartError) in
            if let port = DevPlace.port(line) { try relayIsReady(port) }
        }
    }

    private func relayIsReady(_ port: UInt16) throws(StartError) {
        let text = """
            spool = \(spool)
            templates = \(templates)
            from = Outspool <outspool@example.com>
            [relay sink]
            url = smtp://127.0.0.1:\(port)
            tls = none

            """
        do throws(Errno) {
            let file = try Directory(path: scratch).create("outspool.conf", mode: 0o600)
            try file.write(all: Array(text.utf8))
        } catch { throw .cannotCreate(configuration, error) }
        let status: Int32
        do throws(Errno) {
            status = try Foreground.output(of: [Programs.path(of: "outspool"), "init", spool], limit: 4096).status
        } catch { throw .unavailable("\(Programs.path(of: "outspool")): \(error)") }
        if status != 0 { throw StartError("\(spool) cannot be made", status: 73) }
        try start("outspoold", ["--config", configuration]) { _ in }
        try start(
            "outspool-smtpd", ["--listen", "127.0.0.1:0", "--box", spool, "--templates", templates]
        ) { [unowned self] (line) throws(StartError) in
            if let port = DevPlace.port(line) { try doorIsReady(port) }
        }
    }

    private func doorIsReady(_ port: UInt16) throws(StartError) {
        if server != nil { return }
        var console = ConsoleSettings()
        console.spool = spool
        console.configuration = configuration
        console.maildir = maildir
        console.allowsActions = true
        console.isDevelopment = true
        console.smtp = "127.0.0.1:\(port)"
        let site = try Program.site(console, gate: Gate(hosts: settings.hosts), on: loop)
        let listener = try listen()
        let address = listener.address
        server = try Program.server(site, on: listener.release(), loop)
        self.site = site
        let lines = """
            pages    \(address)/
            SMTP     127.0.0.1:\(port)
            submit   export OUTSPOOL_SPOOL=\(spool.quoted) OUTSPOOL_CONFIG=\(configuration.quoted)
            log      \(scratch)/outspoold.log
            Ctrl-C ends it.

            """
        if Program.print(lines) != 0 { stop() }
    }

    /// The port that was asked for, or, where none was asked for and the usual one is taken, any that is free.
    private func listen() throws(StartError) -> WebSocket {
        func address(_ port: UInt16) -> WebAddress {
            .network(ListenAddress(host: "127.0.0.1", isV6: false, port: port))
        }
        do throws(StartError) { return try WebSocket(address(settings.port)) } catch {
            guard settings.port == DevSettings().port else { throw error }
            return try WebSocket(address(0))
        }
    }

    /// Starts a program beside this one; `hear` gets each line of its standard output.
    private func start(
        _ name: String, _ words: [String], hear: @escaping (Substring) throws(StartError) -> Void
    ) throws(StartError) {
        let part: DevProgram
        do throws(Errno) {
            part = try DevProgram(
                name, [Programs.path(of: name)] + words, log: "\(scratch)/\(name).log", on: loop)
        } catch { throw .unavailable("\(Programs.path(of: name)): \(error)") }
        part.hear = { [unowned self] line in take(line, hear) }
        part.whenEnded = { [unowned self, unowned part] end in ended(part, end) }
        parts.append(part)
    }

    private func take(_ line: Substring, _ hear: (Substring) throws(StartError) -> Void) {
        do throws(StartError) { try hear(line) } catch { fail(error) }
    }

    /// `listening on 127.0.0.1:40112`
    private static func port(_ line: Substring) -> UInt16? {
        line.begins(with: "listening on ") ? line.pieces(at: ":").last.flatMap { UInt16($0) } : nil
    }

    // MARK: Ending

    private func fail(_ error: StartError) {
        say(error.description)
        status = error.status
        stop()
    }

    private func ended(_ part: DevProgram, _ end: ChildProcess.End) {
        if !isStopping {
            let tail = (try? Descriptor.contents(ofFile: part.log, limit: 1 << 20)).map {
                String(decoding: $0.suffix(2000), as: UTF8.self)
            }
            say("\(part.name) has ended: \(end)\n\(tail ?? "")")
            status = 69
            stop()
        }
        if parts.allSatisfy(\.isOver) { whenOver(status) }
    }

    /// Asks every program to end; the second time, or after five seconds, they are killed.
    func stop() {
        let isAgain = isStopping
        isStopping = true
        server?.stop()
        server = nil
        for part in parts { part.signal(isAgain ? SIGKILL : SIGTERM) }
        if parts.allSatisfy(\.isOver) { return whenOver(status) }
        loop.schedule(after: .seconds(5)) { [weak self] in
            for part in self?.parts ?? [] { part.signal(SIGKILL) }
        }
    }

    /// Removes what was made for this run.
    func clear() {
        for part in parts { part.signal(SIGKILL) }
        // What cannot be removed stays in the directory of temporary files.
        _ = try? Foreground.run(["/bin/rm", "-rf", "--", scratch])
    }
}

/// A program of a developer's place: its output is heard line by line, what it complains of goes to a file.
private final class DevProgram {
    let name: String
    let log: String
    private var child: ChildProcess
    private let output: Descriptor
    private var outputWatch: EventLoop.Watch?
    private var endWatch: EventLoop.Watch?
    private var pending: [UInt8] = []
    private(set) var isOver = false
    var hear: (Substring) -> Void = { _ in }
    var whenEnded: (ChildProcess.End) -> Void = { _ in }

    init(_ name: String, _ words: [String], log: String, on loop: EventLoop) throws(Errno) {
        self.name = name
        self.log = log
        let ends = try Descriptor.pipe()
        output = Descriptor(owning: ends.output)
        let input = Descriptor(owning: ends.input)
        let file = try Descriptor(writingFileAt: log)
        let null = try Descriptor.null()
        var limits = ChildProcess.Limits()
        limits.diesWithParent = true
        let kept = ["PATH", "HOME", "TMPDIR", "LANG", "TZ"].compactMap { name in
            Process.environment(name).map { "\(name)=\($0)" }
        }
        // The daemon does not run as root for nothing; here it may.
        child = try ChildProcess(
            words, environment: kept + ["OUTSPOOL_AS_ROOT=yes"],
            files: .init(input: null.raw, output: input.raw, error: file.raw), limits: limits)
        outputWatch = try loop.watch(output.raw, for: .read) { [unowned self] _ in read() }
        endWatch = try loop.watch(child.descriptor.raw, for: .read) { [unowned self] _ in
            guard let end = child.reap() else { return }
            isOver = true
            endWatch?.cancel()
            outputWatch?.cancel()
            whenEnded(end)
        }
    }

    func signal(_ signal: Int32) { if !isOver { child.signalGroup(signal) } }

    private func read() {
        var isEnd = false
        let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            do throws(Errno) {
                count = try output.read(into: UnsafeMutableRawBufferPointer(buffer))
                isEnd = count == 0
            } catch {
                count = 0
                isEnd = error != .again
            }
        }
        if isEnd { outputWatch?.cancel() }
        pending += bytes
        while let end = pending.firstIndex(of: 0x0A) {
            let line = String(decoding: pending[..<end], as: UTF8.self)
            pending.removeSubrange(...end)
            hear(Substring(line))
        }
        // No program of ours writes such lines.
        if pending.count > 65536 { pending = [] }
    }
}
