package import JSON
package import Time

/// The verdict about a claimed job: its new events, and where it goes. ``Claim/settle(_:in:)`` carries it out.
package struct Verdict: Equatable, Sendable {
    /// When it was made.
    package var at: Timestamp
    /// The events to append to the history.
    package var events: [Event]
    package var target: State
    /// The due time, for the states that have one.
    package var due: Timestamp?
    /// Whether the history must be on disk before the rename.
    package var durably: Bool
    /// The object with its secrets masked, which `done/` keeps instead of the producer's; nil to keep the file as it
    /// is.
    package var masked: JSON?
    /// The id under which the job goes to `dead/`, since its own was taken in the target.
    var newID: JobID?

    package init(
        at now: Timestamp, _ events: [Event] = [], target: State, due: Timestamp? = nil, durably: Bool = false,
        masked: JSON? = nil
    ) {
        at = now
        self.events = events
        self.target = target
        self.due = due
        self.durably = durably
        self.masked = masked
    }
}
