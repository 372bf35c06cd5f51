internal import EventLoop
internal import Linux
internal import ServerSocket

/// The program: a command line in, a status of sysexits(3) out.
package enum Program {
    /// Serves until SIGTERM or SIGINT. Results go to standard output, complaints to standard error.
    package static func run(_ arguments: [String]) -> Int32 {
        program.understand { () throws(UsageError) in
            switch try Invocation(arguments) {
            case .help: program.say(help)
            case .version: program.say(Invocation.versionText + "\n")
            case .serve(let settings): program.run { () throws(StartError) in try serve(settings) }
            }
        }
    }

    static let program = ServerProgram("outspool-sink")

    private static func serve(_ settings: Settings) throws(StartError) -> Int32 {
        let (loop, signals) = try program.begin(handling: [.terminate, .interrupt])
        let server = try Server(settings, on: loop)
        let status = program.say(server.addresses.map { "listening on \($0)\n" }.joined())
        if status != 0 { return status }
        do throws(Errno) {
            try signals.deliver(on: loop) { _ in loop.stop() }
            try loop.run()
        } catch { throw .inputOutput("the event loop", error) }
        server.shutDown()
        if !settings.isQuiet { complain(server.summary) }
        return 0
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
