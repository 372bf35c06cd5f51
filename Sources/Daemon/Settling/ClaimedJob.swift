internal import EventLoop
internal import JSON
internal import Linux
internal import Mail
internal import SMTP
internal import Spool
internal import Time

/// A job in `cur/` that is worked at, from its claim to its verdict: the only holder of a ``Claim``.
final class ClaimedJob {
    let id: JobID
    private(set) var waiting: WaitingJob
    private let owner: UInt32
    /// Bytes of its file, which bound the memory for its mail.
    let size: Int
    /// The contents of its file, until the mail or the order is made.
    private var facts: ReadyJob.Facts?
    /// The producer's words for the operator, which a dead letter repeats.
    let tags: [String]
    let metadata: JSON.Object
    /// When it was claimed and when it was handed to a courier, by the monotonic clock.
    let claimedAt: Int64
    var startedAt: Int64
    /// With what was noted at the claim and what was appended since.
    var attempt: Verdict.Attempt
    /// The job's object as `done/` keeps it, if not as it is: its secrets masked.
    var masked: JSON?
    /// Why it begins before the time that its history says; its next marker has it.
    var haste: String?
    /// The mail, once it is made.
    var letter: Letter?
    /// The program that runs for it, or has run.
    var run: Run?
    /// Whom a dead letter of it names, where that is not whom the letter is for.
    var named: [String]?
    /// Whether it was refused before a relay was asked: then its dead letter tells of that alone.
    var isRefusedByUs = false
    /// The outcomes from one relay of recipients that wait while others are sent to by another.
    var kept: [(recipient: String, outcome: RecipientOutcome)] = []
    /// Whether it is to be tried on a connection that has carried nothing: it may be the connection that had enough.
    var wantsNewConnection = false
    /// Whether the log has told the end of its attempt; nil where it has if a recipient was refused.
    var isReported: Bool?
    /// Whether this is its first claim, and the ledger does not have it yet.
    private var isNew: Bool
    private var claim: Claim?
    /// How long the file was, and its history, before the last marker.
    private var unmarked: (length: Int, history: History)?

    /// The mail as it is handed to a relay.
    struct Letter {
        let mail: OutgoingMail
        /// Those of the mail's recipients that this attempt is for.
        private(set) var recipients: [String]

        init(mail: OutgoingMail, recipients: [String]) {
            self.mail = mail
            self.recipients = recipients
        }

        /// Leaves the others out: they have their outcome.
        mutating func narrow(to recipients: [String]) { self.recipients = recipients }
    }

    struct Run {
        let program: ProgramRun
        let started: Timestamp
        /// When it is ended at the latest.
        let deadline: Timestamp
    }

    init(_ claim: consuming Claim, _ facts: ReadyJob.Facts, attempt: Verdict.Attempt, isNew: Bool, claimedAt: Int64) {
        id = claim.id
        waiting = facts.waiting
        owner = facts.status.owner
        size = facts.status.size
        self.facts = facts
        let job = try? facts.job.get()  // An invalid job says nothing.
        (tags, metadata) = (job?.tags ?? [], job?.metadata ?? JSON.Object())
        self.attempt = attempt
        self.isNew = isNew
        self.claimedAt = claimedAt
        startedAt = claimedAt
        self.claim = consume claim
    }

    var template: String? { waiting.template }
    /// Its object as it is in the file; null once ``forget()`` was called.
    var value: JSON { facts?.value ?? .null }
    var submitted: Timestamp { attempt.submitted }

    /// The job as its producer wrote it. Throws when the object is not a job.
    func object() throws(MailError) -> Job {
        switch facts?.job {
        case .success(let job): return job
        case .failure(let error): throw .job("\(error)")
        case nil: throw .ours("its object is needed again")
        }
    }

    /// Lets go of the object: the mail or the order has been made, and the object may be as large as a job may be.
    func forget() { facts = nil }

    /// Enters the job into the ledger at its first claim, once. `sender` is nil when its mail could not be made.
    func enter(in ledger: Ledger, sender: String?) {
        if isNew { ledger.received(id, owner: owner, sender: sender) }
        isNew = false
    }

    /// Appends `sending` before the body's final dot, or `running` before the program is started: no marker, no dot, no
    /// run. With `on_doubt = hold` the marker is on disk when this returns.
    func mark(_ kind: Event.Kind, to recipients: [String] = [], reason: String? = nil, now: Timestamp)
        throws(SpoolError)
    {
        var event = Event(kind, at: now)
        event.attempt = attempt.number
        event.to = recipients
        event.relay = kind == .sending ? attempt.relay : nil
        event.reason = reason ?? haste
        if attempt.history.isEmpty { event.submitted = submitted }
        let length = claim?.length ?? 0
        try claim?.append([event], durably: attempt.onDoubt == .hold)
        unmarked = (length, attempt.history)
        attempt.history.append(event)
    }

    /// Takes the marker back where nothing was begun: it would be an attempt, and a line for each try. Where the disk
    /// does not let it, it stays, to be closed by what is said next.
    func unmark() {
        guard let unmarked else { return }
        // The next append goes to the end of what is there, in either case.
        do throws(SpoolError) { try claim?.cut(to: unmarked.length) } catch { return }
        attempt.history = unmarked.history
    }

    /// Appends what became of some of its recipients while others are still to be sent to.
    func note(_ events: [Event]) throws(SpoolError) {
        try claim?.append(events, durably: false)
        for event in events { attempt.history.append(event) }
        unmarked = nil
    }

    /// Leaves the relay to others: it does not offer what the job needs.
    func shun(_ relay: String) { waiting.unfit.append(relay) }

    /// The verdict on the last attempt that it gets, if that failed: the log has told the attempt and not the end, and the
    /// dead letter names whom it did not reach.
    var lastFailure: Verdict? {
        didSet {
            isReported = false
            guard let letter, let lastFailure else { return }
            named = History(attempt.history.events + lastFailure.events).open(of: letter.mail.recipients)
        }
    }

    /// Gives up the claim, to be settled; nil the second time.
    func finish() -> Claim? {
        let claim = self.claim.take()
        return claim
    }
}
