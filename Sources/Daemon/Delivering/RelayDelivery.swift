internal import IDNA
internal import Mail
internal import Message
internal import SMTP
internal import Spool
internal import Text
internal import Time

/// One job's mail on its way through a relay: in as many transactions as the relay's limit on recipients asks for.
final class RelayDelivery {
    let job: ClaimedJob
    let letter: ClaimedJob.Letter
    /// By the place of the recipient in the letter; nil while it has none.
    private var outcomes: [RecipientOutcome?]
    /// The recipients that are still to be handed over.
    private var left: [Int]
    /// Those of the transaction under way.
    private var group: [Int] = []
    /// Those whose outcomes the job's history has already.
    private var noted: Set<Int> = []

    /// Those that the relay's section does not let through.
    private let elsewhere: [Int]
    private let relay: Settings.Relay

    init(_ job: ClaimedJob, _ letter: ClaimedJob.Letter, by relay: Settings.Relay) {
        self.job = job
        self.letter = letter
        self.relay = relay
        outcomes = Array(repeating: nil, count: letter.recipients.count)
        let taken = letter.recipients.map { relay.routing.takes(recipient: $0) }
        left = taken.indices.filter { taken[$0] }
        elsewhere = taken.indices.filter { !taken[$0] }
    }

    /// Takes the recipients of the next transaction, at most `limit`. Where the server does not offer SMTPUTF8 and only
    /// addresses need it, those that can be served go first.
    func nextEnvelope(
        limit: Int, size: Int, _ capabilities: Capabilities
    ) throws(EnvelopeError) -> Envelope {
        var candidates = left
        let mail = letter.mail
        if !capabilities.smtpUTF8, !mail.hasUTF8Header, isASCII(mail.sender) {
            let plain = left.filter { isASCII(letter.recipients[$0]) }
            if !plain.isEmpty { candidates = plain }
        }
        group = Array(candidates.prefix(max(limit, 1)))
        let taken = Set(group)
        left.removeAll { taken.contains($0) }
        let sender = mail.sender.isEmpty ? "" : relay.envelopeFrom ?? mail.sender
        return try Envelope(
            sender: sender, recipients: group.map { letter.recipients[$0] }, size: size,
            needs8Bit: mail.needs8Bit, needsSMTPUTF8: mail.hasUTF8Header, dsn: mail.dsn.map { DSN($0) })
    }

    private func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

    /// How many recipients have no transaction yet.
    var remaining: Int { left.count }

    /// How many recipients the transaction under way has.
    var groupSize: Int { group.count }

    /// The addresses of those of the group that were accepted.
    func addresses(_ accepted: [Int]) -> [String] { accepted.map { letter.recipients[group[$0]] } }

    /// Enters the outcome of the group; recipients beyond the relay's limit form a further group. Returns how many the
    /// relay took at a time, if it has a limit.
    func enter(_ outcome: TransactionOutcome) -> Int? {
        var beyond: [Int] = []
        var taken = 0
        for (index, result) in zip(group, outcome.recipients) {
            if case .tooMany = result { beyond.append(index) } else { taken += 1 }
            outcomes[index] = result
        }
        guard !beyond.isEmpty else { return nil }
        left = beyond + left
        // Told at the dot, it says nothing of how many are not too many.
        return taken > 0 && outcome.phase == .dot && outcome.hasSent ? taken : max(group.count / 2, 1)
    }

    /// The group was not tried, and will be handed over again.
    func takeBack() {
        left = group + left
        group = []
    }

    /// Whether recipients are left whose turn it is now: the last group went well, or was too large.
    func goesOn(after outcome: TransactionOutcome) -> Bool {
        guard !left.isEmpty else { return false }
        return outcome.recipients.contains { recipient in
            switch recipient {
            case .sent, .refused, .tooMany: true
            case .deferred, .inDoubt, .notTried: false
            }
        } && (outcome.fault == .none)
    }

    /// Whether the relay takes any recipient whose outcome is unknown.
    var hasRecipients: Bool { !left.isEmpty }

    /// The outcomes that are settled and were not noted before.
    var news: [Pair] { unnoted.compactMap { index in outcomes[index].map { (letter.recipients[index], $0) } } }

    /// The history has the news.
    func noteNews() { noted.formUnion(unnoted) }

    private var unnoted: [Int] {
        outcomes.indices.filter { index in
            guard let outcome = outcomes[index], !noted.contains(index) else { return false }
            switch outcome {
            case .sent, .refused(.reply): return true
            // What only this relay cannot take is not refused yet.
            default: return false
            }
        }
    }

    /// The outcomes that the history does not have yet, and those of recipients that another relay may take: this
    /// relay's section excludes them, or it does not offer what the mail needs.
    var rest: (own: [Pair], others: [Pair]) {
        var rest: (own: [Pair], others: [Pair]) = ([], [])
        let elsewhere = Set(elsewhere)
        for index in outcomes.indices where !noted.contains(index) {
            let recipient = letter.recipients[index]
            switch outcomes[index] {
            case .tooMany(let reply)?: rest.own.append((recipient, .deferred(.reply(reply))))
            case .refused(.local(let status, let text))?:
                rest.others.append((recipient, .refused(.local(status, text))))
            case let outcome?: rest.own.append((recipient, outcome))
            case nil where elsewhere.contains(index): rest.others.append((recipient, .notTried))
            case nil: rest.own.append((recipient, .notTried))
            }
        }
        return rest
    }

    typealias Pair = (recipient: String, outcome: RecipientOutcome)

    /// The message as this relay gets it: with its header fields, and of seven bits where 8BITMIME is not offered.
    /// RFC 6152 section 3.
    func body(for capabilities: Capabilities) -> [UInt8] {
        letter.mail.needs8Bit && !capabilities.eightBitMIME ? sevenBitMessage : message
    }

    // Each is made once, however many transactions it takes; without fields of the relay the message is not copied.
    private lazy var message = relay.headers.isEmpty ? letter.mail.bytes : header() + letter.mail.bytes
    private lazy var sevenBitMessage = header() + sevenBit(letter.mail.bytes)

    /// The header fields that the relay's section adds, those left out that the mail has.
    private func header() -> [UInt8] {
        if relay.headers.isEmpty { return [] }
        let names = letter.mail.fieldNames
        return relay.headers.filter { !names.contains(ExactText($0.name.lowercasedASCII)) }.flatMap {
            $0.line(id: job.id.text, template: job.template)
        }
    }
}

extension DSN {
    /// The words of RFC 3461 for those of a job.
    fileprivate init(_ dsn: Job.DSN) {
        self.init(
            notify: dsn.notify.map { occasion in
                switch occasion {
                case .never: .never
                case .success: .success
                case .failure: .failure
                case .delay: .delay
                }
            },
            returned: dsn.returned.map { $0 == .full ? .full : .headers }, envelopeID: dsn.envelopeID)
    }
}

extension TransactionOutcome {
    /// Whether some recipient was accepted, and the message with it.
    fileprivate var hasSent: Bool { recipients.contains(where: \.isSent) }
}
