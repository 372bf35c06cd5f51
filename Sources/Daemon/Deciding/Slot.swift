internal import Text

/// A relay's answer to the question what it can take at this moment.
struct Slot: Sendable {
    /// The relay's name.
    var relay: String
    /// Whether a connection has nothing else to do.
    var hasRoom: Bool
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
    /// Whether it should be tried with a job that was never refused, the newest first: then one job at fault does not
    /// keep it shut.
    var prefersNew: Bool
    /// Whether its section says which mails it takes: some groups count it as unfit.
    var isSpecial: Bool
    /// Whether it takes the jobs of a sender; nil where it takes all. The scheduler does not know why not.
    var restriction: (@Sendable (String) -> Bool)?
    /// The senders whose jobs go first this time; nil for all.
    var preference: (@Sendable (String) -> Bool)?

    /// A copy without any room.
    var closed: Slot {
        var slot = self
        (slot.hasRoom, slot.mayConnect) = (false, false)
        return slot
    }

    init(
        _ relay: String, hasRoom: Bool = false, isPaced: Bool = false, isUp: Bool = true, isProbe: Bool = false,
        mayConnect: Bool = true, limit: Int = 10, prefersNew: Bool = false, isSpecial: Bool = false,
        restriction: (@Sendable (String) -> Bool)? = nil
    ) {
        self.relay = relay
        self.hasRoom = hasRoom
        self.isPaced = isPaced
        self.isUp = isUp
        self.isProbe = isProbe
        self.mayConnect = mayConnect
        self.limit = limit
        self.prefersNew = prefersNew
        self.isSpecial = isSpecial
        self.restriction = restriction
    }

    /// Whether every mail may go to it.
    var isOpen: Bool { restriction == nil && !isSpecial }

    /// Whether it takes the jobs of a group.
    func takes(_ group: Lanes.Group) -> Bool {
        !group.unfit.holds(exactly: relay) && (restriction?(group.name) ?? true)
    }
}
