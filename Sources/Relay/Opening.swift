internal import CCurl
internal import EventLoop
internal import Linux
internal import SMTP
internal import Text
internal import Time

/// The way to a connection that can carry mail: secret, lookup, TCP, TLS, greeting, EHLO and AUTH, at one address of the
/// relay after another until one is well.
///
/// libcurl connects and negotiates TLS, ``Handshake`` says what is spoken. Used once. Its end comes once, from the loop,
/// unless ``cancel()`` came before.
final class Opening {
    /// A connection that may carry mail.
    struct Opened {
        let easy: Easy
        let capabilities: Capabilities
        let isEncrypted: Bool
        /// When the relay's certificate ends; nil without TLS.
        let certificateEnd: Timestamp?
        /// Of the relay, or of the proxy.
        let address: String?
    }

    typealias End = (Result<Opened, ConnectionFailure>) -> Void

    /// So many descriptors a connection opens at most while it comes to be: sockets, those of a lookup, a file.
    private static let descriptors = 16
    /// How long a relay that did not greet has to answer a handshake.
    private static let lastPatience = Span.seconds(2)

    private let curl: CurlLoop
    private let settings: RelaySettings
    private let memory: RelayMemory
    private var outbox = Outbox()
    private var end: End?

    private let source: SecretSource
    private var credentials: Credentials?
    private var route: Route
    private var filter: AddressFilter?
    private var easy: Easy?
    private var isConnecting = false
    private var watch: EventLoop.Watch?
    private var timer: EventLoop.Timer?
    private var handshake = Handshake(name: "", tls: .none, login: nil)
    private var parser = ReplyParser()
    /// The first bytes of the relay, in clear or through TLS.
    private var beginning: [UInt8] = []
    /// Told once another address is under way.
    private var note: String?
    private var address: String?
    /// The greeting was waited for less than it may take.
    private var isHasty = false
    /// The step that got no answer.
    private var silence = ""
    /// No greeting came, and it is looked why.
    private var isTryingTLS = false

    init(_ curl: CurlLoop, to settings: RelaySettings, _ memory: RelayMemory, end: @escaping End) {
        self.curl = curl
        self.settings = settings
        self.memory = memory
        self.end = end
        source = SecretSource(settings, memory, on: curl.loop)
        route = Route(hasAlternatives: settings.hasAddresses)
    }

    /// Begins.
    func start() { getSecret() }

    /// Gives up; no end comes.
    ///
    /// While the relay's name is being looked up, the handle is let go only when that is over, at the latest
    /// after the connect timeout: libcurl would wait for it.
    func cancel() {
        end = nil
        source.cancel()
        if let easy, isConnecting, !easy.hasLookedUp { return }
        release()
    }

    private func release() {
        timer?.cancel()
        watch?.cancel()
        watch = nil
        isConnecting = false
        if let easy { curl.remove(easy.handle) }
        easy = nil
    }

    private func finish(_ result: Result<Opened, ConnectionFailure>) {
        let end = self.end
        self.end = nil
        end?(result)
    }

    private func getSecret() {
        source.read { [self] result in
            do throws(CredentialsError) {
                credentials = try result.get()
                attempt()
            } catch { failLater(ConnectionFailure(.auth, error.description, isConfigurationFault: true)) }
        }
    }

    // Connecting.

    private func attempt() {
        parser = ReplyParser()
        outbox = Outbox()
        beginning = []
        isTryingTLS = false
        isHasty = false
        address = nil
        handshake = Handshake(
            name: settings.helo ?? Process.hostName, language: settings.language,
            tls: route.isInClear ? .none : settings.startTLS,
            login: credentials.map { Login($0, by: settings.mechanism, host: settings.host, port: settings.port) })
        let filter = AddressFilter(avoiding: route.avoided(memory.addresses, at: curl.loop.now)) { Clock.monotonic }
        self.filter = filter
        do throws(CurlError) {
            let easy = try Easy()
            try easy.connect(settings, through: filter)
            self.easy = easy
            isConnecting = true
            curl.add(easy.handle) { self.connected($0) }
        } catch {
            failLater(ConnectionFailure(.connect, error.description, isConfigurationFault: true))
        }
    }

    private func failLater(_ failure: ConnectionFailure) {
        curl.loop.later { [self] in
            if end != nil { fail(failure) }
        }
    }

    private func connected(_ result: CURLcode) {
        isConnecting = false
        guard let easy, let filter else { return }
        // Cancelled while the name was being looked up.
        if end == nil { return release() }
        if filter.opened.isEmpty, !filter.refused.isEmpty { return exhausted(filter.refused) }
        if let note {
            memory.tell(note)
            self.note = nil
        }
        guard result == CURLE_OK else {
            if let socket = settings.socket, let error = easy.connectError {
                return fail(.connecting(to: socket, error))
            }
            return fail(.connecting(result, easy.reason ?? CurlError(result).description))
        }
        address = easy.address
        // Those that were tried before it and have not answered yet are slow, or not there.
        for slow in filter.opened where !slow.address.isExactly(address ?? "") {
            guard Clock.monotonic - slow.at > Span.seconds(2).nanoseconds else { continue }
            memory.failed(at: slow.address)
            memory.tell("\(slow.address): connect: no answer\(RelayMemory.ending)")
        }
        if settings.isImplicitTLS { return startTLS() }
        listen()
    }

    /// libcurl was let to none of the addresses. Those that rest are tried now; the last failure is told when all were.
    private func exhausted(_ refused: [String]) {
        release()
        if route.exhausted(refused) { return attempt() }
        let reason = "no address of \(settings.host) is left"
        finish(.failure(route.failure ?? ConnectionFailure(.connect, reason)))
    }

    // TLS.

    private func startTLS() {
        // What came in clear would be taken for a part of the encrypted session: CVE-2011-0411.
        guard let plain = easy, !parser.isWithinReply else {
            return fail(ConnectionFailure(.tls, Handshake.unasked))
        }
        watch?.cancel()
        watch = nil
        timer?.cancel()
        beginning = []
        do {
            let socket = try Descriptor(duplicating: plain.socket)
            let secured = try Easy()
            var terms = settings
            if isTryingTLS { terms.connectTimeout = min(terms.connectTimeout, Self.lastPatience) }
            try secured.secure(socket, terms, isVerified: settings.isVerified && !isTryingTLS)
            curl.remove(plain.handle)
            easy = secured
            curl.add(secured.handle) { self.secured($0) }
        } catch {
            fail(ConnectionFailure(.tls, "\(error)", isConfigurationFault: true))
        }
    }

    private func secured(_ result: CURLcode) {
        guard let easy else { return }
        if isTryingTLS { return mute(result) }
        guard result == CURLE_OK else {
            let text = easy.reason ?? CurlError(result).description
            return fail(.securing(result, text, isImplicit: settings.isImplicitTLS))
        }
        if settings.isVerified, let fingerprint = settings.fingerprint,
            !fingerprint.matches(pem: easy.certificate ?? "")
        {
            return fail(
                ConnectionFailure(
                    .tls, "the relay's certificate is not that of tls_fingerprint", isConfigurationFault: true))
        }
        let action = handshake.tlsStarted()
        listen()
        if let action, self.easy === easy { perform(action) }
    }

    // Greeting, EHLO, AUTH.

    private func listen() {
        guard let easy else { return }
        do throws(Errno) {
            watch = try curl.loop.watch(easy.socket, for: .read) { self.ready($0) }
        } catch { return fail(ConnectionFailure(.connect, "cannot be watched: \(error)")) }
        arm()
        // The first call makes the connection ours: before it libcurl might prune it. And TLS may hold bytes.
        ready(.read)
    }

    /// Each reply has its time, as a whole.
    private func arm() {
        timer?.cancel()
        let isFirst = handshake.phase == .greeting && beginning.isEmpty
        let full = settings.greetingTimeout
        let patience = isFirst ? route.patience(full, inHaste: settings.connectTimeout) : full
        timer = curl.loop.schedule(after: max(patience, .milliseconds(1))) { [self] in
            isHasty = patience < full
            silence = "no \(isFirst ? "greeting" : "reply") within \(patience.approximate)"
            if isMute { return tryTLS() }
            fail(handshake.ended(silence))
        }
    }

    /// Nothing has come in clear: a port for TLS from the first byte is silent like this.
    private var isMute: Bool { handshake.phase == .greeting && beginning.isEmpty && !handshake.isEncrypted }

    /// Looks whether the relay speaks TLS, as the last thing on this connection.
    private func tryTLS() {
        isTryingTLS = true
        startTLS()
    }

    private func mute(_ result: CURLcode) {
        if result == CURLE_OK {
            isHasty = false
            let reason = "the port expects TLS from the first byte: use smtps://"
            return fail(ConnectionFailure(.greeting, reason, isConfigurationFault: true))
        }
        fail(handshake.ended(silence))
    }

    private func ready(_ readiness: EventLoop.Readiness) {
        if readiness.contains(.read) { receive() }
        flush()
    }

    private func receive() {
        while let easy, watch != nil {
            switch easy.receive(into: curl.scratch) {
            case .again: return
            case .closed(let text): return closed(text)
            case .bytes(let count):
                if beginning.count < 2 { beginning += curl.scratch.prefix(min(count, 2)) }
                parser.append(UnsafeRawBufferPointer(rebasing: curl.scratch[..<count]))
                understand()
            }
        }
    }

    private func closed(_ text: String) {
        let said = easy?.reason ?? ""
        // TLS 1.3 asks for a certificate of ours, and refuses, when the handshake is over for us.
        if said.holds("certificate required") || said.holds("alert bad certificate") {
            return fail(.securing(CURLE_SSL_CONNECT_ERROR, said, isImplicit: settings.isImplicitTLS))
        }
        // Others close without a word.
        if handshake.isEncrypted, beginning.isEmpty, settings.certificate == nil {
            let hint = "; does it demand a certificate of ours, see tls_certificate?"
            return fail(ConnectionFailure(.tls, "\(text) right after the handshake\(hint)"))
        }
        fail(handshake.ended(text))
    }

    private func understand() {
        do throws(ReplyError) {
            guard let reply = try parser.next() else { return }
            // One command, one reply: what has come already cannot answer the command that is sent next.
            if parser.isWithinReply { return fail(ConnectionFailure(handshake.phase, Handshake.unasked)) }
            arm()
            perform(handshake.received(reply))
        } catch {
            // An alert or a handshake record: RFC 8446 section 5.1.
            let isTLS = [[0x15, 3], [0x16, 3]].contains(Array(beginning.prefix(2)))
            let hint = isTLS ? "; the port expects TLS from the first byte: use smtps://" : ""
            fail(ConnectionFailure(handshake.phase, error.description + hint, isConfigurationFault: isTLS))
        }
    }

    private func perform(_ action: Handshake.Action) {
        switch action {
        case .write(let bytes):
            outbox.append(bytes)
            flush()
        case .startTLS: startTLS()
        case .failed(let failure): fail(failure)
        case .ready(let capabilities): succeed(capabilities)
        }
    }

    private func flush() {
        while let easy, watch != nil, let chunk = outbox.chunk(isEncrypted: handshake.isEncrypted) {
            switch easy.send(chunk) {
            case .bytes(let count): _ = outbox.consume(count)
            case .again:
                outbox.keep(chunk)
                watch?.set([.read, .write])
                return
            case .closed(let text): return closed(text)
            }
        }
        watch?.set(.read)
    }

    private func succeed(_ capabilities: Capabilities) {
        guard let easy else { return }
        // TLS may hold what the kernel does not tell of.
        switch easy.receive(into: curl.scratch) {
        case .again: break
        case .bytes: return fail(ConnectionFailure(.ehlo, Handshake.unasked))
        case .closed(let text): return closed(text)
        }
        if let reply = handshake.refusalOfTLS {
            memory.tell("\(place)STARTTLS refused, mail goes in clear: \(reply)")
        }
        timer?.cancel()
        watch?.cancel()
        watch = nil
        self.easy = nil
        if let address {
            memory.worked(at: address)
            memory.forget(address)
        }
        finish(
            .success(
                Opened(
                    easy: easy, capabilities: capabilities, isEncrypted: handshake.isEncrypted,
                    certificateEnd: easy.certificateEnd, address: address)))
    }

    // Failing.

    private var place: String { address.map { "\($0): " } ?? "" }

    private func fail(_ failure: ConnectionFailure) {
        var failure = failure
        failure.reason = credentials?.withholding(failure.reason) ?? failure.reason
        failure.address = address ?? filter?.opened.last?.address
        // Asked before the socket is given back. libcurl does not say what it wanted a descriptor for, nor that it did.
        failure.isShortage = Process.lacksDescriptors(Self.descriptors)
        release()
        if end == nil { return }
        // The token that worked before has expired: the program has another one.
        if failure.refusesLogin, let credentials { memory.refused(credentials.secret) }
        if failure.refusesLogin, source.isOld { return getSecret() }
        if failure.phase == .tls, settings.mayGoInClear, !route.isInClear {
            memory.tell("\(place)TLS failed, mail goes in clear: \(failure.reason)")
            route.goInClear()
            return attempt()
        }
        let tried = address.map { [$0] } ?? filter?.opened.map(\.address) ?? []
        guard route.goesOn(after: failure, at: tried, byHaste: isHasty) else {
            return finish(.failure(route.failure ?? failure))
        }
        for address in tried { memory.failed(at: address) }
        note = failure.address.map { "\($0): \(failure.phase): \(failure.reason)\(RelayMemory.ending)" }
        attempt()
    }
}
