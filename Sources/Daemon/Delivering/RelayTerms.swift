internal import Relay
internal import SMTP
internal import Text
internal import Time

/// The terms of a relay over all its connections: whether it is used, through how many connections, how fast, and for
/// whose mail.
///
/// A ``RelayPool`` asks before it acts, and tells what came of it. In a daemon of one process the terms are decided on the
/// spot, by ``LocalTerms``; a worker's are ``SharedTerms``, which hold for all workers together.
protocol RelayTerms: AnyObject {
    /// The relay's.
    var name: String { get }
    /// Called when something else may be possible than before; not by what only reads.
    var onChange: (TermsChange) -> Void { get set }

    // How the relay stands.

    var breaker: Breaker { get }
    /// Whether the breaker is open.
    var isOpen: Bool { get }
    /// The senders that rest, and why; for people.
    var resting: [(sender: String, reason: String)] { get }
    /// Whether a sender's jobs may be tried now; nil where all may.
    func restriction(at now: Int64) -> (@Sendable (String) -> Bool)?
    /// The senders whose jobs go first this time; nil for all.
    var preference: (@Sendable (String) -> Bool)? { get }
    /// When the next sender that rests may be tried again; nil where none rests.
    func nextRest(after now: Int64) -> Int64?

    /// Called right before a job of the sender is begun: false where it may not, since another job took its turn or the
    /// right that it needs.
    func admits(_ sender: String) -> Bool
    /// A job that was admitted does not begin after all; nothing happens if it did.
    func withdraw()
    /// A job of the sender begins.
    func began(_ sender: String)
    /// A job that was begun ends without a transaction to judge.
    func ended(_ sender: String)
    /// Says whose affair the outcome of a job's transaction is, and lets that rest. The outcome's recipients become what
    /// the relay's table of replies says.
    func judge(_ outcome: inout TransactionOutcome, job: String, sender: String) -> Standing.Fate

    // Connections.

    /// The knowledge that the relay's connections share.
    var memory: RelayMemory { get }
    /// How many connections the pool may have now.
    var allowed: Int { get }
    /// Whether connections to the relay are possible at all now.
    var mayConnect: Bool { get }
    /// Whether nothing but the configuration limits the connections.
    var isUnlimited: Bool { get }
    /// No login is tried now.
    var isPausingLogins: Bool { get }
    /// How long none is tried; nil where one may be.
    var loginRest: Span? { get }
    /// How many more connections may be on their way.
    var openings: Int { get }
    /// So many more connections would be of use; `isUrgent` where a job of a high priority waits.
    func wants(_ connections: Int, isUrgent: Bool)
    /// Whether a connection may be opened for one that ends.
    var mayReplace: Bool { get }
    /// How many of its connections are to end, since others have need of them.
    var recalled: Int { get }

    /// A connection is on its way.
    func opening()
    /// One that was on its way is ready.
    func opened()
    /// One that was on its way came to nothing.
    func failed(_ failure: ConnectionFailure)
    /// One that was on its way was given up, for no fault of the relay.
    func gaveUp()
    /// One that was ready has ended. `unused`: why the relay ended it before it had carried anything.
    func closed(unused: String?)

    /// How a new connection is to be used.
    var care: RelayConnection.Care { get }
    /// The relay asks for care; true where as much was not taken before.
    func takeCare(_ care: RelayConnection.Care, because reason: String) -> Bool
    /// How many recipients the relay has shown to take at a time.
    var recipientLimit: Int { get }
    func lowerRecipientLimit(to limit: Int)

    // Rate and quotas.

    /// How long to wait before the next mail may start; nil where it may now.
    var pause: Span? { get }
    /// How many recipients may be given to the relay now.
    var room: Int { get }
    /// Reserves room for a transaction's recipients, and returns for how many there is.
    func reserve(_ recipients: Int) -> Int
    /// A transaction has ended for which `reserved` were reserved, of which the relay took some, or may have.
    func settle(reserved: Int, taken: Int)
    /// The relay's quotas, with what was taken.
    var quotas: [Quota] { get }

    /// A login that was refused may work now.
    func secretMayWork()
    /// No connection is opened any more.
    func retire()
}

/// A change in the terms of a relay.
enum TermsChange {
    /// More, or less, is possible than before.
    case state
    /// A connection should be tried at once.
    case tryNow
    /// Connections that were opened before are to end: the relay needs more care than they take.
    case careful
    /// Other workers need connections that this one has, see ``RelayTerms/recalled``.
    case recalled
    /// More connections may be opened.
    case granted
    /// The relay cannot be reached, as others have found.
    case down(String)
}

extension RelayTerms {
    /// Takes the care that a fault asks for. Returns the job's fate where that decides it.
    func takeCare(after outcome: inout TransactionOutcome) -> Standing.Fate? {
        switch outcome.fault {
        case .silent(let phase, let reason) where phase != .dot && phase != .body:
            _ = takeCare(.stepByStep, because: reason)
        case .unordered(let reason):
            if takeCare(.stepByStep, because: reason) { onChange(.careful) }
        case .outOfStep(let reason):
            if takeCare(.alone, because: reason) {
                onChange(.careful)
                if !outcome.committed { return .reconnect(reason) }
            } else if !outcome.committed {
                outcome.recipients = outcome.recipients.map { _ in .deferred(.local(.outOfStep, reason)) }
            }
        default: break
        }
        return nil
    }
}

extension ConnectionFailure {
    /// The report of a connection to `host` that failed.
    func report(of host: String) -> String {
        let fault = isConfigurationFault ? " (fix the configuration)" : ""
        let place = address.flatMap { host.isExactly($0) ? nil : " at \($0)" } ?? ""
        return "failed at \(phase)\(fault)\(place): \(reason)"
    }
}
