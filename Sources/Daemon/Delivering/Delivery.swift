internal import JSON
internal import Linux
internal import Mail
internal import Relay
internal import SMTP
internal import Spool
internal import Time

/// One claimed job on its way through a relay.
final class Delivery {
    let id: JobID
    let priority: Job.Priority
    let template: String?
    let mail: OutgoingMail
    /// The job's object as `done/` is to keep it, if not as it is: its secrets masked.
    let masked: JSON?
    /// Those of the envelope's recipients that this attempt is for.
    let recipients: [String]
    let envelope: Envelope
    var attempt: Verdict.Attempt
    let submitted: Timestamp
    /// When it was claimed and when it was handed to a connection, for the log's delays.
    let claimedAt: Int64
    var startedAt: Int64
    let size: Int
    /// Whether a program has made what it shows, and no connection has had it yet.
    var isPrepared = false
    private var claim: Claim?

    init(
        _ claim: consuming Claim, waiting: WaitingJob, mail: OutgoingMail, masked: JSON?, recipients: [String],
        envelope: Envelope, attempt: Verdict.Attempt, size: Int, claimedAt: Int64
    ) {
        id = claim.id
        priority = waiting.priority
        template = waiting.template
        self.mail = mail
        self.masked = masked
        self.recipients = recipients
        self.envelope = envelope
        self.attempt = attempt
        submitted = attempt.submitted
        self.size = size
        self.claimedAt = claimedAt
        startedAt = claimedAt
        self.claim = consume claim
    }

    /// Appends `sending`, before the body's final dot: no marker, no dot.
    ///
    /// With `on_doubt = hold` the marker is on disk when this returns.
    func mark(_ accepted: [String], now: Timestamp) throws(SpoolError) {
        var event = Event(.sending, at: now)
        event.attempt = attempt.number
        event.to = accepted
        event.relay = attempt.relay
        if !mail.redirected.isEmpty {
            event.reason = "redirect_all_to, instead of \(mail.redirected.joined(separator: ", "))"
        }
        if attempt.history.isEmpty { event.submitted = submitted }
        try claim?.append([event], durably: attempt.onDoubt == .hold)
        attempt.history.append(event)
    }

    /// Gives up the claim, to be settled; nil the second time.
    func finish() -> Claim? {
        let claim = self.claim.take()
        return claim
    }
}

extension Fault {
    /// What ended the transaction early, in one line; nil when nothing did.
    var interruption: String? {
        switch self {
        case .none: nil
        case .relay(let reason), .stale(let reason): reason
        case .interrupted(let phase, let reason): "\(reason) (at \(phase))"
        case .aborted: "given back before the mail was sent"
        }
    }
}
