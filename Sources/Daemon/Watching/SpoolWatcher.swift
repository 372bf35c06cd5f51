internal import EventLoop
internal import Linux
internal import Spool

/// Tells what happens in the spool's directories, as far as inotify(7) knows.
///
/// A hint, never the truth: after ``Change/overflow`` the directories must be read, and where the
/// kernel gives no watch they are read at their intervals only.
final class SpoolWatcher {
    /// A place that is watched.
    enum Place: Hashable, CustomStringConvertible {
        /// A state whose jobs wait.
        case state(State)
        /// The spool itself, for `pause` files.
        case root
        /// `drop/`, for new boxes.
        case boxes
        /// `drop/NAME`, for its directories, which may be removed and made again.
        case entrance(String)
        /// `drop/NAME/new`.
        case box(String)
        /// A directory that is only to stay where it is.
        case anchor(String)

        /// The directory, relative to the spool.
        var description: String {
            switch self {
            case .state(let state): state.path
            case .root: "."
            case .boxes: "drop"
            case .entrance(let name): "drop/\(name)"
            case .box(let name): "drop/\(name)/new"
            case .anchor(let path): path
            }
        }
    }

    enum Change {
        /// Whether it belongs to the drop boxes; the end of `drop/` itself is the spool's.
        var isOfBoxes: Bool {
            switch self {
            case .arrival(let place, _), .departure(let place, _):
                switch place {
                case .boxes, .box, .entrance: true
                default: false
                }
            case .end(.box), .end(.entrance): true
            case .end, .overflow: false
            }
        }

        /// A name came, or its mtime changed.
        case arrival(Place, DirectoryName)
        case departure(Place, DirectoryName)
        /// Events were dropped.
        case overflow
        /// The directory has left its place.
        case end(Place)
    }

    private let inotify: Inotify
    private let spool: String
    private var places: [Int32: Place] = [:]
    private var watches: [Place: Int32] = [:]
    private var watch: EventLoop.Watch?

    /// Hands every change to `deliver`, from the loop.
    init(spool: String, loop: EventLoop, deliver: @escaping (Change) -> Void) throws(Errno) {
        self.spool = spool
        inotify = try Inotify()
        watch = try loop.watch(inotify.descriptor.raw, for: .read) { [unowned self] _ in read(deliver) }
    }

    deinit { watch?.cancel() }

    /// Watches a place; ENOSPC where the user's watches are exhausted (fs.inotify.max_user_watches).
    func add(_ place: Place) throws(Errno) {
        let interest: Inotify.Interest =
            switch place {
            case .state(.new), .box: .arrivals
            case .state: [.arrivals, .changes]
            case .root, .boxes, .entrance: [.arrivals, .departures]
            case .anchor: []
            }
        let number = try inotify.add("\(spool)/\(place)", interest)
        places[number] = place
        watches[place] = number
    }

    func remove(_ place: Place) {
        guard let number = watches.removeValue(forKey: place) else { return }
        places[number] = nil
        inotify.remove(number)
    }

    private func read(_ deliver: (Change) -> Void) {
        // One buffer a round: a storm of events must not keep the loop from the connections.
        // An error other than EAGAIN, which read(2) on inotify does not give, would come again.
        _ = try? inotify.read { event in
            if event.isOverflow { return deliver(.overflow) }
            guard let place = places[event.watch] else { return }
            if event.isEnd {
                places[event.watch] = nil
                watches[place] = nil
                return deliver(.end(place))
            }
            guard let name = event.name, !name.isHidden else { return }
            deliver(event.isDeparture ? .departure(place, name) : .arrival(place, name))
        }
    }
}
