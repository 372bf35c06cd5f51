internal import Feedback
internal import JSON
internal import Linux
internal import Mail
internal import Message
internal import Spool
internal import Text
internal import Time

/// Tells a job what a report says of it: finds the job, appends the events to its file, and has them logged and counted.
struct FeedbackTeller {
    /// The fate of a report.
    enum Fate {
        case told
        /// Its job waits or is under way: the report waits, too.
        case busy
        /// Whose it is has to be looked for.
        case ask(FeedbackSearch.Query)
        /// It tells of no job; why.
        case unmatched(String)
    }

    /// How many reports of a kind, and of whatever kind, a job takes of each recipient, and of addresses that it has not.
    private static let mostOfRecipient = 8
    private static let mostOfOthers = 20
    /// How many clues of each sort are tried.
    private static let clueLimit = 8
    private static let tagLimit = 100

    let spool: SpoolTree
    let ledger: Ledger
    let suppressions: Suppressions
    let outcomes: Outcomes
    var bounce: BounceAddress?
    /// The right side of our Message-IDs.
    var domain: String

    /// A job that was found, and whether the report was made by who got its mail, or by the relay.
    private struct Owner {
        let id: JobID
        let isProven: Bool
    }

    /// Tells, or says why not yet.
    func tell(_ report: FeedbackReport, _ answers: [FeedbackSearch.Query: JobID?], now: Timestamp) throws(SpoolError)
        -> Fate
    {
        if !report.recipients.isEmpty, report.recipients.allSatisfy({ $0.kind == .autoReply }) {
            ledger.autoReply(report.recipients[0].address, source: report.source)
            return .told
        }
        let token = report.clues.sentTo.prefix(FeedbackTeller.clueLimit).lazy.compactMap { bounce?.token(in: $0) }.first
        let named = candidates(report.clues)
        if let token, let key = bounce?.key {
            if let id = named.first(where: { token.isOf($0, key: key) }) {
                return try tell(report, Owner(id: id, isProven: true), now: now)
            }
            guard let answer = answers[.token(token)] else { return .ask(.token(token)) }
            if let id = answer { return try tell(report, Owner(id: id, isProven: true), now: now) }
        }
        for id in named {
            let fate = try tell(report, Owner(id: id, isProven: false), now: now)
            if case .unmatched = fate { continue }
            return fate
        }
        let first = min(report.at ?? now, now) - .days(1)
        for text in report.clues.relayIDs.prefix(FeedbackTeller.clueLimit) {
            guard let word = FeedbackSearch.words(Array(text.utf8)[...]).first else { continue }
            let query = FeedbackSearch.Query.relayID(
                ExactText(String(decoding: word, as: UTF8.self)), since: max(first, now - .days(30)).day)
            guard let answer = answers[query] else { return .ask(query) }
            if let id = answer { return try tell(report, Owner(id: id, isProven: false), now: now) }
        }
        return .unmatched("no job is found that it is about")
    }

    /// The ids that a report names, in the order in which they are tried.
    private func candidates(_ clues: FeedbackReport.Clues) -> [JobID] {
        var ids: [JobID] = []
        let most = FeedbackTeller.clueLimit
        let texts =
            [clues.envelopeID].compactMap { $0 } + clues.jobIDs.prefix(most)
            + clues.messageIDs.prefix(most).compactMap { MessageID.job(in: $0, at: domain) }
        for text in texts { if let id = JobID(text), !ids.contains(id) { ids.append(id) } }
        return ids
    }

    private func tell(_ report: FeedbackReport, _ owner: Owner, now: Timestamp) throws(SpoolError) -> Fate {
        switch try spool.whereabouts(ofTold: owner.id) {
        case .none: return .unmatched("no job is found that it is about")
        case .busy: return .busy
        case .told(let job): return try tell(report, job, owner, now: now)
        }
    }

    private func tell(
        _ report: FeedbackReport, _ job: borrowing ToldJob, _ owner: Owner, now: Timestamp
    ) throws(SpoolError) -> Fate {
        let history = job.contents.history
        let recipients = SentRecipients(history)
        let marks = history.marks
        var (fresh, known): ([Event], [Event]) = ([], [])
        let isProven = owner.isProven || report.isVerified
        var lessons: [(recipient: String, told: FeedbackReport.Recipient)] = []
        for told in report.recipients {
            guard let kind = Event.Kind(told.kind) else { continue }
            let event = Event(kind, of: told, in: report, recipients, at: now)
            let own = FeedbackMark.marks(of: event)
            if isProven, let recipient = event.to.first, recipients.has(recipient) {
                lessons.append((recipient, told))
            }
            if fresh.contains(where: { FeedbackMark.marks(of: $0) == own }) { continue }
            if own.allSatisfy(marks.contains) {
                known.append(history.events.first { FeedbackMark.marks(of: $0) == own } ?? event)
            } else if hasRoom(for: event, marks, recipients, isProven: isProven) {
                fresh.append(event)
            } else {
                return .unmatched("\(job.id) has had as many reports as it takes")
            }
        }
        if fresh.isEmpty, known.isEmpty { return .unmatched("it names no recipient") }
        if !fresh.isEmpty {
            if case .moved = try spool.append(fresh, to: job) { return .busy }
            ledger.told(job.id, fresh, source: report.source, submitted: history.submitted, now: now)
        }
        // Said again where it was said before a crash: both know it.
        let object = job.contents.value.object ?? JSON.Object()
        let tags = (object["tags"]?.array ?? []).prefix(FeedbackTeller.tagLimit).compactMap(\.string)
        for (recipient, told) in lessons {
            let words = [told.code.map { String($0) }, told.dsn, told.reply].compactMap { $0 }.joined(separator: " ")
            try suppressions.learn(
                address: recipient, kind: told.kind, class: told.class, isPermanent: told.isPermanent, job: job.id,
                template: object["template"]?.string, tags: tags, at: min(report.at ?? now, now),
                reason: words.isEmpty ? nil : words)
        }
        try outcomes.tell(known + fresh, of: job.id, object: object, in: job.state)
        return .told
    }

    /// A report that may be forged must not fill the disk through a file that is kept, nor take the room of one that is
    /// proven.
    private func hasRoom(
        for event: Event, _ marks: Set<FeedbackMark>, _ recipients: SentRecipients, isProven: Bool
    ) -> Bool {
        guard let own = event.to.first, recipients.has(own) else {
            return marks.count { !recipients.has($0.recipient.text) } < FeedbackTeller.mostOfOthers
        }
        let most = isProven ? 2 * FeedbackTeller.mostOfRecipient : FeedbackTeller.mostOfRecipient
        return marks.count { $0.recipient.text.isExactly(own) } < most
    }
}

/// The recipients of a job whom a relay has taken.
struct SentRecipients {
    private let texts: Set<ExactText>
    /// By how they are written in lower case.
    private let spellings: [ExactText: String]

    init(_ history: History) {
        var (texts, spellings): (Set<ExactText>, [ExactText: String]) = ([], [:])
        for event in history.events where event.kind == .sent {
            for text in event.to {
                texts.insert(ExactText(text))
                spellings[ExactText(text.lowercasedASCII)] = text
            }
        }
        (self.texts, self.spellings) = (texts, spellings)
    }

    func has(_ text: String) -> Bool { texts.contains(ExactText(text)) }

    /// The recipient as the history has it, whatever the case of a report's letters; nil where the history does not have it.
    func spelling(of address: String) -> String? {
        has(address) ? address : spellings[ExactText(address.lowercasedASCII)]
    }

    /// The one recipient of a job that had one.
    var only: String? { texts.count == 1 ? texts.first?.text : nil }
}

extension Event.Kind {
    /// The event of a report; nil for one that changes nothing.
    init?(_ kind: FeedbackReport.Kind) {
        switch kind {
        case .bounced: self = .bounced
        case .complained: self = .complained
        case .delivered: self = .delivered
        case .delayed: self = .delayed
        case .autoReply: return nil
        }
    }
}

extension Event {
    private static let reportLimit = 100
    /// RFC 5321, section 4.5.3.1.3, and some more.
    private static let addressLimit = 320
    private static let replyLimit = 500

    /// The event that a report gives for one recipient. A job that had one recipient is told of that one: the report may name the
    /// address that it was forwarded to.
    fileprivate init(
        _ kind: Kind, of told: FeedbackReport.Recipient, in report: FeedbackReport, _ recipients: SentRecipients,
        at now: Timestamp
    ) {
        self.init(kind, at: now)
        let address = told.address.utf8.count <= Event.addressLimit ? told.address : ""
        let own = recipients.spelling(of: address) ?? recipients.only
        if let own {
            to = [own]
            if !address.isEmpty, recipients.spelling(of: address) == nil {
                reason = "the report names \(address)"
            }
        } else if !address.isEmpty {
            to = [address]
        }
        code = told.code
        dsn = told.dsn.map { printable($0, limit: 20) }
        reply = told.reply.map { printable($0, limit: Event.replyLimit) }
        self.class = told.class.rawValue
        self.report =
            report.id.utf8.count <= Event.reportLimit ? report.id : SHA256.digest(Array(report.id.utf8)).hexadecimal
    }
}

extension [UInt8] {
    fileprivate var hexadecimal: String {
        String(decoding: flatMap { [UInt8.hexDigit($0 >> 4), UInt8.hexDigit($0 & 15)] }, as: UTF8.self)
    }
}
