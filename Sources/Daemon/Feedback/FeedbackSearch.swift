internal import EventLoop
internal import Linux
internal import Mail
internal import Spool
internal import Text
internal import Time

/// Looks for the jobs of reports whose id nothing says: by the token of a bounce address among the names of the spool,
/// by a relay's id in the replies of the histories.
///
/// There is no index. All that is asked meanwhile is looked for in one pass over the directories, in slices, and a pass
/// is followed by a rest: however many tokens are made up, they cost a tenth of the processor's time.
final class FeedbackSearch {
    /// The clue to a job.
    enum Query: Hashable {
        case token(BounceToken)
        /// The relay's id, and the first day on which the relay may have said it.
        case relayID(ExactText, since: String)
    }

    /// How many are looked for in one pass; more wait for the next.
    static let capacity = 10_000
    private static let restFactor: Int64 = 10
    /// The part of a file, from its end, in which replies are looked for.
    private static let tailLimit = 64 << 10

    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    var key: KeyedHash?
    /// Hears what came of all that was asked before a pass; nil for what was not found.
    private let found: ([Query: JobID?]) -> Void

    private var asked: Set<Query> = []
    private var answers: [Query: JobID?] = [:]
    /// The goals of the pass: the tokens by the characters that the key gives, the ids as bytes.
    private var tokens: [[UInt8]: [BounceToken]] = [:]
    private var relayIDs: [[UInt8]: [Query]] = [:]
    private var days: (tokens: String, relayIDs: String) = ("", "")
    private var places: [State] = []
    private var reading: DirectoryReading?
    private var cost = Span.zero
    private var restsUntil: Int64 = 0
    private var isWaiting = false

    init(spool: SpoolTree, loop: EventLoop, log: Log, found: @escaping ([Query: JobID?]) -> Void) {
        self.spool = spool
        self.loop = loop
        self.log = log
        self.found = found
    }

    /// Asks; false where there are too many questions.
    func ask(_ query: Query) -> Bool {
        guard asked.count < FeedbackSearch.capacity else { return false }
        asked.insert(query)
        begin()
        return true
    }

    private var isRunning: Bool { reading != nil || !places.isEmpty || !answers.isEmpty }

    /// Begins a pass when the last one's rest is over.
    private func begin() {
        guard !isRunning, !isWaiting, !asked.isEmpty else { return }
        isWaiting = true
        let rest = Span(nanoseconds: max(restsUntil - Clock.monotonic, 0))
        // What arrives together is looked for together.
        loop.schedule(after: max(rest, .milliseconds(20))) { [weak self] in
            guard let self else { return }
            isWaiting = false
            pass()
        }
    }

    private func pass() {
        days = ("9999-99-99", "9999-99-99")
        for query in asked {
            answers[query] = .some(nil)
            switch query {
            case .token(let token):
                tokens[Array(token.code), default: []].append(token)
                days.tokens = min(days.tokens, token.day)
            case .relayID(let id, let day):
                relayIDs[Array(id.text.utf8), default: []].append(query)
                days.relayIDs = min(days.relayIDs, day)
            }
        }
        asked = []
        cost = .zero
        do throws(SpoolError) {
            let first = min(days.tokens, days.relayIDs)
            let days = try spool.days().filter { $0 >= first }
            places = days.map { State.done(day: $0) } + [.dead, .hold]
            if !tokens.isEmpty { places += State.waiting + (try claims()) }
        } catch {
            log.write("\(error)", .warning)
            places = []
        }
        next()
    }

    private func claims() throws(SpoolError) -> [State] {
        var claims: [State] = []
        var stream = try step(.list, "cur", spool.cur.entries())
        while let name = try step(.list, "cur", stream.next()) {
            if let text = name.text, JobID(text) != nil { claims.append(.claimed(instance: text)) }
        }
        return claims
    }

    private func next() {
        guard !places.isEmpty, !tokens.isEmpty || !relayIDs.isEmpty else { return end() }
        let place = places.removeFirst()
        do throws(SpoolError) {
            let path = "\(spool.path)/\(place.path)"
            guard let directory = try step(.list, place.path, allowing(.noEntry, Directory(path: path))) else {
                return loop.later { [weak self] in self?.next() }
            }
            reading = try DirectoryReading(directory, path: place.path, loop: loop) { [unowned self] name in
                look(at: name, in: place)
            } finish: { [unowned self] error in
                if let error { log.write("\(error)", .warning) }
                cost = Span(nanoseconds: cost.nanoseconds + (reading?.cost.nanoseconds ?? 0))
                reading = nil
                next()
            }
        } catch {
            log.write("\(error)", .warning)
            loop.later { [weak self] in self?.next() }
        }
    }

    private func look(at name: DirectoryName, in place: State) {
        guard let text = name.text else { return }
        if !tokens.isEmpty, let key, let id = JobID(text),
            let found = tokens.removeValue(forKey: BounceToken.code(Array(text.utf8), key: key))
        {
            for token in found { answers[.token(token)] = id }
        }
        if !relayIDs.isEmpty, SpoolTree.takesReports(place), let id = JobID(text) { lookForReplies(of: id, in: place) }
    }

    private func lookForReplies(of id: JobID, in place: State) {
        if case .done(let day) = place, day < days.relayIDs { return }
        let path = "\(place.path)/\(id)"
        let bytes: [UInt8]
        do throws(Errno) {
            let status = try spool.root.status(path)
            guard status.isRegular, status.owner == spool.owner else { return }
            bytes = try spool.root.open(path).readAll(
                from: max(status.size - FeedbackSearch.tailLimit, 0), limit: FeedbackSearch.tailLimit)
        } catch {
            if error != .noEntry { log.write("\(SpoolError(.read, path, error))", .warning) }
            return
        }
        var words = Set(FeedbackSearch.words(bytes[...]).filter { relayIDs[$0] != nil })
        guard !words.isEmpty else { return }
        // It may stand in what the producer wrote: only a relay's reply counts.
        let replies = History(bytes[...]).events.filter { $0.kind == .sent }.compactMap(\.reply)
        words.formIntersection(replies.flatMap { FeedbackSearch.words(Array($0.utf8)[...]) })
        for word in words {
            for query in relayIDs.removeValue(forKey: word) ?? [] { answers[query] = id }
        }
    }

    /// The words in which a relay's id may be: of eight characters and more.
    static func words(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
        bytes.split { byte in
            !(byte.isLetterOrDigit || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "@") || byte == UInt8(ascii: "+")
                || byte == UInt8(ascii: "="))
        }.filter { $0.count >= 8 }.map(Array.init)
    }

    private func end() {
        let result = answers
        (answers, tokens, relayIDs, places) = ([:], [:], [:], [])
        restsUntil = Clock.monotonic + cost.nanoseconds * FeedbackSearch.restFactor
        found(result)
        begin()
    }
}
