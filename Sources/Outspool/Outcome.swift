internal import JSON
internal import Spool

/// Where a job is, and the last event of its history.
public struct Outcome: Hashable, Sendable {
    /// The state of a job; see spool(5).
    public enum State: String, Sendable { case new, scheduled, retry, cur, hold, done, dead }

    public let state: State
    /// The last event, the JSON text that the history has; nil if nothing has happened yet.
    public let event: String?
    /// The kind of the last event, such as `sent` or `refused`.
    public let kind: String?

    public init(state: State, event: String?, kind: String?) {
        self.state = state
        self.event = event
        self.kind = kind
    }
}

extension Spool {
    /// Tells where a job is; nil if the spool does not know it any more. A drop box knows what its `out/` says.
    ///
    /// - Throws: ``SubmitError/temporary(_:)`` or ``SubmitError/unusable(_:)`` if the spool cannot be read.
    public func outcome(of id: String) throws(SubmitError) -> Outcome? {
        guard let id = JobID(id) else { return nil }
        let found: Whereabouts?
        switch place {
        case .memory(let memory):
            return memory.queued.contains { $0.id == id.text } ? Outcome(state: .new, event: nil, kind: nil) : nil
        case .entrance(let entrance):
            do throws(SpoolError) { found = try entrance.whereabouts(of: id) } catch { throw SubmitError(error) }
        }
        guard let found, let state = Outcome.State(rawValue: found.state) else { return nil }
        return Outcome(state: state, event: found.event?.text, kind: found.event?.object?["event"]?.string)
    }
}
