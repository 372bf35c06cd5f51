internal import Linux
internal import Mail
internal import SMTP
internal import Spool
internal import Time

/// The reports from the parts of the queue. Each gets one closure for them when it is made; nothing else calls upwards.
enum Report {
    // From the couriers.

    /// The relay does not take these recipients of a job; what becomes of them where no other does.
    case unfit(ClaimedJob, [(recipient: String, outcome: RecipientOutcome)])
    /// A job's attempt is over.
    case verdict(ClaimedJob, Verdict)
    /// A job cannot be worked at: it is at fault, or its template is.
    case refused(ClaimedJob, MailError)
    /// A mail waits for a connection: the one it had was stale (`isPrepared` false), or its view was made.
    case carried(ClaimedJob, isPrepared: Bool)
    /// The daemon stops in the middle of a job: it stays in `cur/`, and the next start calls it in doubt.
    case abandoned(ClaimedJob)
    /// The machine lacks what a program needs.
    case shortage(WaitingJob.Kind)
    /// The relay's capacity has changed.
    case relayChanged
    /// The last connection of a retired relay has ended.
    case relayEmptied(RelayPool)

    // From the disk.

    /// The disk refused a step that no verdict depends on.
    case diskRefused(SpoolError)
    /// A verdict could not be written, or the last one that waited was.
    case disk(takesWrites: Bool)
    /// A reading of `new/` began or ended.
    case reading(Bool)
    /// A reading of `new/` met a name.
    case found(DirectoryName)
    /// A file should be looked at again after a while.
    case lookAgain(JobID, State, after: Span)
}
