package import Feedback
internal import IDNA
internal import Linux
internal import Message
package import Spool
internal import Text
package import Time

/// The addresses that get no mail, as a process of the daemon knows them: asked before each attempt, and taught by what
/// servers and reports say. What holds is on disk, and every process has one.
package final class Suppressions {
    private let path: String
    private var files: SuppressionFiles?
    private let log: Log
    package var policy: SuppressionPolicy
    /// The trouble that was logged last.
    private var complaint: Errno?

    package init(_ spool: SpoolTree, _ log: Log, policy: SuppressionPolicy) {
        self.log = log
        self.policy = policy
        path = spool.path
        look(now: .now)
    }

    /// The files, and their directory where it was missing when they were first asked for.
    private func open() throws(SpoolError) -> SuppressionFiles {
        if let files { return files }
        let opened = try SuppressionFiles(path: path)
        try opened.make()
        try opened.look(now: .now)
        files = opened
        return opened
    }

    /// Looks whether any address is suppressed; to be called once a second.
    func look(now: Timestamp) {
        do throws(SpoolError) {
            try open().look(now: now)
            complaint = nil
        } catch {
            // The same trouble is told once.
            if error.errno != complaint { log.write("\(error)", .warning) }
            complaint = error.errno
        }
    }

    /// Those of a mail's recipients that are suppressed, each with the reason for its event. `mail` is asked for only
    /// where a file is there.
    func refusals(
        of recipients: [String], mail: () -> SuppressionRecord.Mail, now: Timestamp
    ) throws(SpoolError) -> [(recipient: String, reason: String)] {
        guard policy.isOn else { return [] }
        let files = try open()
        guard files.hasFiles else { return [] }
        var refusals: [(recipient: String, reason: String)] = []
        var asked: SuppressionRecord.Mail?
        for recipient in recipients {
            guard let record = try files.record(of: recipient) else { continue }
            let mail = asked ?? mail()
            asked = mail
            guard let entry = record.objection(to: mail, now: now) else { continue }
            refusals.append((recipient, entry.refusal))
        }
        return refusals
    }

    /// Learns from a report that may be trusted what came of a job's mail. The same report again changes nothing.
    ///
    /// A text that is not an address changes nothing either. On error nothing was learned, and the report is to be told again.
    /// - Parameters:
    ///   - kind: what the report says of the recipient.
    ///   - isPermanent: whether trying again is of no use.
    ///   - template: the job's; with its `tags` it says which stream the mail is of.
    ///   - at: when it happened.
    ///   - reason: the words of the report, in one line.
    package func learn(
        address: String, kind: Feedback.Report.Kind, class: Feedback.Report.Class, isPermanent: Bool, job: JobID,
        template: String?, tags: [String], at: Timestamp, reason: String?
    ) throws(SpoolError) {
        guard let lesson = SuppressionPolicy.Lesson.Kind(kind, `class`, isPermanent: isPermanent),
            let canonical = try? Address(parsing: address)
        else { return }
        let stream = SuppressionRecord.Mail.stream(tags: tags, template: template)
        try learn(
            .init(lesson, job: job.text, stream: stream, at: at, reason: reason.map(Suppressions.cut)),
            of: canonical.text, now: .now)
    }

    /// Learns from what our own relay said of a recipient in our session.
    func learn(
        refused recipient: String, reason: String, job: JobID, template: String?, tags: [String], now: Timestamp
    ) {
        let stream = SuppressionRecord.Mail.stream(tags: tags, template: template)
        do throws(SpoolError) {
            try learn(
                .init(.badAddress, job: job.text, stream: stream, at: now, reason: Suppressions.cut(reason)),
                of: recipient, now: now)
        } catch {
            // The next refusal teaches it: the job's own history has this one.
            if error.errno != complaint { log.write("\(error)", .warning) }
            complaint = error.errno
        }
    }

    /// As much of a server's words as a file keeps.
    private static func cut(_ reason: String) -> String { printable(reason, limit: 300) }

    private func learn(_ lesson: SuppressionPolicy.Lesson, of address: String, now: Timestamp) throws(SpoolError) {
        guard policy.isOn else { return }
        for entry in try open().learn(lesson, of: address, by: policy, now: now) where entry.why != .soft {
            let stream = entry.stream.map { ", stream \($0.isEmpty ? "(none)" : printable($0))" } ?? ""
            log.write(
                .qmgr, job: lesson.job, [],
                text: "\(printable(address)) is suppressed: \(entry.why.rawValue)\(stream)")
        }
    }
}

extension SuppressionPolicy.Lesson.Kind {
    /// The lesson of a report about an address; nil without one.
    ///
    /// A report about the sender, the mail's content or a login says nothing of the address.
    init?(_ kind: Feedback.Report.Kind, _ class: Feedback.Report.Class, isPermanent: Bool) {
        switch (kind, `class`) {
        case (.bounced, .badAddress): self = isPermanent ? .badAddress : .soft
        case (.bounced, .full), (.bounced, .temporary), (.bounced, .unknown): self = .soft
        case (.complained, _): self = .complaint
        case (.delivered, _): self = .delivered
        case (.bounced, _), (.delayed, _), (.autoReply, _): return nil
        }
    }
}
