internal import EventLoop
internal import Linux
internal import Relay
internal import SMTP
internal import Time

/// When a relay is logged in to after a login that was refused; looks meanwhile whether the secret is another one.
final class RelayLogins {
    private let settings: RelaySettings
    private let memory: RelayMemory
    private let loop: EventLoop
    private var pause = LoginPause()
    private var timer: EventLoop.Timer?
    /// A login may work now.
    var onChange: () -> Void = {}

    init(_ settings: RelaySettings, _ memory: RelayMemory, on loop: EventLoop) {
        self.settings = settings
        self.memory = memory
        self.loop = loop
    }

    /// None is tried now.
    var isPausing: Bool { rest != nil }

    /// How long none is tried; nil where one may be.
    var rest: Span? { pause.rest(at: Clock.monotonic) }

    /// How many may be under way.
    var limit: Int { settings.user == nil ? .max : pause.limit }

    func worked() { pause.worked() }

    /// Begins a pause and returns its length.
    func refused(forGood: Bool) -> Span {
        watch()
        return pause.refused(forGood: forGood, at: Clock.monotonic)
    }

    private func watch() {
        timer?.cancel()
        timer = loop.schedule(after: .seconds(2)) { [weak self] in
            guard let self, pause.isOn else { return }
            if memory.isSecretNew { mayWork() } else { watch() }
        }
    }

    /// The secret, or what the relay makes of it, may be another one: the pause is over.
    func mayWork() {
        guard pause.isOn else { return }
        pause.end()
        onChange()
    }

    /// Looks no more.
    func stop() { timer?.cancel() }
}
