internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// Goes through what producers of drop boxes may read: what has had its time is removed, and what says another state than
/// the job's is written anew, since the operator moves jobs without a word, and a crash comes before the word.
final class AnswerSweep {
    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    private let outcomes: Outcomes
    private var reading: DirectoryReading?

    init(spool: SpoolTree, loop: EventLoop, log: Log, outcomes: Outcomes) {
        self.spool = spool
        self.loop = loop
        self.log = log
        self.outcomes = outcomes
    }

    /// Begins a round, unless one is under way. `retention` is how long an answer stays once it is the last one; nil
    /// where ages cannot be told.
    func begin(_ boxes: [DropBox], retention: Span?, now: Timestamp) {
        if reading == nil { sweep(boxes[...], retention, now) }
    }

    private func sweep(_ boxes: ArraySlice<DropBox>, _ retention: Span?, _ now: Timestamp) {
        guard let box = boxes.first?.name else { return }
        func next() { sweep(boxes.dropFirst(), retention, now) }
        do throws(SpoolError) {
            let isThere: Void? = try spool.withAnswers(of: box) { (out) throws(SpoolError) in
                reading = try DirectoryReading(
                    out, path: "drop/\(box)/out", loop: loop, showsHidden: true,
                    each: { [unowned self] in look(at: $0, of: box, retention, now) },
                    finish: { [unowned self] error in
                        reading = nil
                        if let error { log.write("\(error)", .warning) }
                        next()
                    })
            }
            if isThere == nil { next() }
        } catch {
            log.write("\(error)", .warning)
            next()
        }
    }

    private func look(at name: DirectoryName, of box: String, _ retention: Span?, _ now: Timestamp) {
        guard let text = name.text else { return }
        let path = "drop/\(box)/out/\(name.printable)"
        do throws(SpoolError) {
            _ = try spool.withAnswers(of: box) { (out) throws(SpoolError) in
                let status = try step(.read, path, allowing(.noEntry, out.status(text)))
                guard let status, status.isRegular else { return }
                let age = now - Timestamp(nanoseconds: status.modified)
                if name.isHidden {
                    if retention != nil, age > Janitor.draftAge { try step(.remove, path, out.unlink(text)) }
                    return
                }
                let answer = try step(.read, path, Answer(text, at: out))
                if answer?.isFinal ?? true, let retention, age >= retention {
                    try step(.remove, path, allowing(.noEntry, out.unlink(text)))
                } else if let answer, !answer.isDone, let job = answer.id.from(dropBox: box) {
                    outcomes.refresh(job, keepsLost: answer.isFinal)
                }
            }
        } catch { log.write("\(error)", .warning) }
    }
}
