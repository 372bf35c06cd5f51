internal import EventLoop
internal import SMTP

/// Where one opening gets its user and secret from: a file, or the output of a program that the relay's connections share.
final class SecretSource {
    private let settings: RelaySettings
    private let memory: RelayMemory
    private let loop: EventLoop
    private var command: TokenCommand?
    /// The token was printed for an earlier connection.
    private(set) var isOld = false

    init(_ settings: RelaySettings, _ memory: RelayMemory, on loop: EventLoop) {
        self.settings = settings
        self.memory = memory
        self.loop = loop
    }

    /// Calls `end` with the credentials, nil without a user: at once for a file and a known token, else from the loop,
    /// unless ``cancel()`` came before.
    func read(_ end: @escaping (Result<Credentials?, CredentialsError>) -> Void) {
        do throws(CredentialsError) {
            let read = try Credentials.read(settings)
            memory.used(read?.file)
            guard case .tokenCommand(let words) = settings.secret, let user = settings.user else {
                return end(.success(read?.credentials))
            }
            isOld = memory.token != nil
            if let token = memory.token {
                return end(.success(Credentials(user: user, secret: token, isToken: true)))
            }
            run(words, user, end)
        } catch { end(.failure(error)) }
    }

    private func run(
        _ words: [String], _ user: String, _ end: @escaping (Result<Credentials?, CredentialsError>) -> Void
    ) {
        command = TokenCommand(words, on: loop) { [self] result in
            command = nil
            // Kept for the connections that follow, until the relay refuses it.
            if case .success(let token) = result { memory.token = token }
            end(result.map { Credentials(user: user, secret: $0, isToken: true) })
        }
    }

    /// Ends a program that runs; no end is told.
    func cancel() {
        command?.cancel()
        command = nil
    }
}
