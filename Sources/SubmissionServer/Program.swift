internal import Configuration
internal import EventLoop
internal import Glibc
internal import Linux
internal import ServerSocket
internal import Submission
internal import Text

/// The program: a command line in, a status of sysexits(3) out.
package enum Program {
    /// Serves until SIGTERM or SIGINT, or until it is idle where systemd can start it again.
    package static func run(_ arguments: [String]) -> Int32 {
        do throws(UsageError) {
            switch try DoorInvocation(arguments) {
            case .help: return say(help)
            case .version: return say("outspool-smtpd \(programVersion)\n")
            case .serve(let configuration, let listener, let isCheck):
                return run(configuration, listener, isCheck: isCheck)
            }
        } catch {
            complain(error.description)
            return 64
        }
    }

    private static func run(_ path: String, _ listener: DoorInvocation.Listener?, isCheck: Bool) -> Int32 {
        do throws(StartError) {
            let settings: DoorSettings
            if let listener { settings = try self.settings(listener) } else { settings = try self.settings(path) }
            return isCheck ? say("") : serve(settings)
        } catch {
            complain(error.description)
            return error.status
        }
    }

    /// The settings of a listener that the command line describes.
    private static func settings(_ given: DoorInvocation.Listener) throws(StartError) -> DoorSettings {
        var settings = DoorSettings()
        var listener = DoorSettings.Listener(
            name: "command-line", access: Access(box: DoorSettings.box(given.box, in: settings.spool)))
        for text in given.addresses {
            guard let address = DoorAddress(text), address.isLocal else {
                throw StartError(
                    "--listen \(printable(text)): a loopback address and port, or a socket's path", status: 64)
            }
            listener.addresses.append(address)
        }
        settings.templates = given.templates
        if given.templates != nil { listener.access.templates = .all }
        settings.listeners = [listener]
        return settings
    }

    private static func settings(_ path: String) throws(StartError) -> DoorSettings {
        let bytes: [UInt8]
        do throws(Errno) { bytes = try Descriptor.contents(ofFile: path, limit: 1 << 20) } catch {
            throw StartError("\(path): \(error)", status: 78)
        }
        do throws(ConfigurationError) {
            return try DoorSettings(ConfigurationFile(parsing: bytes, name: path))
        } catch { throw StartError(printable("\(error)"), status: 78) }
    }

    private static func serve(_ settings: DoorSettings) -> Int32 {
        do throws(StartError) {
            Process.ignoreBrokenPipe()
            Process.raiseDescriptorLimit()
            let inherited = Inheritance.sockets()
            let (loop, signals) = try start()
            let server = try DoorServer(settings, inherited: inherited, on: loop)
            let postroom = server.threads
            let threads = Threads.start(settings.threads) { postroom.work() }
            if threads.count == 0 { throw .unavailable("no thread can be started") }
            let status = say(server.addresses.map { "listening on \($0)\n" }.joined())
            if status != 0 { return status }
            Inheritance.tellReady()
            do throws(Errno) {
                try signals.deliver(on: loop) { signal in
                    if signal == .hangUp { server.reopenLog() } else { server.shutDown() }
                }
                try loop.run()
            } catch { throw .inputOutput("the event loop", error) }
            postroom.close()
            threads.join()
            server.finish()
            return 0
        } catch {
            complain(error.description)
            return error.status
        }
    }

    /// Signals first: they are blocked before anything else can start a thread.
    private static func start() throws(StartError) -> (EventLoop, Signals) {
        do throws(Errno) {
            let signals = try Signals([.terminate, .interrupt, .hangUp])
            return (try EventLoop(), signals)
        } catch { throw .inputOutput("the event loop", error) }
    }

    private static func say(_ text: String) -> Int32 {
        do throws(Errno) {
            let output = Descriptor(owning: try retrying { fcntl(1, F_DUPFD_CLOEXEC, 3) })
            try output.write(all: Array(text.utf8))
            return 0
        } catch {
            complain("standard output: \(error)")
            return 74
        }
    }

    private static func complain(_ text: String) {
        let line = Array("outspool-smtpd: \(text)\n".utf8)
        _ = Glibc.write(2, line, line.count)
    }

    private static let help = """
        usage: outspool-smtpd [--config FILE] [--check]
               outspool-smtpd --listen ADDRESS --box BOX [--templates DIR]

        An SMTP server for the programs of this machine: each message becomes a job in a
        drop box, and 250 means that it is on disk. See outspool-smtpd(8).

          --config FILE      the configuration, /etc/outspool/smtpd.conf
          --check            read the configuration, and serve nothing
          --listen ADDRESS   where to listen: 127.0.0.1:2525, [::1]:0, /run/smtp (repeatable)
          --box BOX          a drop box's name or path
          --templates DIR    X-Outspool-Template may name the templates there
          --help, --version

        """
}

/// The sockets that systemd passes to a service. See sd_listen_fds(3), sd_notify(3).
enum Inheritance {
    /// The sockets, with their names; none where another process was meant.
    static func sockets() -> [(socket: Int32, name: String)] {
        guard Process.environment("LISTEN_PID").flatMap({ Int32($0) }) == Process.id,
            let count = Process.environment("LISTEN_FDS").flatMap({ Int32($0) }), (1...64).contains(count)
        else { return [] }
        let names = (Process.environment("LISTEN_FDNAMES") ?? "").pieces(at: ":").map(String.init)
        return (0..<count).map { index in
            _ = fcntl(3 + index, F_SETFD, FD_CLOEXEC)
            return (3 + index, Int(index) < names.count ? names[Int(index)] : "")
        }
    }

    /// Tells the service manager that connections are served, if it asked.
    static func tellReady() {
        guard let path = Process.environment("NOTIFY_SOCKET"), path.utf8.count < 108 else { return }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if socket < 0 { return }
        defer { close(socket) }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { bytes in
            bytes.copyBytes(from: path.utf8)
            if path.utf8.first == UInt8(ascii: "@") { bytes[0] = 0 }
        }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count)
        let text = Array("READY=1".utf8)
        withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(socket, text, text.count, Int32(MSG_NOSIGNAL), $0, size)
            }
        }
    }
}
