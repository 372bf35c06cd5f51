package import JSON
package import Linux
package import Time

/// A job as the producer of a drop box may read it: `drop/APP/out/ID`, one JSON object.
package struct Answer: Equatable, Sendable {
    /// The id that the producer gave it, which is the name of its file in the box.
    package let id: JobID
    /// The word of the state that the job is in.
    package let state: String
    package let template: String?
    package let submitted: Timestamp?
    /// The last event of the history.
    package let event: Event?
    package let tags: [String]
    package let metadata: JSON.Object

    package init(
        _ id: JobID, in state: State, template: String?, submitted: Timestamp?, event: Event?, tags: [String],
        metadata: JSON.Object
    ) {
        self.id = id
        self.state = state.word
        self.template = template
        self.submitted = submitted
        self.event = event
        self.tags = tags
        self.metadata = metadata
    }

    /// Whether the job is at its end, and only the operator, or a report, changes anything.
    package var isFinal: Bool { isDone || state.utf8.elementsEqual("dead".utf8) }

    package var isDone: Bool { state.utf8.elementsEqual("done".utf8) }

    package var json: JSON {
        var object = JSON.Object([("id", .string(id.text)), ("state", .string(state))])
        object["template"] = template.map { .string($0) }
        object["submitted"] = submitted.map { .string($0.rfc3339) }
        // An event is written by itself, and so is JSON.
        object["event"] = event.flatMap { try? JSON(parsing: $0.line) }
        object["tags"] = EventJob.remark(.array(tags.map { .string($0) }), isEmpty: tags.isEmpty)
        object["metadata"] = EventJob.remark(.object(metadata), isEmpty: metadata.isEmpty)
        return .object(object)
    }

    /// Reads ``json``; nil for anything else.
    package init?(_ value: JSON) {
        guard let object = value.object, let id = object["id"]?.string.flatMap({ JobID($0) }),
            let state = object["state"]?.string
        else { return nil }
        (self.id, self.state) = (id, state)
        template = object["template"]?.string
        submitted = object["submitted"]?.string.flatMap { Timestamp(rfc3339: $0) }
        event = object["event"]?.object.flatMap { Event($0) }
        tags = (object["tags"]?.array ?? []).compactMap(\.string)
        metadata = object["metadata"]?.object ?? JSON.Object()
    }

    /// The most bytes that such a file has.
    package static let sizeLimit = 256 << 10

    /// Reads the file `name` of a box's `out/`; nil if it is gone, or not of the daemon's making.
    package init?(_ name: String, at out: borrowing Directory) throws(Errno) {
        guard let file = try allowing(.noEntry, out.open(name)) else { return nil }
        let status = try file.status()
        guard status.isRegular, status.size <= Answer.sizeLimit,
            let value = try? JSON(parsing: file.readAll(limit: Answer.sizeLimit, sizeHint: status.size))
        else { return nil }
        self.init(value)
    }
}

extension JobID {
    /// The id that the producer of a drop box gave a job of this one, and the box; nil for a job that came another way,
    /// or from a box of all users.
    package var inBox: (box: String, id: JobID)? {
        guard let box, let id = JobID(text.dropLast(box.utf8.count + 1)) else { return nil }
        return (box, id)
    }
}

extension SpoolTree {
    /// Calls `body` with a box's `out/`; nil where it has none, or one that others may write, or all may read: then
    /// nothing is written there.
    package func withAnswers<Result>(
        of box: String, _ body: (borrowing Directory) throws(SpoolError) -> Result
    ) throws(SpoolError) -> Result? {
        let path = "drop/\(box)/out"
        let opened = try step(.open, path) { () throws(Errno) -> Directory? in
            do throws(Errno) { return try drop.directory(box).directory("out") } catch {
                switch error {
                case .noEntry, .notDirectory, .loop: return nil
                default: throw error
                }
            }
        }
        guard let out = opened else { return nil }
        let status = try step(.read, path, out.status())
        guard status.owner == owner, status.permissions & 0o027 == 0 else { return nil }
        return try body(out)
    }

    /// Writes what became of a box's job for its producer, in the place of what was written before; false where the box
    /// has no `out/`.
    ///
    /// A file of mode 0640 in the group of `out/`, by one rename(2), and not synced: a start looks at it again.
    @discardableResult package func write(_ answer: Answer, in box: String) throws(SpoolError) -> Bool {
        let path = "drop/\(box)/out/\(answer.id)"
        return try withAnswers(of: box) { (out) throws(SpoolError) in
            let draft = ".\(JobID.random(characters: 20))"
            do throws(Errno) {
                let file = try out.create(draft, mode: 0o640)
                try file.write(all: answer.json.encoded + [0x0A])
                try out.replace(draft, into: out, as: answer.id.text)
            } catch {
                // Litter that the janitor clears, where even that fails.
                try? out.unlink(draft)
                throw SpoolError(.write, path, error)
            }
            return true
        } ?? false
    }
}
