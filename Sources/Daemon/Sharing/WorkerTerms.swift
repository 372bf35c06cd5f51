internal import EventLoop
internal import JSON
internal import Text

/// A worker's side of what all workers share: the terms of relays, and the places of programs. The parent's is
/// ``ParentTerms``.
final class WorkerTerms {
    /// How the parent is reached.
    struct Way {
        /// Sends a message, in order, and does not wait.
        let tell: (JSON) -> Void
        /// Sends a question and waits for its answer; nil when none came.
        let ask: (JSON) -> JSON?
    }

    private let loop: EventLoop
    private let way: Way
    private var relays: [String: RelayShare] = [:]
    let places: WorkerPlaces

    /// `tell` sends a message to the parent and does not wait; `ask` sends a question and returns the answer, nil when none
    /// came in time.
    init(loop: EventLoop, ledger: Ledger, tell: @escaping (JSON) -> Void, ask: @escaping (JSON) -> JSON?) {
        self.loop = loop
        way = Way(tell: tell, ask: ask)
        places = WorkerPlaces(loop: loop, way: way)
    }

    /// The terms for a pool of the relay.
    func terms(for settings: Settings.Relay) -> SharedTerms {
        let share = relays[settings.name] ?? RelayShare(settings.name, loop: loop, way: way)
        relays[settings.name] = share
        return SharedTerms(settings, share)
    }

    /// Takes a message of the parent whose `to` is `relay` or `places`.
    func hear(_ message: JSON) {
        guard let object = message.object, let part = object["to"]?.string else { return }
        if part.isExactly("places") { return places.hear(object) }
        guard part.isExactly("relay"), let name = object["name"]?.string else { return }
        // The parent may have read of a relay before this worker has.
        let share = relays[name] ?? RelayShare(name, loop: loop, way: way)
        relays[name] = share
        share.hear(object)
    }

    /// Tells the parent all that lasts, since messages to it were lost.
    func tellAgain() {
        for share in relays.values { share.tellAgain() }
        places.tellAgain()
    }
}
