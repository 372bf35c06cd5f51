internal import Feedback
internal import Spool
internal import Text

/// A report that came back; ``Report`` is what the parts of the daemon tell its queue.
typealias FeedbackReport = Feedback.Report

/// Turns the bytes of a file of `feedback/new` into reports.
struct ReportReading {
    enum Result {
        case reports([FeedbackReport])
        /// It says nothing that is understood; why.
        case nothing(String)
    }

    /// The key of each relay whose webhooks are checked.
    var keys: [Provider: WebhookKey] = [:]
    /// By which the words of bounces are read.
    var table = FeedbackTable.standard

    /// `isWhole` says that these are all bytes of the file: of a mail the beginning is enough.
    func read(_ bytes: [UInt8], isWhole: Bool) -> Result {
        switch FeedbackFile(bytes) {
        case .mail(let mail):
            let reports = FeedbackReader.read(mail, by: table)
            return reports.isEmpty ? .nothing("not a report that is understood") : .reports(reports)
        case .webhook(let request):
            guard isWhole else { return .nothing("a webhook of over \(FeedbackBox.sizeLimit) bytes") }
            guard let provider = Provider(rawValue: request.provider) else {
                return .nothing("a webhook of an unknown relay, \(printable(request.provider))")
            }
            do throws(WebhookError) {
                let reports = try Webhook.read(
                    request.body, from: provider, headers: request.headers.map { ($0.name, $0.value) },
                    key: keys[provider], by: table)
                return reports.isEmpty ? .nothing("it tells of no mail's fate") : .reports(reports)
            } catch { return .nothing("a webhook of \(provider.rawValue): \(error)") }
        }
    }
}
