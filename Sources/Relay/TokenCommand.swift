internal import EventLoop
internal import Linux
internal import SMTP
internal import Text
internal import Time

/// One run of the program that prints an access token.
///
/// It has half a minute, gets nothing on its standard input, and of the environment the variables of other programs.
/// Its standard output is the token, one line; the last line of its standard error explains a failure.
final class TokenCommand {
    private static let timeout = Span.seconds(30)

    private var run: ProgramRun?
    private var end: ((Result<[UInt8], CredentialsError>) -> Void)?

    /// Starts `words`; `end` comes once, from the loop, unless ``cancel()`` came before.
    init(_ words: [String], on loop: EventLoop, end: @escaping (Result<[UInt8], CredentialsError>) -> Void) {
        self.end = end
        var order = ProgramRun.Order(
            words, environment: Self.environment, input: [], timeout: Self.timeout, outputLimit: 1024)
        order.result = .kept(Credentials.secretLimit + 2)
        order.limits.diesWithParent = true
        do throws(Errno) {
            // Held by its own end: who cancels need not wait to reap it.
            run = try ProgramRun(order, on: loop) { outcome in
                self.run = nil
                self.finish(Self.token(outcome, words[0]))
            }
        } catch {
            loop.later { self.finish(.failure(CredentialsError("token_command: \(words[0]): \(error)"))) }
        }
    }

    /// Ends the program; no end is told.
    func cancel() {
        end = nil
        run?.stop(grace: .seconds(1))
    }

    private func finish(_ result: Result<[UInt8], CredentialsError>) {
        let end = self.end
        self.end = nil
        end?(result)
    }

    private static var environment: [String] {
        ["PATH=" + (Process.environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin")]
            + ["HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"].compactMap { name in
                Process.environment(name).map { "\(name)=\($0)" }
            }
    }

    private static func token(_ outcome: ProgramRun.Outcome, _ path: String) -> Result<[UInt8], CredentialsError> {
        if outcome.end == .exit(0), !outcome.isTimedOut {
            return Result { () throws(CredentialsError) in
                guard let bytes = outcome.result else {
                    throw CredentialsError("token_command: more than \(Credentials.secretLimit) bytes")
                }
                return try Credentials.secret(bytes, from: "token_command")
            }
        }
        let why = outcome.isTimedOut ? "did not end within \(timeout.approximate)" : "\(outcome.end)"
        let said = outcome.output.split(separator: 0x0A).last.map { ": " + printableLine($0, limit: 200) } ?? ""
        return .failure(CredentialsError("token_command: \(path): \(why)\(said)"))
    }
}
