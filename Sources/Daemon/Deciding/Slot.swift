/// The room that a relay has at this moment, as it says when it is asked.
struct Slot: Sendable {
    /// Where a job can go in.
    enum Room: Equatable, Sendable {
        case none
        /// Behind a body that is under way: the next envelope travels with it (RFC 2920).
        case behind
        /// On a connection that has nothing else to do.
        case idle
    }

    /// The relay's name.
    var relay: String
    var room: Room
    /// Whether a message would have to wait, since the relay's rate is used up.
    var isPaced: Bool
    /// Whether jobs may be counted on to go through it: its breaker is not open.
    var isUp: Bool
    /// Whether its breaker is open and one job may try it now.
    var isProbe: Bool
    /// Whether a connection may be opened to it.
    var mayConnect: Bool
    /// How many connections it has at most.
    var limit: Int
    /// Whether it takes the jobs of a group of ``Lanes``. The scheduler does not know why not.
    var takes: @Sendable (String) -> Bool

    /// The same without any room.
    var closed: Slot {
        var slot = self
        (slot.room, slot.mayConnect) = (.none, false)
        return slot
    }

    init(
        _ relay: String, room: Room = .none, isPaced: Bool = false, isUp: Bool = true, isProbe: Bool = false,
        mayConnect: Bool = true, limit: Int = 10, takes: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
        self.relay = relay
        self.room = room
        self.isPaced = isPaced
        self.isUp = isUp
        self.isProbe = isProbe
        self.mayConnect = mayConnect
        self.limit = limit
        self.takes = takes
    }
}
