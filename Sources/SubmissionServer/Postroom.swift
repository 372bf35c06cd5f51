internal import Glibc
package import Linux
internal import Spool
package import Submission

/// The threads behind the sessions: they make jobs, write them and wait for the disk, and judge passwords.
///
/// Many threads wait for the disk at the same time, which makes one wait of theirs, and one sync of the directory serves
/// them all; of what comes beyond, each takes its share as a batch. The loop's thread gives work with
/// ``take(_:for:)``, is told by ``descriptor`` that some is done, and asks for it with ``finished()``.
package final class Postroom: Sendable {
    package enum Work: Sendable {
        case post(Posting)
        case login(user: String, password: String, LoginFile)
    }

    package enum Outcome: Sendable {
        case posted(Result<String, PostingRefusal>, messageID: String?, fault: String?)
        case login(Access?)
    }

    private struct State {
        var waiting: [(session: Int, work: Work)] = []
        var done: [(session: Int, outcome: Outcome)] = []
        var entrances: [String: Entrance] = [:]
        var isClosing = false
    }

    private let state = Monitor(State())
    private let templates: String?
    private let threads: Int
    private let bell: Descriptor
    /// Readable when something is done.
    package let descriptor: Descriptor

    /// - Parameter threads: how many there will be.
    package init(templates: String?, threads: Int) throws(Errno) {
        self.templates = templates
        self.threads = threads
        var ends: [Int32] = [0, 0]
        _ = try retrying { pipe(&ends) }
        for end in ends {
            _ = try retrying { fcntl(end, F_SETFD, FD_CLOEXEC) }
            _ = try retrying { fcntl(end, F_SETFL, O_NONBLOCK) }
        }
        descriptor = Descriptor(owning: ends[0])
        bell = Descriptor(owning: ends[1])
    }

    /// Lines up work; its outcome comes with the same number.
    package func take(_ work: Work, for session: Int) {
        state.withLock { $0.waiting.append((session, work)) }
        state.wakeOne()
    }

    /// The requests that have finished since the last call.
    package func finished() -> [(session: Int, outcome: Outcome)] {
        var sink = [UInt8](repeating: 0, count: 64)
        while Glibc.read(descriptor.raw, &sink, sink.count) > 0 {}
        return state.withLock { state in
            defer { state.done = [] }
            return state.done
        }
    }

    /// Has the threads end when all that waits is done.
    package func close() {
        state.withLock { $0.isClosing = true }
        state.wakeAll()
    }

    /// The work of each thread until ``close()``.
    package func work() {
        let maker = JobMaker(templates: templates)
        while true {
            var group: [(session: Int, work: Work)] = []
            state.wait { state in
                if state.waiting.isEmpty { return state.isClosing }
                // As many files wait for the disk at a time as there are threads, and its journal serves them together;
                // what is beyond is shared out.
                let share = (state.waiting.count + threads - 1) / threads
                group = Array(state.waiting.prefix(min(share, Entrance.groupSize)))
                state.waiting.removeFirst(group.count)
                return true
            }
            if group.isEmpty { return }
            let outcomes = perform(group, maker)
            state.withLock { $0.done += zip(group, outcomes).map { ($0.session, $1) } }
            // A full pipe says enough.
            var byte: UInt8 = 1
            _ = Glibc.write(bell.raw, &byte, 1)
        }
    }

    private func perform(_ group: [(session: Int, work: Work)], _ maker: JobMaker) -> [Outcome] {
        var outcomes = [Outcome](repeating: .login(nil), count: group.count)
        var batches: [String: [(index: Int, job: JobMaker.MadeJob)]] = [:]
        for (index, member) in group.enumerated() {
            switch member.work {
            case .login(let user, let password, let file): outcomes[index] = .login(file.access(user, password))
            case .post(let posting):
                do throws(PostingRefusal) {
                    batches[posting.access.box, default: []].append((index, try maker.job(of: posting)))
                } catch { outcomes[index] = .posted(.failure(error), messageID: nil, fault: nil) }
            }
        }
        for (box, jobs) in batches {
            for (job, result) in zip(jobs, submit(jobs.map(\.job), to: box)) { outcomes[job.index] = result }
        }
        return outcomes
    }

    /// Submits jobs to one box; each outcome in its place.
    private func submit(_ jobs: [JobMaker.MadeJob], to box: String) -> [Outcome] {
        do throws(SpoolError) {
            let entrance = try entrance(box)
            let results = entrance.submit(batch: jobs.map { ($0.object, $0.id) })
            return zip(jobs, results).map { job, result in
                switch result {
                case .success: return queued(job, box)
                case .failure(let error):
                    if error.step == .publish, error.errno == .exists { return settle(job, entrance, box) }
                    // The directory may have been made anew.
                    state.withLock { $0.entrances[box] = nil }
                    return failed(error)
                }
            }
        } catch { return jobs.map { _ in failed(error) } }
    }

    /// The id is taken in the box: by the same job, which a client sends once more, or by another one.
    private func settle(_ job: JobMaker.MadeJob, _ entrance: Entrance, _ box: String) -> Outcome {
        do throws(SpoolError) {
            if case .other = try entrance.waitingNamesake(of: job.id, job.object) {
                return .posted(.failure(.taken(job.id)), messageID: job.messageID, fault: nil)
            }
            return queued(job, box)
        } catch { return failed(error) }
    }

    private func queued(_ job: JobMaker.MadeJob, _ box: String) -> Outcome {
        let mark = Access(box: box).mark(user: Process.effectiveUser)
        return .posted(.success(job.id.text + mark), messageID: job.messageID, fault: nil)
    }

    private func failed(_ error: SpoolError) -> Outcome {
        .posted(.failure(PostingRefusal(error)), messageID: nil, fault: "\(error)")
    }

    private func entrance(_ box: String) throws(SpoolError) -> Entrance {
        if let known = state.withLock({ $0.entrances[box] }) { return known }
        let opened = try Entrance(path: box)
        state.withLock { $0.entrances[box] = opened }
        return opened
    }
}
