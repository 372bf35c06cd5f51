internal import JSON
internal import Linux
internal import Spool
internal import Text
package import Time
package import Web

/// The places that the pages show, and the changes that they may make.
package struct ConsoleSettings: Sendable {
    /// As the verbs' options of these names; nil: the environment or the default decides.
    package var spool: String?
    package var configuration: String?
    /// Where captured mail is; nil: there is none.
    package var maildir: String?
    /// Jobs may be changed.
    package var allowsActions = false
    /// A developer's own: captured mail may be deleted, and templates sent.
    package var isDevelopment = false
    /// Where an application sends to, as the pages say.
    package var smtp: String?

    package init() {}
}

/// A verb to be run as a program of its own, so that no page waits for a million renames.
package struct VerbCall: Equatable, Sendable {
    /// The words behind `outspool`.
    package var words: [String]
    package var input: [UInt8] = []
    /// Its line in the log; nil: it changes nothing.
    package var note: String?
}

/// How a verb ended.
package struct VerbEnd: Sendable {
    package let status: Int32
    /// The end of what it wrote.
    package let text: String

    package init(status: Int32, text: String) {
        self.status = status
        self.text = text
    }
}

/// The next step for a request.
package enum PageAnswer {
    case response(Response)
    /// Run the verb; its end makes the response.
    case verb(VerbCall, (VerbEnd) -> Response)
    /// Ask again whenever mail was captured, until there is a response or the time is over.
    case waiting(Span, attempt: () -> Response?, otherwise: () -> Response)
}

/// The pages of a spool, its templates and its captured mail: requests in, answers out. It changes nothing itself.
///
/// Not Sendable: it remembers samples of the daemon's counts, and the fields of captured mails.
package final class Console {
    let settings: ConsoleSettings
    let arguments: Arguments
    let spoolPath: String
    let hasTemplates: Bool
    var rates = Rates()
    var counts = PageCounts()
    let mailbox: CapturedMail?

    /// Throws where there is no spool, or no such configuration; the text says why.
    package init(_ settings: ConsoleSettings) throws(ConsoleError) {
        do throws(Failure) {
            self.settings = settings
            let words =
                (settings.spool.map { ["--spool", $0] } ?? [])
                + (settings.configuration.map { ["--config", $0] } ?? [])
            arguments = try Arguments(words, options: Location.options, of: "web")
            spoolPath = try Location.spoolPath(arguments)
            hasTemplates = try Location.templatesPath(arguments) != nil
            mailbox = settings.maildir.map { CapturedMail(path: $0) }
            _ = try SpoolReader(path: spoolPath)
        } catch { throw ConsoleError(text: error.message, status: error.status.rawValue) }
    }

    /// Takes note of the daemon's counts; to be called every ``Rates/interval``.
    package func sample() {
        guard let reader = try? SpoolReader(path: spoolPath), let daemon = DaemonStatus(of: reader) else { return }
        rates.add(daemon)
    }

    /// Answers a request that has passed the gate.
    /// - Parameter user: who asks, as the log names him.
    package func answer(_ request: Request, user: String) -> PageAnswer {
        do throws(Failure) {
            return try route(request, user: user)
        } catch {
            let status =
                switch error.status {
                case .noInput: 404
                case .noPermission: 403
                case .usage, .data: 400
                case .unavailable: 503
                default: 500
                }
            if request.path.first?.isExactly("api") == true {
                return .response(Response(status, json: ["error": .string(error.message)]))
            }
            return .response(
                page("Not shown", in: nil, "<p class=\"finding bad\">\(error.message)</p>", status: status))
        }
    }

    /// The words that name this spool to a verb.
    var location: [String] {
        ["--spool", spoolPath] + (settings.configuration.map { ["--config", $0] } ?? [])
    }
}

/// Why there are no pages.
package struct ConsoleError: Error {
    package let text: String
    /// One of sysexits(3).
    package let status: Int32
}
