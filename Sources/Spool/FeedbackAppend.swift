internal import JSON
internal import Linux

/// A job that a report is about, open to take its events.
package struct ToldJob: ~Copyable {
    package let id: JobID
    package let state: State
    package let contents: JobFile
    let status: FileStatus
    let file: Descriptor
}

/// The fate of the events of a report.
package enum Telling: Equatable {
    /// They are in the job's file, on disk, where the file was found.
    case appended
    /// The file was moved meanwhile: whether it has them is known at the next look.
    case moved
}

extension SpoolTree {
    /// The states in which a job gets what reports tell: nothing else writes there while the daemon runs.
    ///
    /// A job that waits or is claimed has one writer, the process that it belongs to; its reports wait.
    package static func takesReports(_ state: State) -> Bool {
        switch state {
        case .done, .dead, .hold: true
        case .new, .claimed, .retry, .scheduled: false
        }
    }

    /// Where a job is that a report may be about.
    package enum Whereabouts: ~Copyable {
        case told(ToldJob)
        /// It waits or is claimed.
        case busy
        /// There is none of that id, or no job under it.
        case none
    }

    /// Looks for a job by its id in all states and days; twice, since a worker may move it meanwhile.
    package func whereabouts(ofTold id: JobID) throws(SpoolError) -> Whereabouts {
        switch try look(forTold: id) {
        case .told(let job): return .told(job)
        case .busy: return .busy
        case .none: return try look(forTold: id)
        }
    }

    private func look(forTold id: JobID) throws(SpoolError) -> Whereabouts {
        for day in try days().reversed() { if let job = try open(told: id, in: .done(day: day)) { return .told(job) } }
        for state in [State.dead, .hold] { if let job = try open(told: id, in: state) { return .told(job) } }
        for state in State.waiting where try isThere(id, in: state) { return .busy }
        var claims = try step(.list, "cur", cur.entries())
        while let name = try step(.list, "cur", claims.next()) {
            if let text = name.text, JobID(text) != nil, try isThere(id, in: .claimed(instance: text)) { return .busy }
        }
        return .none
    }

    private func isThere(_ id: JobID, in state: State) throws(SpoolError) -> Bool {
        do throws(Errno) { return try root.contains("\(state.path)/\(id)") } catch {
            if error == .notDirectory { return false }
            throw SpoolError(.read, "\(state.path)/\(id)", error)
        }
    }

    /// Opens a job of a state that takes reports; nil where there is none, or what is there is not the daemon's own.
    private func open(told id: JobID, in state: State) throws(SpoolError) -> ToldJob? {
        guard SpoolTree.takesReports(state) else { return nil }
        let path = "\(state.path)/\(id)"
        let before: FileStatus
        do throws(Errno) { before = try root.status(path) } catch {
            if error == .noEntry || error == .notDirectory { return nil }
            throw SpoolError(.read, path, error)
        }
        guard before.isRegular, before.owner == owner else { return nil }
        guard let file = try step(.open, path, allowing(.noEntry, root.open(path, .append))) else { return nil }
        let status = try step(.read, path, file.status())
        guard status.isRegular, status.owner == owner else { return nil }
        do throws(JobFile.Fault) {
            let contents = try JobFile(reading: file, size: status.size, limit: status.size)
            return ToldJob(id: id, state: state, contents: contents, status: status, file: file)
        } catch {
            if case .disk(let errno) = error { throw SpoolError(.read, path, errno) }
            return nil
        }
    }

    /// Appends events to a job's file, in one write(2), synced.
    ///
    /// The mtime stays: by it `done/` is emptied, and digests tell what died. On error the file is as it was, or ends in
    /// a line that every reader ignores.
    package func append(_ events: [Event], to job: borrowing ToldJob) throws(SpoolError) -> Telling {
        let path = "\(job.state.path)/\(job.id)"
        var bytes: [UInt8] = job.contents.endsInNewline ? [] : [0x0A]
        for event in events { bytes += event.line }
        try step(.append, path) { () throws(Errno) in
            try job.file.write(all: bytes)
            try job.file.syncData()
            try job.file.setModified(nanoseconds: job.status.modified)
        }
        let there = try step(.read, path, allowing(.noEntry, root.status(path)))
        return there?.inode == job.status.inode ? .appended : .moved
    }
}
