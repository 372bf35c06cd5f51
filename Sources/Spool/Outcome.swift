package import Time
internal import Text

/// One fact that the submitter of a job wants to know, in one word: read from its history and nothing else, so
/// that the same history gives the same outcomes, with the same ids, however often it is read.
package struct Outcome: Equatable, Sendable {
    package enum Word: String, CaseIterable, Sendable {
        /// The relay has accepted the mail for these recipients.
        case sent
        /// A task's program has done its work.
        case done
        /// The job is a dead letter.
        case dead
        /// The daemon has put the job into `hold/`.
        case held
        /// Reports that come after the relay's reply.
        case bounced, complained, delivered, delayed
        /// A recipient was refused by us because it is suppressed.
        case suppressed
    }

    package let word: Word
    /// The event that decided it.
    package let event: Event
    /// The recipients that it concerns; none where no event names one.
    package let recipients: [String]
    /// How many rounds had ended before: a round ends in `done/`, `dead/` or `hold/`, and the operator begins the next.
    package let round: Int
    /// Tells it apart from the other outcomes of its word.
    let key: String

    /// Whether it came with a report, after the end of the job or before.
    package var isFeedback: Bool { event.kind.isFeedback }

    /// How the reason of a refusal begins that is a suppression.
    package static let suppression = "suppressed:"

    /// The outcomes of a job with these events that lies in `state`, in their order.
    ///
    /// A job that is not in `done/`, `dead/` or `hold/`, or that the operator has put there, has not ended: what its
    /// events say of the current round is left out, reports excepted.
    package static func all(of events: [Event], in state: State) -> [Outcome] {
        var reading = Reading()
        let rounds = events.split(omittingEmptySubsequences: false) { $0.kind == .requeued }
        for (index, events) in rounds.enumerated() {
            let isLast = index == rounds.count - 1
            reading.read(events, ending: isLast ? Ending(events, in: state) : Ending(events))
        }
        return reading.outcomes
    }

    /// The stable id of the job that tells a template of it: the same for the same outcome of the same job.
    ///
    /// A job that is submitted later under the id of one that is forgotten has another submission, and another id here.
    package func id(for template: String, of job: JobID, submitted: Timestamp?) -> JobID {
        let name = [template, job.text, submitted?.rfc3339 ?? "", word.rawValue, key].joined(separator: "\0")
        let digest = SHA256.digest(Array(name.utf8)).prefix(12)
        let digits = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        // Letters, digits and a hyphen.
        return JobID("event-\(word.rawValue)-\(digits)")!
    }

    /// Whether a job has the id of one that tells of an outcome.
    package static func isEvent(_ id: JobID) -> Bool {
        let parts = id.text.pieces(at: "-")
        return parts.count == 3 && parts[0].isExactly("event") && Word(rawValue: String(parts[1])) != nil
            && parts[2].utf8.count == 24
    }

    /// How a round ended.
    private enum Ending {
        case done, dead, held

        /// By what the events say alone: a round that the operator ended has none.
        init?(_ round: ArraySlice<Event>) {
            let own = round.filter { !$0.kind.isFeedback }
            guard let last = own.last else { return nil }
            switch last.kind {
            case .done: self = .done
            case .expired, .dead: self = .dead
            case .held: self = .held
            case .sent, .refused, .deferred, .inDoubt:
                let group = own.reversed().prefix { $0.attempt == last.attempt && $0.kind.isOfRecipients }
                let due = group.contains { $0.next != nil }
                if !due, group.contains(where: { $0.kind == .inDoubt }) {
                    self = .held
                } else if due || group.contains(where: { $0.kind == .deferred }) {
                    return nil
                } else {
                    self = own.contains { $0.kind == .refused } ? .dead : .done
                }
            default: return nil
            }
        }

        /// By the state that it is in, where the events agree.
        init?(_ round: ArraySlice<Event>, in state: State) {
            func has(_ kinds: Event.Kind...) -> Bool { round.contains { kinds.contains($0.kind) } }
            switch state {
            case .done: self = .done
            case .dead where has(.expired, .dead, .refused): self = .dead
            case .hold where has(.held) || has(.inDoubt) && Ending(round) == .held: self = .held
            default: return nil
            }
        }
    }

    /// Goes through the rounds.
    private struct Reading {
        var outcomes: [Outcome] = []
        private var round = 0
        private var sent: [String] = []
        private var lastSent: Event?

        mutating func read(_ events: ArraySlice<Event>, ending: Ending?) {
            let end = ending.flatMap { _ in events.lastIndex { !$0.kind.isFeedback } ?? events.indices.last }
            for index in events.indices {
                let event = events[index]
                if event.kind == .sent {
                    sent += event.to
                    lastSent = event
                }
                if let word = Word(event.kind) {
                    add(
                        word, event, event.to,
                        key: "\(event.report ?? event.at.rfc3339) \(event.to.joined(separator: " "))")
                }
                if index == end, let ending { finish(events, ending) }
            }
        }

        private mutating func finish(_ events: ArraySlice<Event>, _ ending: Ending) {
            let refused = events.filter { $0.kind == .refused }
            for event in refused where event.reason?.begins(with: Outcome.suppression) == true {
                add(.suppressed, event, event.to, key: "\(event.at.rfc3339) \(event.to.joined(separator: " "))")
            }
            switch ending {
            case .done:
                if let event = events.last(where: { $0.kind == .done }) {
                    add(.done, event, [], key: "\(round)")
                } else if let event = lastSent ?? events.last {
                    // Where a power cut took the last lines, the directory says it.
                    add(.sent, event, sent, key: "\(round)")
                }
            case .dead, .held:
                if let lastSent { add(.sent, lastSent, sent, key: "\(round).\(sent.count)") }
                let kinds: [Event.Kind] = ending == .held ? [.held, .inDoubt] : [.expired, .dead, .refused]
                if let event = events.last(where: { kinds.contains($0.kind) }) {
                    let word: Word = ending == .held ? .held : .dead
                    add(word, event, Reading.left(events, ending, event), key: event.at.rfc3339)
                }
            }
            (sent, lastSent) = ([], nil)
            round += 1
        }

        /// Whom the job did not reach, as far as events name them.
        private static func left(_ events: ArraySlice<Event>, _ ending: Ending, _ event: Event) -> [String] {
            let last = events.last { $0.attempt != nil }?.attempt
            let named = events.filter {
                switch $0.kind {
                case .refused: ending == .dead
                case .deferred, .inDoubt: $0.attempt == last
                default: $0 == event
                }
            }
            return named.flatMap(\.to)
        }

        private mutating func add(_ word: Word, _ event: Event, _ recipients: [String], key: String) {
            outcomes.append(Outcome(word: word, event: event, recipients: recipients, round: round, key: key))
        }
    }
}

extension Outcome.Word {
    /// The word for a report's event; nil for other events.
    fileprivate init?(_ kind: Event.Kind) {
        switch kind {
        case .bounced: self = .bounced
        case .complained: self = .complained
        case .delivered: self = .delivered
        case .delayed: self = .delayed
        default: return nil
        }
    }
}

extension Event.Kind {
    fileprivate var isOfRecipients: Bool {
        switch self {
        case .sent, .deferred, .refused, .inDoubt: true
        default: false
        }
    }
}
