internal import Command
internal import EventLoop
internal import Glibc
internal import Linux
internal import ServerSocket
internal import Text
internal import Web

/// The program: a command line in, a status of sysexits(3) out.
package enum Program {
    /// Serves until SIGTERM or SIGINT. Addresses go to standard output, complaints and actions to standard error.
    package static func run(_ arguments: [String]) -> Int32 {
        do throws(UsageError) {
            switch try WebInvocation(arguments) {
            case .help: return print(help)
            case .version: return print("outspool-web \(programVersion)\n")
            case .serve(let settings): return serve(settings)
            case .develop(let settings): return develop(settings)
            }
        } catch {
            say(error.description)
            return 64
        }
    }

    private static func serve(_ settings: WebSettings) -> Int32 {
        do throws(StartError) {
            let (loop, signals) = try start()
            var console = ConsoleSettings()
            console.spool = settings.spool
            console.configuration = settings.configuration
            console.maildir = settings.maildir
            console.allowsActions = settings.allowsActions
            let gate = Gate(hosts: settings.hosts, userField: settings.userField)
            let site = try self.site(console, gate: gate, on: loop)
            let server: Server
            if let inherited = try WebSocket.inherited() {
                server = try self.server(site, on: inherited, loop)
            } else {
                let listener = try WebSocket(settings.address)
                let bound = listener.address
                server = try self.server(site, on: listener.release(), loop)
                if print("listening on \(bound)\n") != 0 { return 74 }
            }
            try run(loop) { () throws(Errno) in try signals.deliver(on: loop) { _ in loop.stop() } }
            server.stop()
            return 0
        } catch {
            say(error.description)
            return error.status
        }
    }

    private static func develop(_ settings: DevSettings) -> Int32 {
        do throws(StartError) {
            let (loop, signals) = try start()
            let place = try DevPlace(settings, on: loop)
            var status: Int32 = 0
            place.whenOver = { code in
                status = code
                loop.stop()
            }
            try run(loop) { () throws(Errno) in try signals.deliver(on: loop) { _ in place.stop() } }
            place.clear()
            return status
        } catch {
            say(error.description)
            return error.status
        }
    }

    static func site(_ settings: ConsoleSettings, gate: Gate, on loop: EventLoop) throws(StartError) -> Site {
        let console: Console
        do throws(ConsoleError) { console = try Console(settings) } catch {
            throw StartError(error.text, status: error.status)
        }
        do throws(Errno) {
            return try Site(
                console, gate: gate, command: Programs.path(of: "outspool"), allowsActions: settings.allowsActions,
                maildir: settings.maildir, on: loop)
        } catch { throw .inputOutput(settings.maildir ?? "the event loop", error) }
    }

    static func server(_ site: Site, on socket: consuming Descriptor, _ loop: EventLoop) throws(StartError) -> Server {
        do throws(Errno) {
            return try Server(on: socket, loop: loop) { request, send in site.handle(request, send) }
        } catch { throw .inputOutput("the HTTP server", error) }
    }

    /// Signals first: they are blocked before anything else can start a thread.
    private static func start() throws(StartError) -> (EventLoop, Signals) {
        Process.ignoreBrokenPipe()
        Process.raiseDescriptorLimit()
        do throws(Errno) {
            let signals = try Signals([.terminate, .interrupt, .hangUp])
            return (try EventLoop(), signals)
        } catch { throw .inputOutput("the event loop", error) }
    }

    private static func run(_ loop: EventLoop, _ begin: () throws(Errno) -> Void) throws(StartError) {
        do throws(Errno) {
            try begin()
            try loop.run()
        } catch { throw .inputOutput("the event loop", error) }
    }

    /// Writes to standard output; the status to end with.
    static func print(_ text: String) -> Int32 {
        do throws(Errno) {
            let output = Descriptor(owning: try retrying { fcntl(1, F_DUPFD_CLOEXEC, 3) })
            try output.write(all: Array(text.utf8))
            return 0
        } catch {
            say("standard output: \(error)")
            return 74
        }
    }

    private static let help = """
        usage: outspool web [option ...]
               outspool dev [TEMPLATES] [option ...]

        Shows a spool, its templates and captured mail in a browser, without a line of
        script. See outspool-web(8).

        outspool web shows a spool as it is, and changes nothing unless it is told to:
          --listen ADDRESS     127.0.0.1:8025, if not given; [::1]:0, or unix:PATH
          --spool DIR, --config FILE
          --maildir DIR        captured mail, as outspool-sink writes it
          --actions            jobs may be retried, held, released and removed
          --user-header NAME   the field in which a proxy says who asks
          --host NAME          a name under which a proxy is reached (repeatable)

        outspool dev has a place to develop in: a spool, a relay that captures all mail,
        the daemon, an SMTP port and the pages, until Ctrl-C.
          TEMPLATES            a folder of templates
          --spool DIR          a spool that stays; else a temporary one
          --fail PLAN          what the relay does wrong, as outspool-sink takes it (repeatable)
          --port N             of the pages; 8025, or a free one where that is taken

          --help, --version

        """
}
