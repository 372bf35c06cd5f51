internal import EventLoop
internal import Feedback
internal import JSON
internal import Linux
internal import Text
internal import Time

/// Has `bounce_reader` read the mails that tell nothing to our own reader, one at a time.
///
/// The program gets the mail on its standard input, and prints an object of JSON. See outspool.conf(5).
final class BounceReader {
    /// Bytes that it may print.
    private static let limit = 256 << 10
    private static let memory = 1 << 30
    private static let recipientLimit = 100
    private static let textLimit = 500

    private let loop: EventLoop
    private var run: ProgramRun?
    var words: [String] = []
    var timeout = Span.seconds(30)

    init(loop: EventLoop) { self.loop = loop }

    /// Whether a program is configured.
    var isOn: Bool { !words.isEmpty }
    var isBusy: Bool { run != nil }

    /// The result of a run.
    enum Result {
        case report(FeedbackReport)
        /// It says nothing of the mail, or failed; why.
        case nothing(String)
    }

    /// Has it read a mail; `then` comes once, from the loop. Only while it is not busy.
    func read(_ mail: [UInt8], then: @escaping (Result) -> Void) {
        var order = ProgramRun.Order(
            words, environment: BounceReader.environment, input: mail, timeout: timeout)
        order.result = .kept(BounceReader.limit)
        order.limits.memory = BounceReader.memory
        order.limits.cpu = Int(timeout.inSeconds) + 1
        order.limits.niceness = 10
        order.limits.diesWithParent = true
        do throws(Errno) {
            run = try ProgramRun(order, on: loop) { [unowned self] outcome in
                run = nil
                then(result(of: outcome, mail))
            }
        } catch {
            let reason = "bounce_reader: \(words[0]): \(error)"
            loop.later { then(.nothing(reason)) }
        }
    }

    private static var environment: [String] {
        ["PATH", "HOME", "LANG", "LC_ALL", "TZ"].compactMap { name in
            Process.environment(name).map { "\(name)=\($0)" }
        }
    }

    private func result(of outcome: ProgramRun.Outcome, _ mail: [UInt8]) -> Result {
        if outcome.isTimedOut { return .nothing("bounce_reader did not end within \(timeout.approximate)") }
        guard outcome.end == .exit(0) else {
            let said = outcome.output.split(separator: 0x0A).last.map { ": \(printableLine($0, limit: 300))" } ?? ""
            return .nothing("bounce_reader: \(outcome.end)\(said)")
        }
        guard let bytes = outcome.result else { return .nothing("bounce_reader printed too much") }
        guard bytes.contains(where: { !$0.isSpace }) else {
            return .nothing("bounce_reader knows nothing of it either")
        }
        guard let object = (try? JSON(parsing: bytes))?.object else {  // Whatever else it printed.
            return .nothing("bounce_reader printed no object of JSON")
        }
        guard let report = BounceReader.report(object, of: mail) else {
            return .nothing("bounce_reader knows nothing of it either")
        }
        return .report(report)
    }

    /// The report that an object is; nil for one that names no recipient.
    static func report(_ object: JSON.Object, of mail: [UInt8]) -> FeedbackReport? {
        let digits = SHA256.digest(mail).prefix(16).flatMap { [UInt8.hexDigit($0 >> 4), UInt8.hexDigit($0 & 15)] }
        var report = FeedbackReport(source: "mail", id: String(decoding: digits, as: UTF8.self))
        func texts(_ name: String) -> [String] {
            (object[name]?.array ?? []).prefix(recipientLimit).compactMap(\.string)
        }
        report.clues.sentTo = texts("sentTo")
        report.clues.envelopeID = object["envelopeId"]?.string
        report.clues.jobIDs = texts("jobIds")
        report.clues.messageIDs = texts("messageIds")
        report.clues.relayIDs = texts("relayIds")
        for member in (object["recipients"]?.array ?? []).prefix(recipientLimit) {
            guard let told = member.object, let address = told["address"]?.string else { continue }
            let kind = told["kind"]?.string.flatMap { FeedbackReport.Kind(rawValue: $0) } ?? .bounced
            let word = told["class"]?.string.flatMap { FeedbackReport.Class(rawValue: $0) } ?? .unknown
            var isPermanent = false
            if case .bool(let flag) = told["permanent"] { isPermanent = flag }
            var recipient = FeedbackReport.Recipient(address, kind, word, isPermanent: isPermanent)
            recipient.code = told["code"]?.int
            recipient.dsn = told["dsn"]?.string
            recipient.reply = told["reply"]?.string.map { printable($0, limit: textLimit) }
            report.recipients.append(recipient)
        }
        return report.recipients.isEmpty ? nil : report
    }
}
