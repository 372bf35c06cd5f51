internal import CCurl
internal import EventLoop
internal import Linux
internal import SMTP
internal import Time

/// The way to a connection that can carry mail: lookup, TCP, TLS, greeting, EHLO and AUTH.
///
/// Used once. Its end comes once, from the loop, unless ``cancel()`` came before.
final class Opening {
    /// A connection that may carry mail.
    struct Opened {
        let easy: Easy
        let capabilities: Capabilities
        let isEncrypted: Bool
        /// When the relay's certificate ends; nil without TLS, or where it was not asked for.
        let certificateEnd: Timestamp?
    }

    typealias End = (Result<Opened, ConnectionFailure>) -> Void

    /// So many descriptors a connection opens at most while it comes to be: sockets, those of a lookup, a file.
    private static let descriptors = 16

    private let curl: CurlLoop
    private let settings: RelaySettings
    private let wantsCertificate: Bool
    private let transcript = Transcript()
    private var easy: Easy?
    private var end: End?

    init(_ curl: CurlLoop, to settings: RelaySettings, wantsCertificate: Bool, end: @escaping End) {
        self.curl = curl
        self.settings = settings
        self.wantsCertificate = wantsCertificate
        self.end = end
    }

    /// Begins.
    func start() {
        let credentials: Credentials?
        do throws(CredentialsError) {
            credentials = try Credentials.read(settings)
        } catch {
            return failLater(ConnectionFailure(.auth, error.description, isConfigurationFault: true))
        }
        do throws(CurlError) {
            let easy = try Easy()
            try easy.configure(settings, credentials)
            try easy.record(into: transcript)
            if wantsCertificate { try easy.keepCertificates() }
            self.easy = easy
            curl.add(easy.handle) { self.connected($0, credentials) }
        } catch {
            failLater(ConnectionFailure(.connect, error.description, isConfigurationFault: true))
        }
    }

    /// Gives up; no end comes.
    ///
    /// While the relay's name is being looked up, the handle is let go only when that is over, at the latest
    /// after the connect timeout: libcurl would wait for it.
    func cancel() {
        end = nil
        if let easy, easy.hasLookedUp { release() }
    }

    private func release() {
        if let easy { curl.remove(easy.handle) }
        easy = nil
    }

    private func failLater(_ failure: ConnectionFailure) { curl.loop.later { self.fail(failure) } }

    private func fail(_ failure: ConnectionFailure) {
        var failure = failure
        // Asked before the socket is given back. libcurl does not say what it wanted a descriptor for, nor that it did.
        failure.isShortage = Process.lacksDescriptors(Self.descriptors)
        release()
        finish(.failure(failure))
    }

    private func finish(_ result: Result<Opened, ConnectionFailure>) {
        let end = self.end
        self.end = nil
        end?(result)
    }

    private func connected(_ result: CURLcode, _ credentials: Credentials?) {
        guard let easy else { return }
        // Cancelled while the name was being looked up.
        if end == nil { return release() }
        let heard = transcript.error.map { ConnectionFailure(transcript.phase(settings), $0.description) }
        if result != CURLE_OK || heard != nil {
            let failure = heard ?? easy.failure(result, transcript, settings)
            return fail(credentials.map { failure.withholding($0) } ?? failure)
        }
        // libcurl goes on without a login where the server offers none.
        if credentials != nil, !transcript.isLoggedIn {
            return fail(ConnectionFailure(.auth, "the relay offers no login", isConfigurationFault: true))
        }
        // The first call makes the connection ours: before it libcurl might prune it.
        switch easy.receive(into: curl.scratch) {
        case .again: break
        case .bytes: return fail(ConnectionFailure(.ehlo, "the relay said something that was not asked for"))
        case .closed(let text): return fail(ConnectionFailure(.ehlo, text))
        }
        self.easy = nil
        finish(
            .success(
                Opened(
                    easy: easy, capabilities: transcript.capabilities,
                    // libcurl forgets it when it hands the connection over: CURLINFO_TLS_SSL_PTR says nothing then.
                    isEncrypted: settings.isImplicitTLS || transcript.hasStartedTLS,
                    certificateEnd: wantsCertificate ? easy.certificateEnd : nil)))
    }
}
