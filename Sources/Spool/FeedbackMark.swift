package import Text

/// The mark of one report about one recipient: by it a report that comes again is known.
package struct FeedbackMark: Hashable, Sendable {
    package let report: ExactText
    package let kind: Event.Kind
    /// Empty where the report names no recipient of the job.
    package let recipient: ExactText

    package init(report: String, kind: Event.Kind, recipient: String) {
        (self.report, self.kind, self.recipient) = (ExactText(report), kind, ExactText(recipient))
    }

    /// Those of an event that came with a report.
    package static func marks(of event: Event) -> [FeedbackMark] {
        let recipients = event.to.isEmpty ? [""] : event.to
        return recipients.map { FeedbackMark(report: event.report ?? "", kind: event.kind, recipient: $0) }
    }
}
