internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

/// The columns of a list, from a bounded part of the job's file: its beginning, and the end of a long history.
struct Glance {
    private static let headLimit = 64 << 10
    private static let tailLimit = 16 << 10
    private static let recipientLimit = 4000

    let id: String
    let state: State
    private(set) var template: String?
    /// Of a job that carries its mail.
    private(set) var subject: String?
    /// Everybody the job names as a recipient, as it names them.
    private(set) var recipients: [String] = []
    /// The envelope's sender, or the author; empty is the null sender, nil: the template's or the configuration's.
    private(set) var sender: String?
    /// The file's, in bytes.
    private(set) var size = 0
    private(set) var tags: [String] = []
    private(set) var attempts = 0
    private(set) var submitted: Timestamp?
    /// When it is due, in the states that say so.
    private(set) var due: Timestamp?
    private(set) var last: Event?
    /// Why the file is not a job.
    private(set) var problem: String?

    /// Nil if the file is gone. It may be anything: only a regular file is opened.
    init?(_ name: DirectoryName, in state: State, at directory: borrowing Directory) throws(Failure) {
        id = name.printable
        self.state = state
        guard let text = name.text else {
            problem = "the name is not UTF-8"
            return
        }
        do throws(Errno) {
            let status = try directory.status(text)
            switch state {
            case .retry, .scheduled: due = Timestamp(nanoseconds: status.modified)
            default: break
            }
            guard status.isRegular else {
                problem = status.kind
                return
            }
            size = status.size
            if JobID(text) == nil { problem = "the name is not a job id" }
            let file = try directory.open(text)
            let head = try file.readAll(limit: Glance.headLimit, sizeHint: status.size)
            var tail: [UInt8] = []
            if status.size > head.count {
                tail = try file.readAll(
                    from: max(head.count, status.size - Glance.tailLimit), limit: Glance.tailLimit,
                    sizeHint: status.size)
            }
            read(head, tail: tail, modified: Timestamp(nanoseconds: status.modified))
        } catch {
            if error == .noEntry { return nil }
            problem = "cannot be read: \(error)"
        }
    }

    private mutating func read(_ head: [UInt8], tail: [UInt8], modified: Timestamp) {
        var events: [Event] = []
        let object: JSON.Object
        do throws(JSONError) {
            let file = try JobFile(head)
            events = file.history.events
            object = file.value.object ?? JSON.Object()
            if file.value.object == nil { problem = "not a JSON object" }
        } catch {
            object = tail.isEmpty ? JSON.Object() : JSON.Object(beginningOf: head, limit: 100)
            if object.isEmpty { problem = "not a JSON object: \(error)" }
        }
        // A line that the cut went through does not parse, and is ignored as a torn one is.
        events += History(tail[...]).events
        template = object["template"]?.string
        if template == nil { subject = mailSubject(object) }
        recipients = Job.recipients(of: object, limit: Glance.recipientLimit)
        sender = object["envelope"]?.object?["from"]?.string ?? object["from"].flatMap(Job.address)
        tags = (object["tags"]?.array ?? []).prefix(1000).compactMap(\.string)
        let history = History(events)
        attempts = history.attempts(in: state)
        last = history.last
        submitted = history.submitted(in: state, modified: modified, now: .now)
    }

    /// The traits that a filter compares.
    var traits: JobTraits {
        JobTraits(
            state: state, template: template, recipients: recipients, tags: tags, submitted: submitted,
            last: problem ?? last?.words)
    }
}
