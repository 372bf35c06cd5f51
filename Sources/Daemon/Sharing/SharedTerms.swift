internal import JSON
internal import Linux
internal import Relay
internal import SMTP
internal import Text
internal import Time

/// The terms of a relay in a worker: they hold for all workers together, and the parent decides them.
///
/// The terms for the start of a job are at hand, as the parent has sent them last. The parent is asked where the
/// answer must hold for all workers at that moment: for a job of a sender that rests, for a mail by a `rate`, for room in a
/// quota, and for the meaning of an outcome that is not the job's own affair.
final class SharedTerms: RelayTerms {
    private let share: RelayShare
    private let settings: Settings.Relay
    let memory: RelayMemory
    var onChange: (TermsChange) -> Void = { _ in }
    /// This pool's connections; the relay may have others of a pool that a reload has retired.
    private(set) var connections = 0
    private(set) var connecting = 0
    private var hasTriedLast = false
    private var isRetired = false
    /// The admission from the parent that a job has not used yet.
    private var admission: Admission?

    private struct Admission {
        let sender: String
        let isTry: Bool
        let isRated: Bool
    }

    init(_ settings: Settings.Relay, _ share: RelayShare) {
        self.settings = settings
        self.share = share
        memory = RelayMemory { [share] in share.tell("note", ["line": .string($0)]) }
        memory.learned = { [share] in share.tell("address", ["address": .string($0), "works": .bool($1)]) }
        share.join(self)
    }

    // How the relay stands.

    var name: String { settings.name }
    var breaker: Breaker { share.state.breaker }
    var isOpen: Bool { share.state.nextProbe != nil }
    var resting: [(sender: String, reason: String)] {
        share.troubled.compactMap { entry in entry.value.reason.map { (entry.key.text, $0) } }
    }

    func restriction(at now: Int64) -> (@Sendable (String) -> Bool)? {
        if share.isSilent(at: now) { return { _ in false } }
        if share.troubled.isEmpty, !isOpen { return nil }
        let (state, troubled) = (share.state, share.troubled)
        return { state.takes(troubled[ExactText($0)], at: now) }
    }

    var preference: (@Sendable (String) -> Bool)? {
        guard hasTriedLast, !share.troubled.isEmpty else { return nil }
        let troubled = share.troubled
        return { troubled[ExactText($0)]?.reason == nil }
    }

    func nextRest(after now: Int64) -> Int64? {
        let rests = share.troubled.values.lazy.filter { $0.reason != nil && $0.until > now }.map(\.until).min()
        // The parent did not answer: it is asked again then.
        return share.isSilent(at: now) ? min(share.silentUntil, rests ?? .max) : rests
    }

    private func isResting(_ sender: String) -> Bool {
        !share.troubled.isEmpty && share.troubled[ExactText(sender)]?.reason != nil
    }

    func admits(_ sender: String) -> Bool {
        withdraw()
        let (isTry, isRated) = (isResting(sender), settings.rate != nil)
        guard isTry || isRated else { return true }
        guard let answer = share.ask("admit", ["sender": .string(sender)])?.object else { return false }
        share.learn(from: answer, of: sender)
        guard answer["ok"]?.bool == true else { return false }
        admission = Admission(sender: sender, isTry: answer["try"]?.bool ?? false, isRated: isRated)
        return true
    }

    func withdraw() {
        guard let unused = admission.take() else { return }
        share.tell("withdraw", ["sender": .string(unused.sender), "try": .bool(unused.isTry)])
    }

    func began(_ sender: String) {
        hasTriedLast = isResting(sender)
        if admission?.isTry == true { share.tries.append(ExactText(sender)) }
        admission = nil
    }

    func ended(_ sender: String) {
        guard !share.tries.isEmpty, let index = share.tries.firstIndex(of: ExactText(sender)) else { return }
        share.tries.remove(at: index)
        share.tell("ended", ["sender": .string(sender)])
    }

    func judge(_ outcome: inout TransactionOutcome, job: String, sender: String) -> Standing.Fate {
        if let fate = takeCare(after: &outcome) { return fate }
        let evidence = Evidence(&outcome, by: settings.replies)
        let isKnown = share.state.tellsAll || !share.troubled.isEmpty && share.troubled[ExactText(sender)] != nil
        if evidence.isOfJob(settings.connection.language) {
            if isKnown || evidence == .accepted && share.isNews(sender) {
                share.tell("met", met(evidence, job, sender))
                share.tries.removeAll { $0.text.isExactly(sender) }
            } else {
                ended(sender)
            }
            return .asSaid
        }
        share.tries.removeAll { $0.text.isExactly(sender) }
        let answer = share.ask("judge", met(evidence, job, sender))
        return Standing.Fate(answer) ?? .putBack("the daemon's parent does not answer")
    }

    private func met(_ evidence: Evidence, _ job: String, _ sender: String) -> JSON {
        ["evidence": evidence.json, "job": .string(job), "sender": .string(sender)]
    }

    // Connections.

    var allowed: Int { share.isSilent(at: Clock.monotonic) ? 0 : share.kept - share.connections + connections }
    var mayConnect: Bool { share.state.allowed > 0 && !isPausingLogins }
    var isUnlimited: Bool { share.state.isUnlimited && share.kept >= share.connections }
    var isPausingLogins: Bool { loginRest != nil }
    var loginRest: Span? {
        let now = Clock.monotonic
        return share.state.loginRest.flatMap { now < $0 ? Span(nanoseconds: $0 - now) : nil }
    }
    /// The parent grants no more than may be on their way.
    var openings: Int { .max }
    var mayReplace: Bool { share.kept > 0 }
    var recalled: Int { isRetired ? 0 : share.owed }

    func wants(_ connections: Int, isUrgent: Bool) { share.wants(connections, isUrgent: isUrgent) }

    func opening() {
        connections += 1
        connecting += 1
        share.tell("opening")
    }

    func opened() {
        connecting -= 1
        share.tell("opened")
    }

    func gaveUp() {
        connecting -= 1
        leave("gaveUp")
    }

    func failed(_ failure: ConnectionFailure) {
        connecting -= 1
        leave("failed", ["failure": failure.json])
    }

    func closed(unused: String?) { leave("closed", unused.map { ["unused": .string($0)] } ?? [:]) }

    private func leave(_ news: String, _ more: JSON = [:]) {
        connections -= 1
        share.giveBackUnused()
        share.tell(news, more)
        if isRetired, connections == 0 { share.part(self) }
    }

    var care: RelayConnection.Care { share.state.care }

    func takeCare(_ care: RelayConnection.Care, because reason: String) -> Bool {
        guard share.state.care == .none || share.state.care == .stepByStep && care == .alone else { return false }
        share.state.care = care
        share.tell("care", ["care": .string(care.word), "reason": .string(reason)])
        return true
    }

    var recipientLimit: Int { share.state.recipientLimit ?? .max }

    func lowerRecipientLimit(to limit: Int) {
        guard limit < recipientLimit else { return }
        share.state.recipientLimit = limit
        share.tell("recipients", ["limit": .number(.init(limit))])
    }

    // Rate and quotas.

    var pause: Span? {
        let now = Clock.monotonic
        return share.pausedUntil > now ? Span(nanoseconds: share.pausedUntil - now) : nil
    }

    var room: Int { share.state.hasRoom ? .max : 0 }

    func reserve(_ recipients: Int) -> Int {
        if settings.quotas.isEmpty { return recipients }
        let answer = share.ask("reserve", ["recipients": .number(.init(recipients))])
        return min(answer?.object?["recipients"]?.int ?? 0, recipients)
    }

    func settle(reserved: Int, taken: Int) {
        if settings.quotas.isEmpty { return }
        share.tell("settle", ["reserved": .number(.init(reserved)), "taken": .number(.init(taken))])
    }

    /// The parent has them.
    var quotas: [Quota] { [] }

    /// The parent reads the configuration itself.
    func secretMayWork() {}

    func retire() {
        withdraw()
        isRetired = true
        if connections == 0 { share.part(self) }
    }
}
