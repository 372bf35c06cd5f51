internal import EventLoop
internal import Glibc
internal import Linux
internal import ServerSocket

/// The program: a command line in, a status of sysexits(3) out.
package enum Program {
    /// Serves until SIGTERM or SIGINT. Results go to standard output, complaints to standard error.
    package static func run(_ arguments: [String]) -> Int32 {
        do throws(UsageError) {
            switch try Invocation(arguments) {
            case .help: return say(help)
            case .version: return say(Invocation.versionText + "\n")
            case .serve(let settings): return serve(settings)
            }
        } catch {
            complain(error.description)
            return 64
        }
    }

    private static func serve(_ settings: Settings) -> Int32 {
        do throws(StartError) {
            Process.ignoreBrokenPipe()
            Process.raiseDescriptorLimit()
            let (loop, signals) = try start()
            let server = try Server(settings, on: loop)
            let lines = server.addresses.map { "listening on \($0)\n" }.joined()
            let status = say(lines)
            if status != 0 { return status }
            try inOrder("the event loop") { () throws(Errno) in
                try signals.deliver(on: loop) { _ in loop.stop() }
                try loop.run()
            }
            server.shutDown()
            if !settings.isQuiet { complain(server.summary) }
            return 0
        } catch {
            complain(error.description)
            return error.status
        }
    }

    /// Signals first: they are blocked before anything else can start a thread.
    private static func start() throws(StartError) -> (EventLoop, Signals) {
        do throws(Errno) {
            let signals = try Signals([.terminate, .interrupt])
            return (try EventLoop(), signals)
        } catch {
            throw .inputOutput("the event loop", error)
        }
    }

    private static func inOrder(_ what: String, _ body: () throws(Errno) -> Void) throws(StartError) {
        do throws(Errno) { try body() } catch { throw .inputOutput(what, error) }
    }

    /// Writes to standard output; the status to end with.
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

    private static let help = """
        usage: outspool-sink --listen HOST:PORT [option ...]

        An SMTP server that captures mail, for development and tests. See outspool-sink(8).

          --listen HOST:PORT     where to listen: 127.0.0.1:2525, [::1]:0 (repeatable; port 0: any)
          --allow-remote         allow addresses that are not loopback
          --maildir DIR          store messages there; without it they are counted and dropped
          --log FILE|-           one line of JSON for each message, fault and refusal
          --quiet                no summary at the end
          --name HOST            the name in greeting, Received fields and file names
          --no-offer EXT,...     withhold PIPELINING SIZE 8BITMIME SMTPUTF8 ENHANCEDSTATUSCODES DSN STARTTLS AUTH
          --strict               refuse long lines, undeclared 8-bit data, data before 354
          --max-size SIZE        of a message (32M)
          --max-recipients N     of a message (1000)
          --max-sessions N       at once (2000)
          --timeout TIME         without input (5m)

          --tls-cert FILE --tls-key FILE    offer STARTTLS
          --tls-self-signed DIR  the same, with a certificate made now: DIR/cert.pem, DIR/key.pem
          --tls-implicit         TLS from the first byte

          --auth USER:PASSWORD   accept this by PLAIN and LOGIN (repeatable)
          --auth-file FILE       the same, one a line
          --xoauth2 USER:TOKEN   accept this by XOAUTH2 (repeatable)
          --require-auth         no mail without it
          --auth-without-tls     offer AUTH in clear

          --fail PHASE[(ADDRESS)]=ACTION[:COUNT[/rcpt]]    misbehave (repeatable)
              PHASE   connect tls greeting ehlo starttls auth mail rcpt data body dot rset quit idle
              ACTION  a reply such as '451 4.7.1 Greylisted', or
                      close reset silence drip garbage endless half early
          --delay PHASE=TIME     wait before the reply (repeatable)
          --drip-every TIME      between the bytes of a reply that drips (1s)

          --help, --version

        """
}
