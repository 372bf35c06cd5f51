internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

/// Brings a batch of messages into the spool: each becomes a job, or is known already, or becomes a dead message.
struct PumpIntake {
    /// The result of a batch.
    struct Outcome {
        /// The receipts of the messages that the engine may forget: what they say is on disk.
        var receipts: [String] = []
        /// The lines that were not settled, in their order, for the next try.
        var rest: [[UInt8]] = []
        /// Why there is a rest.
        var failure: String?
        var queued = 0
        var known = 0
        var dead = 0
        var again = 0
    }

    private let entrance: Entrance
    private let deadMessages: DeadMessages
    private let arguments: Arguments
    private var templates: VisibleTemplates
    private var looked = Clock.monotonic
    /// Names of templates that were said to be unknown; no more than ``namesLimit``.
    private var unknown: Set<ExactText> = []

    private static let namesLimit = 1000

    init(_ entrance: Entrance, _ deadMessages: DeadMessages, _ arguments: Arguments) throws(Failure) {
        self.entrance = entrance
        self.deadMessages = deadMessages
        self.arguments = arguments
        templates = try VisibleTemplates(arguments)
    }

    private struct Newcomer {
        let line: [UInt8]
        let message: PumpMessage
    }

    /// Settles a batch. On return every message whose receipt is in the outcome is durable: as a job, or in the file of
    /// dead messages.
    mutating func settle(_ lines: [[UInt8]]) -> Outcome {
        refreshTemplates()
        var outcome = Outcome()
        var letters: [DeadMessages.Letter] = []
        var newcomers: [Newcomer] = []
        for line in lines {
            do throws(SpoolError) { try sort(line, &outcome, &newcomers, &letters) } catch {
                outcome.rest.append(line)
                outcome.failure = "\(error)"
            }
        }
        queue(newcomers, &outcome, &letters)
        bury(letters, &outcome)
        return outcome
    }

    /// Tells a known job, a dead message and a newcomer from each other.
    private mutating func sort(
        _ line: [UInt8], _ outcome: inout Outcome, _ newcomers: inout [Newcomer],
        _ letters: inout [DeadMessages.Letter]
    ) throws(SpoolError) {
        let message: PumpMessage
        do throws(PumpMessage.Fault) { message = try PumpMessage(line) } catch {
            letters.append(.init(line: line, id: nil, receipt: error.receipt, reason: error.reason))
            return
        }
        func die(_ reason: String) {
            letters.append(.init(line: line, id: message.id.text, receipt: message.receipt, reason: reason))
        }
        let job: Job
        do throws(JobError) { job = try Job(message.job) } catch { return die(error.description) }
        if try settleKnown(message, &outcome, die) { return }
        if let objection = templates.objection(to: job) { return die(objection) }
        if let late = job.lateness(now: .now) { return die("\(late)") }
        warnOfUnknown(job.template)
        newcomers.append(Newcomer(line: line, message: message))
        if message.isAgain {
            outcome.again += 1
            complain("\(message.id) was delivered before: another node may have it, too")
        }
    }

    /// True if the spool has a job of the id. The same job is made durable, if its producer did not come to that.
    private func settleKnown(
        _ message: PumpMessage, _ outcome: inout Outcome, _ die: (String) -> Void
    ) throws(SpoolError) -> Bool {
        // The job may move between the look and the step; five moves in a row are not the daemon's.
        for _ in 0..<5 {
            switch try entrance.namesake(of: message.id, message.job) {
            case nil: return false
            case .other(let state):
                die("another job of the id \(message.id) is in \(state.path)")
                return true
            case .same(let state):
                guard try entrance.settle(known: message.id, in: state) else { continue }
                outcome.known += 1
                outcome.receipts.append(message.receipt)
                return true
            }
        }
        throw SpoolError(.settle, message.id.text, .noEntry)
    }

    private mutating func queue(
        _ newcomers: [Newcomer], _ outcome: inout Outcome, _ letters: inout [DeadMessages.Letter]
    ) {
        let results = entrance.submit(batch: newcomers.map { ($0.message.job.encoded + [0x0A], $0.message.id) })
        for (newcomer, result) in zip(newcomers, results) {
            let message = newcomer.message
            switch result {
            case .success:
                outcome.queued += 1
                outcome.receipts.append(message.receipt)
            case .failure(let error) where error.step == .publish && error.errno == .exists:
                do throws(SpoolError) {
                    let isKnown = try settleKnown(message, &outcome) { reason in
                        letters.append(
                            .init(line: newcomer.line, id: message.id.text, receipt: message.receipt, reason: reason))
                    }
                    if !isKnown { throw error }
                } catch {
                    outcome.rest.append(newcomer.line)
                    outcome.failure = "\(error)"
                }
            case .failure(let error):
                outcome.rest.append(newcomer.line)
                outcome.failure = "\(error)"
            }
        }
    }

    private func bury(_ letters: [DeadMessages.Letter], _ outcome: inout Outcome) {
        if letters.isEmpty { return }
        do throws(Errno) {
            try deadMessages.append(letters, at: .now)
        } catch {
            outcome.rest += letters.map(\.line)
            outcome.failure = "\(printable(deadMessages.path)): \(error)"
            return
        }
        for letter in letters {
            outcome.dead += 1
            if let receipt = letter.receipt { outcome.receipts.append(receipt) }
            let name = letter.id ?? letter.receipt ?? "a message without a receipt"
            complain("dead message: \(printable(name)): \(printable(letter.reason, limit: 500))")
        }
    }

    /// Templates and configuration change while the pump runs: they are read again, at most once a second. What cannot
    /// be read at the moment is judged as it was.
    private mutating func refreshTemplates() {
        let now = Clock.monotonic
        if now - looked < Span.seconds(1).nanoseconds { return }
        looked = now
        if let fresh = try? VisibleTemplates(arguments) { templates = fresh }
    }

    private mutating func warnOfUnknown(_ name: String?) {
        guard let name, !unknown.contains(ExactText(name)), unknown.count < PumpIntake.namesLimit else { return }
        unknown.insert(ExactText(name))
        templates.warnOfUnknown(name)
    }
}
