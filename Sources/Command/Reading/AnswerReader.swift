internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

/// A drop box as its producer reads it: what the daemon tells there of the box's own jobs, and what lies in it still.
struct AnswerReader: ~Copyable {
    let path: String
    private let root: Directory
    private let out: Directory

    /// The box at `path`; nil where the path leads to anything else, such as a spool.
    init?(path: String) throws(Failure) {
        // What cannot be looked at is no box of this user's.
        guard let root = try? Directory(anchorAt: path),
            // A spool has claims, and a box has none.
            (try? root.contains("cur")) == false, (try? root.contains("new")) == true,
            (try? root.contains("tmp")) == true
        else { return nil }
        let opened: Directory?
        do throws(Errno) { opened = try allowing(.noEntry, root.directory("out")) } catch {
            throw Failure(SpoolError(.open, "\(path)/out", error))
        }
        guard let opened else {
            throw Failure(
                .unavailable,
                "\(printable(path)) has no out/, where the daemon would tell of its jobs; outspool dropbox add APP makes it"
                    + " for the box of a group")
        }
        self.path = path
        self.root = root
        out = opened
    }

    /// A job as the box shows it.
    enum Sight {
        case answer(Answer)
        /// It lies in the box still.
        case submitted
        case gone
    }

    /// Looks at one job. The daemon writes the answer before it takes the file out of the box: one of both is there.
    func look(at id: JobID) throws(Failure) -> Sight {
        do throws(Errno) {
            if let answer = try Answer(id.text, at: out) { return .answer(answer) }
            if try root.contains("new/\(id)") { return .submitted }
            if let answer = try Answer(id.text, at: out) { return .answer(answer) }
            return .gone
        } catch { throw Failure(SpoolError(.read, "\(path)/out/\(id)", error)) }
    }

    /// Calls `body` with each answer, in the order of the directory.
    func forEach(_ body: (Answer) throws(Failure) -> Void) throws(Failure) {
        var stream = try spoolStep(step(.list, "\(path)/out", out.entries()))
        while true {
            let name: DirectoryName?
            do throws(Errno) { name = try stream.next() } catch {
                throw Failure(SpoolError(.list, "\(path)/out", error))
            }
            guard let name else { return }
            guard !name.isHidden, let text = name.text else { continue }
            let answer: Answer?
            do throws(Errno) { answer = try Answer(text, at: out) } catch {
                throw Failure(SpoolError(.read, "\(path)/out/\(printable(text))", error))
            }
            if let answer { try body(answer) }
        }
    }
}

extension Answer {
    /// The state whose word it has.
    var place: State { JobFilter.example(of: state) ?? .new }

    /// The traits that a filter looks at.
    var traits: JobTraits {
        JobTraits(
            state: place, template: template, recipients: event?.to ?? [], tags: tags, submitted: submitted,
            last: event?.words)
    }

    /// Whether its job still may be sent.
    var isUnderWay: Bool {
        switch place {
        case .done, .dead, .hold: false
        default: true
        }
    }

    /// How `ls` marks its state.
    var style: Output.Style? {
        switch place {
        case .done: .green
        case .dead: .red
        case .hold: .yellow
        default: nil
        }
    }
}
