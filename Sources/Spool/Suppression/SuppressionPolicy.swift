internal import Text
package import Time

/// The lessons about an address, and when they suppress it. Values in, values out.
package struct SuppressionPolicy: Equatable, Sendable {
    /// Which mail a complaint stops.
    package enum Scope: String, CaseIterable, Sendable { case stream, all }

    /// Whether addresses are suppressed at all.
    package var isOn: Bool
    package var complaintScope: Scope
    /// So many mails in a row that came back for reasons that may pass suppress; 0: none do.
    package var bounceLimit: Int
    /// For how long they suppress, and how long each of them counts.
    package var bounceSpan: Span

    /// So many streams are told apart in a file. The complaint about one more holds for all.
    package static let streamLimit = 32

    package init(
        isOn: Bool = true, complaintScope: Scope = .stream, bounceLimit: Int = 3, bounceSpan: Span = .days(30)
    ) {
        self.isOn = isOn
        self.complaintScope = complaintScope
        self.bounceLimit = bounceLimit
        self.bounceSpan = bounceSpan
    }

    /// One thing that a server, a report or the operator said of an address.
    package struct Lesson: Equatable, Sendable {
        package enum Kind: Equatable, Sendable {
            case badAddress
            case complaint
            /// A mail came back for a reason that may pass.
            case soft
            /// A mail arrived.
            case delivered
        }

        package var kind: Kind
        /// The job whose mail it was.
        package var job: String
        /// The stream of that job.
        package var stream: String
        package var at: Timestamp
        package var reason: String?

        package init(_ kind: Kind, job: String, stream: String, at: Timestamp, reason: String? = nil) {
            self.kind = kind
            self.job = job
            self.stream = stream
            self.at = at
            self.reason = reason
        }
    }

    /// The change to the file.
    package enum Change: Equatable, Sendable {
        case nothing
        case append([SuppressionEntry])
        /// Only these entries stay; of none, no file does.
        case keep([SuppressionEntry])
    }

    /// Judges a lesson. The same one again, after it was taken, changes nothing.
    /// - Parameter record: what the address's file says; nil where there is none.
    package func change(by lesson: Lesson, of record: SuppressionRecord?, address: String, now: Timestamp) -> Change {
        let entries = record?.entries ?? []
        // No report tells of the future.
        let at = min(lesson.at, now)
        func entry(_ why: SuppressionEntry.Why, stream: String? = nil, until: Timestamp? = nil) -> SuppressionEntry {
            SuppressionEntry(
                address, at: at, why: why, stream: stream, until: until, job: lesson.job, reason: lesson.reason)
        }
        switch lesson.kind {
        case .badAddress:
            let isKnown = entries.contains { $0.why == .badAddress && $0.until == nil }
            return isKnown ? .nothing : .append([entry(.badAddress)])
        case .complaint:
            let known = entries.filter { $0.why == .complaint && $0.until == nil }
            let isWide = complaintScope == .all || known.count >= Self.streamLimit
            let stream = isWide ? nil : lesson.stream
            let isKnown = known.contains { entry in
                guard let other = entry.stream else { return true }
                return stream.map { $0.isExactly(other) } ?? false
            }
            return isKnown ? .nothing : .append([entry(.complaint, stream: stream)])
        case .soft: return soft(entry(.soft), entries, now)
        case .delivered:
            let kept = entries.filter { !($0.why == .soft || $0.why == .bounces) || $0.at > at }
            return kept.count == entries.count ? .nothing : .keep(kept)
        }
    }

    /// A mail came back for a reason that may pass.
    private func soft(_ entry: SuppressionEntry, _ entries: [SuppressionEntry], _ now: Timestamp) -> Change {
        guard bounceLimit > 0, entry.at + bounceSpan > now else { return .nothing }
        let isCounted = entries.contains { other in
            other.why == .soft && other.job.map { $0.isExactly(entry.job ?? "") } == true
        }
        // Once an address is suppressed for all, nothing more is counted; and a job counts once, however often it is told.
        let isSuppressed = entries.contains { $0.stream == nil && $0.holds(at: now) }
        if isCounted || isSuppressed { return .nothing }
        let last = entries.filter { $0.why == .bounces }.map(\.at).max()
        let counted = entries.filter { other in
            other.why == .soft && other.at + bounceSpan > now && last.map { other.at > $0 } != false
        }
        guard counted.count + 1 >= bounceLimit else { return .append([entry]) }
        var end = entry
        end.why = .bounces
        end.until = now + bounceSpan
        return .append([entry, end])
    }

    /// The entries that are still of use, where some are not; nil where all are.
    package func kept(of record: SuppressionRecord, now: Timestamp) -> [SuppressionEntry]? {
        let kept = record.entries.filter { entry in
            entry.why == .soft ? entry.at + bounceSpan > now : entry.until.map { $0 > now } != false
        }
        return kept.count == record.entries.count ? nil : kept
    }
}
