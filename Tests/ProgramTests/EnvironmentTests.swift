import Foundation
import Scratch
import Testing

/// A launcher, a container or a log's reader that does harm to the process stops no mail.
@Suite("What the daemon inherits", .serialized, .ownThreads)
struct EnvironmentTests {
    /// A FIFO that is open and never read.
    private final class StalledReader {
        let path: String
        private let number: Int32

        init(_ place: Workplace) {
            path = place.root.appending(path: "fifo").path
            #expect(mkfifo(path, 0o600) == 0)
            number = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        }

        deinit { close(number) }

        /// What lies in the FIFO.
        func read() -> String {
            var all = Data()
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = Glibc.read(number, &buffer, buffer.count)
                if count <= 0 { return String(decoding: all, as: UTF8.self) }
                all += buffer[..<count]
            }
        }
    }

    /// Starts the daemon from a shell; `launch` has DAEMON where its command line belongs.
    private func daemon(_ place: Workplace, _ launch: String) throws -> RunningProgram {
        let command = "'\(Program.built("outspoold").path)' --config '\(place.configuration.path)'"
        return try place.start(
            "/bin/bash", ["-c", launch.replacingOccurrences(of: "DAEMON", with: command)], name: "daemon")
    }

    private func stopsAtOnce(_ daemon: RunningProgram) {
        let start = ContinuousClock.now
        #expect(daemon.stop() == 0)
        // A stop takes what is in flight, of which there is nothing, and less than a second for the log.
        #expect(ContinuousClock.now - start < .seconds(3))
    }

    @Test(
        "A reader of the log that stalls stops neither mail nor SIGTERM, and hears how many lines were lost",
        arguments: ["exec DAEMON 2> fifo", "exec DAEMON"])
    func stalledReader(launch: String) throws {
        let place = try Workplace(workers: 1)
        let reader = StalledReader(place)
        let isFile = launch == "exec DAEMON"
        try place.configure(port: try place.sink(), main: isFile ? "log_to = fifo" : "")
        let daemon = try self.daemon(place, "cd '\(place.root.path)'; \(launch)")
        for index in 0..<1000 { try place.hello("job\(index)") }
        try place.wait("all to be sent", limit: .seconds(60)) { place.names("done").count == 1000 }
        var log = ""
        try place.wait("the lost lines to be counted") {
            log += reader.read()
            return log.contains("lines of the log were lost\n")
        }
        #expect(log.contains(": ready\n"))
        let lines = log.split(separator: "\n")
        #expect(lines.allSatisfy { $0.contains(" outspool/") })
        let mentions = lines.filter { $0.hasSuffix(" lines of the log were lost") }
        // Date, host, program, "warning:", count.
        let lost = try mentions.reduce(0) { $0 + (try #require(Int($1.split(separator: " ")[6]))) }
        #expect(lost > 0 && lines.count - mentions.count + lost >= 5000)
        for index in 1000..<1700 { try place.hello("job\(index)") }
        try place.wait("all to be sent", limit: .seconds(60)) { place.names("done").count == 1700 }
        stopsAtOnce(daemon)
    }

    /// Launches in a mount namespace of its own; `socket` is one that is not read.
    private static let isolated = [
        // A pipe that cannot be opened again.
        ("stderr", "mount -t tmpfs none /proc/$$/fd; exec DAEMON 2> fifo"),
        (
            "journal",
            """
            mount -t tmpfs none /run; mkdir -p /run/systemd/journal
            ln -s $PWD/socket /run/systemd/journal/socket; exec DAEMON
            """
        ),
        (
            "syslog",
            """
            mkdir dev; touch dev/null; mount --bind /dev/null dev/null
            ln -s $PWD/socket dev/log; mount --rbind dev /dev; exec DAEMON
            """
        ),
    ]

    @Test(
        "Neither does one of another kind", .enabled(if: mayMount, "needs root and the right to mount"),
        arguments: isolated)
    func stalledElsewhere(destination: String, launch: String) throws {
        let place = try Workplace()
        let reader = StalledReader(place)
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(number) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            path.copyBytes(from: place.root.appending(path: "socket").path.utf8)
        }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(result == 0)
        try place.configure(port: try place.sink(), main: "log_to = \(destination)")
        // The shell's quotes: the command line of the daemon has its own.
        let daemon = try self.daemon(
            place, "cd '\(place.root.path)'; exec unshare --mount /bin/bash -e <(cat <<'END'\n\(launch)\nEND\n)")
        for index in 0..<1000 { try place.hello("job\(index)") }
        try place.wait("all to be sent", limit: .seconds(60)) { place.names("done").count == 1000 }
        stopsAtOnce(daemon)
        withExtendedLifetime(reader) {}
    }

    @Test("Nor does a socket that is standard error, as systemd has it")
    func stalledStream() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        try place.write(
            "launch.py",
            """
            import os, socket, sys
            ours, theirs = socket.socketpair()
            os.dup2(theirs.fileno(), 2)
            os.set_inheritable(ours.fileno(), True)
            os.execv(sys.argv[1], sys.argv[1:])
            """)
        let daemon = try self.daemon(place, "exec python3 '\(place.root.path)/launch.py' DAEMON")
        for index in 0..<1000 { try place.hello("job\(index)") }
        try place.wait("all to be sent", limit: .seconds(60)) { place.names("done").count == 1000 }
        stopsAtOnce(daemon)
    }

    @Test("A FIFO that nobody reads keeps what it has room for")
    func unreadFIFO() throws {
        let place = try Workplace()
        let path = place.root.appending(path: "fifo").path
        #expect(mkfifo(path, 0o600) == 0)
        try place.configure(port: try place.sink(), main: "log_to = fifo")
        let daemon = try self.daemon(place, "exec DAEMON")
        try place.hello("one")
        try place.wait(for: "one", in: "done")
        let reader = FileHandle(fileDescriptor: open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), closeOnDealloc: true)
        let log = String(decoding: reader.availableData, as: UTF8.self)
        #expect(log.contains(": ready\n") && log.contains("status=sent"))
        try reader.close()
        try place.hello("two")
        try place.wait(for: "two", in: "done")
        stopsAtOnce(daemon)
    }

    @Test("A pipe whose reader has gone stops nothing")
    func brokenPipe() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let daemon = try self.daemon(place, "exec DAEMON 2> >(true)")
        for index in 0..<20 { try place.hello("job\(index)") }
        try place.wait("all to be sent") { place.names("done").count == 20 }
        stopsAtOnce(daemon)
    }

    @Test(
        "Signals that are ignored or blocked are put right",
        arguments: [
            "trap '' CHLD TERM HUP INT PIPE XFSZ; exec DAEMON",
            "exec env --block-signal=TERM,HUP,INT,CHLD,PIPE,XFSZ --ignore-signal=CHLD DAEMON",
        ])
    func signals(launch: String) throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), main: "task_concurrency = 2")
        try place.task("quick", "trap; exit 0")
        let daemon = try place.ready { try self.daemon(place, launch) }
        for index in 0..<6 { try place.ask("quick", "quick\(index)") }
        try place.wait("all tasks to be done") { place.names("done").count == 6 }
        for index in 0..<6 { #expect(try place.events("quick\(index)") == ["running", "done"]) }
        daemon.send(SIGHUP)
        try place.wait("the reload") { place.log.contains("configuration reloaded") }
        stopsAtOnce(daemon)
    }

    @Test("A limit of file sizes costs lines of the log, and no mail")
    func fileSize() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), main: "log_to = small.log")
        let daemon = try self.daemon(place, "ulimit -f 4; exec DAEMON")
        for index in 0..<50 { try place.hello("job\(index)") }
        try place.wait("all to be sent") { place.names("done").count == 50 }
        #expect(place.text(place.root.appending(path: "small.log")).utf8.count == 4096)
        stopsAtOnce(daemon)
    }

    @Test("Standard streams that are closed are no other file's")
    func closedStreams() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let daemon = try self.daemon(place, "exec DAEMON <&- >&- 2>&-")
        for index in 0..<5 { try place.hello("job\(index)") }
        try place.wait("all to be sent") { place.names("done").count == 5 }
        for number in 0...2 {
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(daemon.pid)/fd/\(number)")
                    == "/dev/null")
        }
        stopsAtOnce(daemon)
    }

    @Test("More connections than descriptors: those that fit carry the mail, and the relay is not blamed")
    func descriptors() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--delay", "dot=200ms"), relay: "tls = none\nconnections = 200")
        let daemon = try place.ready { try self.daemon(place, "ulimit -n 256; exec DAEMON") }
        #expect(place.log.contains("connections = 200 do not fit into 256 open files"))
        for index in 0..<400 { try place.hello("job\(index)") }
        try place.wait("all to be sent", limit: .seconds(60)) { place.names("done").count == 400 }
        #expect(!place.log.contains("failed at"))
        #expect(!place.log.contains("breaker"))
        #expect(!place.log.contains("Too many open files"))
        stopsAtOnce(daemon)
    }

    @Test("Our own lack of descriptors opens no breaker, and passes")
    func shortage() throws {
        let place = try Workplace(workers: 1)
        try place.configure(port: try place.sink())
        let daemon = try place.ready { try self.daemon(place, "exec DAEMON") }
        func limit(_ count: Int) throws {
            #expect(
                try Program("/usr/bin/prlimit").run(["--pid", "\(daemon.pid)", "--nofile=\(count):1024"]).status == 0)
        }
        // Room for some of ten connections, and none for a job beside them.
        try limit(place.descriptors(of: daemon) + 6)
        try place.write("spool/pause", "")
        try place.wait("the pause") { place.log.contains("paused: everything") }
        for index in 0..<20 { try place.hello("late\(index)") }
        try FileManager.default.removeItem(at: place.spool.appending(path: "pause"))
        try place.wait("the shortage to be told") { place.log.contains("no connection: Too many open files") }
        #expect(!place.log.contains("failed at"))
        try limit(1024)
        try place.wait("all to be sent") { place.names("done").count == 20 }
        #expect(!place.log.contains("failed at") && !place.log.contains("breaker"))
        stopsAtOnce(daemon)
    }

    @Test("The soft limit of descriptors is raised for the daemon, and not for its programs")
    func softLimit() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), relay: "tls = none\nconnections = 100")
        try place.task("ask", "ulimit -n >&2; exit 75")
        let daemon = try place.ready { try self.daemon(place, "ulimit -n 1024; ulimit -Sn 64; exec DAEMON") }
        let limits = try String(contentsOfFile: "/proc/\(daemon.pid)/limits", encoding: .utf8)
        let files = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
        #expect(files.split(separator: " ")[3] == "1024")
        #expect(!place.log.contains("do not fit"))
        try place.ask("ask")
        try place.wait(for: "ask", in: "retry/01-30s")
        #expect(try place.last("ask")["reply"] as? String == "64")
    }

    @Test("A log that cannot be opened is named, by --check too")
    func unopened() throws {
        let place = try Workplace()
        try place.configure(port: 9, main: "log_to = /nonexistent/dir/log")
        let ran = try place.run(Program.built("outspoold").path, ["--config", place.configuration.path])
        #expect(ran.err == "outspoold: log_to: /nonexistent/dir/log: No such file or directory\n")
        #expect(ran.status == 71)
        let checked = try place.run(Program.built("outspoold").path, ["--config", place.configuration.path, "--check"])
        #expect(checked.err == ran.err)
        #expect(checked.status == 78)
    }

    @Test(
        "--check looks at log_to and makes nothing",
        arguments: [
            ("templates", "Is a directory"), ("outspool.conf/log", "Not a directory"), ("new.log", nil), ("fifo", nil),
        ])
    func checked(path: String, finding: String?) throws {
        let place = try Workplace()
        #expect(mkfifo(place.root.appending(path: "fifo").path, 0o600) == 0)
        try place.configure(port: 9, main: "log_to = \(path)")
        let ran = try place.run(Program.built("outspoold").path, ["--config", place.configuration.path, "--check"])
        #expect(ran.status == (finding == nil ? 0 : 78))
        if let finding { #expect(ran.err.hasSuffix("\(path): \(finding)\n")) }
        #expect(!FileManager.default.fileExists(atPath: place.root.appending(path: "new.log").path))
    }

    @Test("--check and doctor warn of a name without a dot, and refuse what is no name")
    func names() throws {
        let place = try Workplace(workers: 1)
        func check() throws -> Ran {
            try place.run(Program.built("outspoold").path, ["--config", place.configuration.path, "--check"])
        }
        try place.configure(port: 9, relay: "tls = none\nhelo = web1")
        let warning =
            "[relay main]: 'web1' is a name without a dot, which many servers refuse in EHLO: "
            + "set 'hostname' to a full name"
        let ran = try check()
        #expect(ran.status == 0 && ran.err == "outspoold: warning: \(warning)\n")
        let doctor = try place.run(
            Program.built("outspool").path, ["doctor", "--no-relays", "--config", place.configuration.path])
        #expect(doctor.out.contains("\(warning)\n"))
        for helo in ["a b", "-bad-", "127.0.0.1", "[x]"] {
            try place.configure(port: 9, relay: "tls = none\nhelo = \(helo)")
            let refused = try check()
            #expect(refused.status == 78)
            #expect(
                refused.err.contains("outspool.conf:9: 'helo': \(helo) is not a host name: "), "\(refused.err)")
        }
        try place.configure(port: 9, relay: "tls = none\nhelo = [192.0.2.1]")
        #expect(try check().err == "")
    }

    @Test("status.json is for the spool's owner and group")
    func status() throws {
        let place = try Workplace()
        try place.configure(port: 9)
        _ = try place.daemon()
        try place.wait("status.json") { !place.status.isEmpty }
        let file = place.spool.appending(path: "status.json").path
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o640)
    }
}
